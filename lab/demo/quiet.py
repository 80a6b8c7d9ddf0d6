"""Whether the pipeline is quiet, and the next instant at which it has work.

The checks follow the flow of events: ingest, scheduler, notifier, and back. A stage is checked
after all stages before it were quiet, so no event in transit is missed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.ingest.store import activity as ingest
from services.ingest.store import tables as ingest_tables
from services.notifier.store import activity as notifier
from services.notifier.store import tables as notifier_tables
from services.scheduler.store import activity as scheduler
from services.scheduler.store import tables as scheduler_tables
from shared.errors import CuibanError
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.positions import load_reached
from shared.kafka.broker.provisioning import list_partitions
from shared.kafka.broker.records import Partition
from shared.schemas.topics import (
    DELIVERIES,
    DIRECTORY,
    RECEIPTS,
    REMINDERS,
    RULES,
    TASKS,
    Topic,
)
from shared.settings import Settings

_PAUSE = 0.02  # seconds between two checks

QuietCheck = Callable[[AsyncConnection, datetime], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class ServiceReads:
    """Topics that a service reads, and the table of its positions in them."""

    positions: Table
    topics: tuple[Topic, ...]


async def _is_ingest_quiet(db: AsyncConnection, _: datetime) -> bool:
    return await ingest.is_quiet(db)


_INGEST, _SCHEDULER, _NOTIFIER = (
    ingest_tables.POSITIONS,
    scheduler_tables.POSITIONS,
    notifier_tables.POSITIONS,
)
_STAGES: tuple[tuple[str, QuietCheck, tuple[ServiceReads, ...]], ...] = (
    (
        "ingest",
        _is_ingest_quiet,
        (
            ServiceReads(_SCHEDULER, (TASKS, RULES)),
            ServiceReads(_NOTIFIER, (DIRECTORY, RULES, RECEIPTS)),
        ),
    ),
    (
        "scheduler",
        scheduler.is_quiet,
        (ServiceReads(_NOTIFIER, (REMINDERS,)), ServiceReads(_INGEST, (REMINDERS,))),
    ),
    (
        "notifier",
        notifier.is_quiet,
        (ServiceReads(_SCHEDULER, (DELIVERIES,)), ServiceReads(_INGEST, (DELIVERIES,))),
    ),
)
"""Each stage with its check and with the readers of its events."""


class PipelineWatcher:
    """Checks the tables and topics of a running system."""

    def __init__(self, settings: Settings, engine: AsyncEngine) -> None:
        self._settings = settings
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reader = LogReader(settings)
        self._partitions: dict[Topic, Sequence[Partition]] = {}

    async def close(self) -> None:
        """Close the connection to the broker."""
        await self._reader.close()

    async def wait_until_quiet(self, now: datetime, within: float) -> None:
        """Return once no work is under way and none is due at `now`.

        Raises:
            CuibanError: it was not quiet `within` seconds; the message says what is under way.
        """
        busy = "nothing was seen"
        try:
            async with asyncio.timeout(within):
                for name, is_quiet, reads in _STAGES:
                    while busy := await self._describe_work(name, is_quiet, reads, now):  # noqa: ASYNC110 - tables can only be polled
                        await asyncio.sleep(_PAUSE)
        except TimeoutError as error:
            raise CuibanError(
                f"The pipeline is not quiet after {within:.0f} s: {busy}.",
                "See the services' logs; `cuiban status` tells where they are.",
            ) from error

    async def _describe_work(
        self, name: str, is_quiet: QuietCheck, reads: tuple[ServiceReads, ...], now: datetime
    ) -> str:
        """What a stage or the readers of its events still have to do; empty when nothing."""
        try:
            async with self._engine.connect() as db:
                if not await is_quiet(db, now):
                    return f"{name} has work"
            for reader in reads:
                if late := await self._describe_lag(reader):
                    return late
        except (SQLAlchemyError, OSError) as error:
            return f"{type(error).__name__}: {error}"[:200]
        return ""

    async def _describe_lag(self, reads: ServiceReads) -> str:
        """The first partition that is not applied to its end; empty when there is none."""
        for topic in reads.topics:
            if topic not in self._partitions:
                self._partitions[topic] = await list_partitions(self._settings, (topic,))
            ends = await self._reader.list_ends(self._partitions[topic])
            async with self._engine.connect() as db:
                reached = await load_reached(db, reads.positions)
            for at, end in ends.items():
                if reached.get(at, 0) < end:
                    return f"{reads.positions.schema} has read {reached.get(at, 0)} of {end}: {at}"
        return ""

    async def find_next_instant(self, now: datetime) -> datetime | None:
        """The next instant after `now` at which a timer fires or a notification may be sent."""
        async with self._engine.connect() as db:
            fires_at = await scheduler.find_next_instant(db, now)
            sends_at = await notifier.find_next_instant(db, now)
        return min(filter(None, (fires_at, sends_at)), default=None)

    async def find_next_sending(self, now: datetime) -> datetime | None:
        """The next instant after `now` at which a notification may be sent."""
        async with self._engine.connect() as db:
            return await notifier.find_next_instant(db, now)
