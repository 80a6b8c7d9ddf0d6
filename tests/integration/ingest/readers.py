"""Readers of files that misbehave, for the process that reads."""

import os
import time
from pathlib import Path

from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.reading import read_plan

PIECE = 2**20
MOST = 400


def hang(_: str, data: bytes) -> ParsedPlan:
    """Writes its process id where the file says, and never ends."""
    Path(data.decode()).write_text(str(os.getpid()), "ascii")
    while True:
        time.sleep(60)


def take(_: str, data: bytes) -> ParsedPlan:
    """Takes 400 MB before it reads the file."""
    taken = [bytes(b"x" * PIECE) for _ in range(MOST)]
    assert len(taken) == MOST
    return read_plan("a.txt", data)


def crash(_: str, __: bytes) -> ParsedPlan:
    """Ends as a fault in a C library does."""
    os.abort()


def surroundings(_: str, __: bytes) -> list[str]:
    """What it can see of the service: environment and open files."""
    files = Path("/proc/self/fd")
    links = [str(each.readlink()) for each in files.iterdir() if each.exists()]
    return [*os.environ, *links]
