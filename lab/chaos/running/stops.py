"""Stops: those that a fault must cause, and the operator who sees them and lets things go on."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared import clock
from shared.consuming.stops import LOG_GAP

SEEN_WITHIN, RESUMED_WITHIN = 180.0, 900.0
_LOOK = 0.5
_WHY = "chaos: what the fault took is told again"
_EVER = "2000-01-01T00:00:00+00:00"
"""Before everything that an outbox keeps."""
_STREAMS = """
SELECT DISTINCT reason FROM (
    SELECT stopped_for AS reason, topic FROM {schema}.positions
    UNION ALL SELECT stopped_for, topic FROM {schema}.relayed
) AS every WHERE reason IS NOT NULL AND topic LIKE :topic
"""
_SERVICES = ("ingest", "scheduler", "notifier")


@dataclass(slots=True)
class Stop:
    """A stop that a fault must cause: by whom it is wanted, and in which words it was seen."""

    fault: str
    seen: str = ""


@dataclass
class Operator:
    """Who is paged: looks what has stopped, and types what the message says."""

    engine: AsyncEngine
    state: Path
    say: Callable[[str], None]
    stops: list[Stop] = field(default_factory=list)

    async def await_stop(self, fault: str, topic: str = "%") -> Stop:
        """Wait until a stream of a topic (a pattern) has stopped; it must, because of a fault."""
        stop = Stop(fault)
        self.stops.append(stop)
        until = clock.monotonic() + SEEN_WITHIN
        while not stop.seen and clock.monotonic() < until:
            stop.seen = ", ".join(sorted(await self._stopped(topic) or ()))
            await asyncio.sleep(_LOOK)
        self.say(f"{fault}: stopped ({stop.seen or 'no stop was seen'})")
        return stop

    async def await_row(self, fault: str, query: str) -> Stop:
        """Wait until a query finds a row with the word of a stop that a fault must cause."""
        stop = Stop(fault)
        self.stops.append(stop)
        until = clock.monotonic() + SEEN_WITHIN
        while not stop.seen and clock.monotonic() < until:
            stop.seen = await self._first(query)
            await asyncio.sleep(_LOOK)
        self.say(f"{fault}: stopped ({stop.seen or 'no stop was seen'})")
        return stop

    async def await_gone(self, query: str, within: float = RESUMED_WITHIN) -> bool:
        """Wait until a query finds nothing any more, for some seconds; whether it came to that."""
        until = clock.monotonic() + within
        while clock.monotonic() < until:
            if not await self._first(query):
                return True
            await asyncio.sleep(_LOOK)
        return False

    async def resume_streams(self) -> None:
        """Let everything that has stopped go on, until nothing is stopped any more.

        The relay tells again what the log lost, and everything when only a consumer saw that it
        lost something. Then consumers read what there is from its start; what they know already
        changes nothing.
        """
        until = clock.monotonic() + RESUMED_WITHIN
        while clock.monotonic() < until:
            gap = LOG_GAP in (await self._stopped("%") or ())
            again = ["--since", _EVER] if gap else ["--lost"]
            for service in _SERVICES if gap else await self._relays():
                await self.type("ops", "replay-outbox", service, *again, "--reason", _WHY)
            await self.type("ops", "resume", "--all", "--from", "earliest", "--reason", _WHY)
            if await self._stopped("%") == set():
                return
            await asyncio.sleep(_LOOK)
        self.say("something is still stopped, whatever the operator types")

    async def pages(self) -> str:
        """Why streams and relays are stopped now; empty when none is."""
        return ", ".join(sorted(await self._stopped("%") or ()))

    async def _relays(self) -> list[str]:
        """The services whose relay has stopped."""
        query = "SELECT '{0}' FROM {0}.relayed WHERE stopped_for IS NOT NULL LIMIT 1"
        found = [await self._first(query.format(service)) for service in _SERVICES]
        return [service for service in found if service]

    async def type(self, *words: str) -> int:
        """Run a command of `cuiban` as the operator would; its status."""
        command = [sys.executable, "-m", "deploy.command", *words, "--state", str(self.state)]
        child = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
        told, wrong = await child.communicate()
        status = child.returncode or 0
        if status not in {0, 1}:
            said = (told + wrong).decode(errors="replace").strip()[-300:]
            self.say(f"`cuiban {' '.join(words[:3])}` ended with status {status}: {said}")
        return status

    async def _stopped(self, topic: str) -> set[str] | None:
        """Why streams of a topic (a pattern) are stopped; None when the database is away."""
        found: set[str] = set()
        try:
            async with self.engine.connect() as db:
                for schema in _SERVICES:
                    query = text(_STREAMS.format(schema=schema))
                    found |= set((await db.execute(query, {"topic": topic})).scalars())
        except (SQLAlchemyError, OSError, TimeoutError):
            return None
        return found

    async def _first(self, query: str) -> str:
        try:
            async with self.engine.connect() as db:
                found = (await db.execute(text(query))).scalar()
        except (SQLAlchemyError, OSError, TimeoutError):
            return ""
        return "" if found is None else str(found)
