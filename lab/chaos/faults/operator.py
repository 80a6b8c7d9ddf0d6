"""Stops that faults must cause, and the operator who sees them and resumes.

It reads the services' tables by SQL on purpose: it checks from outside what they record.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from lab.chaos.oracle.running_verdict import RequiredStop
from shared import clock
from shared.kafka.consuming.stop_reasons import LOG_GAP

SEEN_WITHIN, RESUMED_WITHIN = 180.0, 900.0
_PAUSE = 0.5
_REASON = "chaos: what the fault removed is sent again"
_LONG_AGO = "2000-01-01T00:00:00+00:00"
"""Earlier than any record of an outbox."""
_STREAMS = """
SELECT DISTINCT reason FROM (
    SELECT stopped_for AS reason, topic FROM {schema}.positions
    UNION ALL SELECT stopped_for, topic FROM {schema}.relayed
) AS every WHERE reason IS NOT NULL AND topic LIKE :topic
"""
_SERVICES = ("ingest", "scheduler", "notifier")


@dataclass
class Operator:
    """The operator: checks what is stopped, and runs the commands that the message names."""

    engine: AsyncEngine
    state: Path
    say: Callable[[str], None]
    stops: list[RequiredStop] = field(default_factory=list)

    async def await_stop(self, fault: str, topic: str = "%") -> RequiredStop:
        """Wait until a stream of a topic (an SQL pattern) is stopped, as the fault requires."""
        stop = RequiredStop(fault)
        self.stops.append(stop)
        until = clock.monotonic() + SEEN_WITHIN
        while not stop.seen and clock.monotonic() < until:
            stop.seen = ", ".join(sorted(await self._fetch_reasons(topic) or ()))
            await asyncio.sleep(_PAUSE)
        self.say(f"{fault}: stopped ({stop.seen or 'no stop was seen'})")
        return stop

    async def await_row(self, fault: str, query: str) -> RequiredStop:
        """Wait until a query returns a row, as the fault requires; its value is the reason."""
        stop = RequiredStop(fault)
        self.stops.append(stop)
        until = clock.monotonic() + SEEN_WITHIN
        while not stop.seen and clock.monotonic() < until:
            stop.seen = await self._fetch_first(query) or ""
            await asyncio.sleep(_PAUSE)
        self.say(f"{fault}: stopped ({stop.seen or 'no stop was seen'})")
        return stop

    async def await_gone(self, query: str, within: float = RESUMED_WITHIN) -> bool:
        """Wait until a query returns no row, at most `within` seconds; returns whether it did."""
        until = clock.monotonic() + within
        while clock.monotonic() < until:
            if await self._fetch_first(query) == "":
                return True
            await asyncio.sleep(_PAUSE)
        return False

    async def resume_streams(self) -> None:
        """Resume every stopped stream and relay until none is stopped.

        A relay sends again what the log lost; when only a consumer has noticed a loss, everything
        is sent again. Consumers then read from the start; records that they know change nothing.
        """
        until = clock.monotonic() + RESUMED_WITHIN
        while clock.monotonic() < until:
            gap = LOG_GAP in (await self._fetch_reasons("%") or ())
            again = ["--since", _LONG_AGO] if gap else ["--lost"]
            for service in _SERVICES if gap else await self._list_stopped_relays():
                await self.run_command("ops", "replay-outbox", service, *again, "--reason", _REASON)
            await self.run_command(
                "ops", "resume", "--all", "--from", "earliest", "--reason", _REASON
            )
            if await self._fetch_reasons("%") == set():
                return
            await asyncio.sleep(_PAUSE)
        self.say("something is still stopped after all commands of the operator")

    async def describe_stops(self) -> str:
        """The reasons for which streams and relays are stopped; empty when none is."""
        return ", ".join(sorted(await self._fetch_reasons("%") or ()))

    async def _list_stopped_relays(self) -> list[str]:
        """The services whose relay is stopped."""
        query = "SELECT '{0}' FROM {0}.relayed WHERE stopped_for IS NOT NULL LIMIT 1"
        services = [await self._fetch_first(query.format(service)) for service in _SERVICES]
        return [service for service in services if service]

    async def run_command(self, *words: str) -> int:
        """Run a command of `cuiban` as the operator would; returns its exit status."""
        command = [sys.executable, "-m", "deploy.command", *words, "--state", str(self.state)]
        child = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
        output, errors = await child.communicate()
        status = child.returncode or 0
        if status not in {0, 1}:
            text_output = (output + errors).decode(errors="replace").strip()[-300:]
            self.say(f"`cuiban {' '.join(words[:3])}` ended with status {status}: {text_output}")
        return status

    async def _fetch_reasons(self, topic: str) -> set[str] | None:
        """The reasons of a topic's stops (an SQL pattern); None when the database is away."""
        reasons: set[str] = set()
        try:
            async with self.engine.connect() as db:
                for schema in _SERVICES:
                    query = text(_STREAMS.format(schema=schema))
                    reasons |= set((await db.execute(query, {"topic": topic})).scalars())
        except (SQLAlchemyError, OSError, TimeoutError):
            return None
        return reasons

    async def _fetch_first(self, query: str) -> str | None:
        """A query's first value; empty without a row, None when the database is away."""
        try:
            async with self.engine.connect() as db:
                value = (await db.execute(text(query))).scalar()
        except (SQLAlchemyError, OSError, TimeoutError):
            return None
        return "" if value is None else str(value)
