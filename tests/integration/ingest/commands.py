"""The command as a client of a test's API, over HTTP."""

import asyncio
import io
import json
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.command import run
from services.ingest.handlers.office.bootstrap import issue_token
from shared.process.serving import serve
from tests.integration.ingest.conftest import NOW, SCOPES

_LOGGED = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[.*\n", re.MULTILINE)
"""The lines that the served API logs beside what the command prints."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer."""
        return json.loads(self.out)


class Command:
    """Runs the command in a thread, in English."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    async def __call__(self, *arguments: str, stdin: str = "") -> Ended:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capsys.readouterr()
        status = await asyncio.to_thread(run, ["--lang", "en", *arguments])
        printed = self._capsys.readouterr()
        return Ended(status, _LOGGED.sub("", printed.out), printed.err)


@asynccontextmanager
async def serve_command(
    api: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> AsyncIterator[Command]:
    """Serve the API during the block, for commands that name it and its database."""
    async with api.engine.begin() as db:
        token = await issue_token(db, api.office_id, "command", SCOPES, now=NOW)
    sock = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("CUIBAN_API", f"http://127.0.0.1:{sock.getsockname()[1]}")
    monkeypatch.setenv("CUIBAN_TOKEN", token)
    monkeypatch.setenv("CUIBAN_DATABASE_URL", api.settings.database_url.get_secret_value())
    serving = asyncio.create_task(serve(api.transport.app, sock, ""))
    try:
        yield Command(monkeypatch, capsys)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        sock.close()
