"""File readers that misbehave, for the reading process."""

import os
import time
from pathlib import Path

from services.ingest.extraction.plans.reading import read_plan_with_source
from services.ingest.extraction.source import PlanReading

PIECE = 2**20
MOST = 400


def hang(_: str, content: bytes) -> PlanReading:
    """Writes its process id where the file says, and never ends."""
    Path(content.decode()).write_text(str(os.getpid()), "ascii")
    while True:
        time.sleep(60)


def take(_: str, content: bytes) -> PlanReading:
    """Takes 400 MB before it reads the file."""
    taken = [bytes(b"x" * PIECE) for _ in range(MOST)]
    assert len(taken) == MOST
    return read_plan_with_source("a.txt", content)


def crash(_: str, __: bytes) -> PlanReading:
    """Ends as a fault in a C library does."""
    os.abort()


def list_surroundings(_: str, __: bytes) -> list[str]:
    """The environment and open files that it can see."""
    files = Path("/proc/self/fd")
    links = [str(each.readlink()) for each in files.iterdir() if each.exists()]
    return [*os.environ, *links]
