"""Stops that faults must cause, and the operator who sees them and resumes.

It asks what `cuiban ops` asks: positions, relays, and what the scheduler says of itself.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from deploy.ops.streams import load_all_positions
from lab.chaos.oracle.running_verdict import RequiredStop
from shared import clock
from shared.kafka.consuming.stop_reasons import LOG_GAP
from shared.kafka.outbox.backlog import list_stopped

SEEN_WITHIN, RESUMED_WITHIN = 180.0, 900.0
_PAUSE = 0.5
_REASON = "chaos: what the fault removed is sent again"
_LONG_AGO = "2000-01-01T00:00:00+00:00"
"""Earlier than any record of an outbox."""
_SERVICES = ("ingest", "scheduler", "notifier")

Question = Callable[[AsyncConnection], Awaitable[bool]]
"""Asks a service whether something is stopped."""


@dataclass
class Operator:
    """The operator: checks what is stopped, and runs the commands that the message names."""

    engine: AsyncEngine
    state: Path
    say: Callable[[str], None]
    stops: list[RequiredStop] = field(default_factory=list)

    async def await_stop(self, fault: str, topic: str) -> RequiredStop:
        """Wait until a stream of a topic is stopped, as the fault requires.

        `topic` is the end of its name: a prefix of the installation may come before it.
        """
        stop = RequiredStop(fault)
        self.stops.append(stop)
        until = clock.monotonic() + SEEN_WITHIN
        while not stop.seen and clock.monotonic() < until:
            stop.seen = ", ".join(sorted(await self._fetch_reasons(topic) or ()))
            await asyncio.sleep(_PAUSE)
        self.say(f"{fault}: stopped ({stop.seen or 'no stop was seen'})")
        return stop

    async def await_true(self, fault: str, reason: str, question: Question) -> RequiredStop:
        """Wait until a service says that something is stopped, as the fault requires."""
        stop = RequiredStop(fault)
        self.stops.append(stop)
        until = clock.monotonic() + SEEN_WITHIN
        while not stop.seen and clock.monotonic() < until:
            stop.seen = reason if await self._ask(question) else ""
            await asyncio.sleep(_PAUSE)
        self.say(f"{fault}: stopped ({stop.seen or 'no stop was seen'})")
        return stop

    async def await_false(self, question: Question, within: float = RESUMED_WITHIN) -> bool:
        """Wait at most `within` seconds until nothing is stopped any more; whether it is so."""
        until = clock.monotonic() + within
        while clock.monotonic() < until:
            if await self._ask(question) is False:
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
            gap = LOG_GAP in (await self._fetch_reasons() or ())
            again = ["--since", _LONG_AGO] if gap else ["--lost"]
            for service in _SERVICES if gap else await self._list_stopped_relays():
                await self.run_command("ops", "replay-outbox", service, *again, "--reason", _REASON)
            await self.run_command(
                "ops", "resume", "--all", "--from", "earliest", "--reason", _REASON
            )
            if await self._fetch_reasons() == set():
                return
            await asyncio.sleep(_PAUSE)
        self.say("something is still stopped after all commands of the operator")

    async def describe_stops(self) -> str:
        """The reasons for which streams and relays are stopped; empty when none is."""
        return ", ".join(sorted(await self._fetch_reasons() or ()))

    async def _list_stopped_relays(self) -> list[str]:
        """The services whose relay is stopped."""

        def ask(service: str) -> Question:
            async def is_stopped(db: AsyncConnection) -> bool:
                return bool(await list_stopped(db, service))

            return is_stopped

        return [service for service in _SERVICES if await self._ask(ask(service))]

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

    async def _fetch_reasons(self, topic: str = "") -> set[str] | None:
        """Why streams and relays are stopped, of topics whose names end so; None if unknown."""
        try:
            async with self.engine.connect() as db:
                stops = [
                    (at.topic, position.stopped_for)
                    for _, _, at, position in await load_all_positions(db)
                ]
                for service in _SERVICES:
                    stops += [(stop.topic, stop.reason) for stop in await list_stopped(db, service)]
        except (SQLAlchemyError, OSError, TimeoutError):
            return None
        return {reason for name, reason in stops if reason and name.endswith(topic)}

    async def _ask(self, question: Question) -> bool | None:
        """The answer; None when the database is away."""
        try:
            async with self.engine.connect() as db:
                return await question(db)
        except (SQLAlchemyError, OSError, TimeoutError):
            return None
