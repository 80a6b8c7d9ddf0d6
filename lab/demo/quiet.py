"""When the pipeline is quiet, and what it waits for next: seen from outside, in its tables.

The order of the looks follows the flow of events (ingest, scheduler, notifier, and back). Each
stage is looked at after all that feed it were seen to be quiet, so nothing slips past.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.ingest.store import activity as ingest
from services.notifier.store import activity as notifier
from services.scheduler.store import activity as scheduler
from shared.broker.positions import Partition
from shared.broker.provisioning import partitions_of
from shared.broker.reading import Reader
from shared.errors import CuibanError
from shared.schemas.topics import DELIVERIES, DIRECTORY, REMINDERS, RULES, TASKS, Topic
from shared.settings import Settings

_LOOK = 0.02

Quiet = Callable[[AsyncConnection, datetime], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Reads:
    """What a service reads: the schema its positions are in, and the topics."""

    schema: str
    topics: tuple[Topic, ...]


async def _ingest_is_quiet(db: AsyncConnection, _: datetime) -> bool:
    return await ingest.is_quiet(db)


_STAGES: tuple[tuple[str, Quiet, tuple[Reads, ...]], ...] = (
    (
        "ingest",
        _ingest_is_quiet,
        (Reads("scheduler", (TASKS, RULES)), Reads("notifier", (DIRECTORY,))),
    ),
    (
        "scheduler",
        scheduler.is_quiet,
        (Reads("notifier", (REMINDERS,)), Reads("ingest", (REMINDERS,))),
    ),
    (
        "notifier",
        notifier.is_quiet,
        (Reads("scheduler", (DELIVERIES,)), Reads("ingest", (DELIVERIES,))),
    ),
)


class Onlooker:
    """Looks at a running system's tables and topics."""

    def __init__(self, settings: Settings, engine: AsyncEngine) -> None:
        self._settings = settings
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reader = Reader(settings)
        self._partitions: dict[Topic, Sequence[Partition]] = {}

    async def close(self) -> None:
        """Close the connection to the broker."""
        await self._reader.close()

    async def quiet(self, now: datetime, within: float) -> None:
        """Return once nothing is under way or due at `now`.

        Raises:
            CuibanError: it was not quiet `within` seconds; says what is still under way.
        """
        busy = "nothing was seen"
        try:
            async with asyncio.timeout(within):
                for name, is_quiet, reads in _STAGES:
                    while busy := await self._busy(name, is_quiet, reads, now):  # noqa: ASYNC110 - looks from outside
                        await asyncio.sleep(_LOOK)
        except TimeoutError as error:
            raise CuibanError(
                f"The pipeline is not quiet after {within:.0f} s: {busy}.",
                "See the services' logs; `cuiban status` tells where they are.",
            ) from error

    async def _busy(
        self, name: str, is_quiet: Quiet, reads: tuple[Reads, ...], now: datetime
    ) -> str:
        try:
            async with self._engine.connect() as db:
                if not await is_quiet(db, now):
                    return f"{name} has work"
            for reader in reads:
                if late := await self._behind(reader):
                    return late
        except (SQLAlchemyError, OSError) as error:
            return f"{type(error).__name__}: {error}"[:200]
        return ""

    async def _behind(self, reads: Reads) -> str:
        """Empty when every partition of the topics is applied to its end."""
        for topic in reads.topics:
            if topic not in self._partitions:
                self._partitions[topic] = await partitions_of(self._settings, (topic,))
            ends = await self._reader.ends(self._partitions[topic])
            async with self._engine.connect() as db:
                rows = await db.execute(
                    text(
                        "SELECT topic, partition, min(next_offset) AS reached "  # noqa: S608 - our own schemas
                        f"FROM {reads.schema}.positions GROUP BY topic, partition"
                    )
                )
                reached = {Partition(row.topic, row.partition): row.reached for row in rows}
            for at, end in ends.items():
                if reached.get(at, 0) < end:
                    return f"{reads.schema} has read {reached.get(at, 0)} of {end} in {at}"
        return ""

    async def next_instant(self, now: datetime) -> datetime | None:
        """The next instant after `now` at which a timer fires or a deferred notification goes."""
        async with self._engine.connect() as db:
            timer = await scheduler.next_instant(db, now)
            notification = await notifier.next_instant(db, now)
        return min(filter(None, (timer, notification)), default=None)
