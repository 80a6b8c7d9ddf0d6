"""What a bench stands on: engines of its own, and a fresh world for each measurement."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lab.bench.watching import Count
from lab.stack.testing import Engines, engines
from shared.broker.log_reader import LogReader
from shared.broker.provisioning import create_topics, list_partitions
from shared.broker.records import Partition
from shared.clock import SteppedClock
from shared.database.engine import create_engine
from shared.database.migrating import migrate
from shared.schemas.topics import Topic
from shared.settings import Settings

ITEMS = 46
"""Obligations of a unit: as many as the measures of the real table of 盐亭县 2023."""
_NUMBERS = count(1)


@dataclass(frozen=True)
class Run:
    """How a run measures, and whether its benches share engines.

    Attributes:
        quick: seconds for each bench, at sizes that prove only that it runs.
        digests: how many are due in the whole slot.
        say: tells a person what is being done.
    """

    quick: bool
    digests: int
    say: Callable[[str], None]
    shared: Engines | None = None

    @property
    def units(self) -> tuple[int, ...]:
        """The sizes at which a path is measured, as units of 46 items each: 10⁴, 10⁵, 10⁶."""
        return (20, 60) if self.quick else (217, 2_174, 21_739)

    @contextmanager
    def sharing(self) -> Iterator["Run"]:
        """The same run with engines that its benches share, until the block is left."""
        with self.ground() as ground:
            yield replace(self, shared=ground.engines)

    @contextmanager
    def ground(self) -> Iterator["Ground"]:
        """Engines with their data in a temporary directory, until the block is left."""
        with tempfile.TemporaryDirectory(prefix="cuiban-bench-") as scratch:
            state = Path(scratch)
            alone = nullcontext(self.shared) if self.shared else engines(state, say=self.say)
            with alone as running:
                yield Ground(running, state)


@dataclass
class World:
    """A fresh database and fresh topics, and a clock that the bench moves."""

    engines: Engines
    state: Path
    settings: Settings
    clock: SteppedClock
    database: AsyncEngine
    reader: LogReader

    async def execute(self, statement: str, **values: object) -> None:
        """Run one statement, outside of a transaction, since VACUUM needs that."""
        async with self._alone() as db:
            await db.execute(text(statement), values)

    async def number(self, query: str) -> float:
        """The number that a query gives; 0 for none."""
        async with self._alone() as db:
            return float((await db.execute(text(query))).scalar() or 0)

    def told_of(self, topic: Topic) -> Count:
        """Counts the records of a topic."""
        partitions: list[Partition] = []

        async def count() -> float:
            partitions.extend(() if partitions else await list_partitions(self.settings, [topic]))
            return float(sum((await self.reader.list_ends(partitions)).values()))

        return count

    def applied_by(self, consumer: str) -> Count:
        """Counts the records that a consumer has applied, watermarks among them."""
        schema = consumer.partition("-")[0]
        query = f"SELECT sum(next_offset) FROM {schema}.positions WHERE consumer = '{consumer}'"  # noqa: S608 - our own names
        return lambda: self.number(query)

    def events_applied_by(self, consumer: str) -> Count:
        """Counts the events that a consumer has applied, of a topic that has watermarks."""
        schema = consumer.partition("-")[0]
        query = f"SELECT count(*) FROM {schema}.inbox WHERE consumer = '{consumer}'"  # noqa: S608 - our own names
        return lambda: self.number(query)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[AsyncConnection]:
        async with self.database.connect() as db:
            yield await db.execution_options(isolation_level="AUTOCOMMIT")


@dataclass(frozen=True)
class Ground:
    """A broker and a database server."""

    engines: Engines
    state: Path

    @asynccontextmanager
    async def world(self, *services: str, stepped: bool = True) -> AsyncIterator[World]:
        """A world whose database has the tables of some services; dropped at the end.

        Its processes read the stepped clock, or the machine's.
        """
        number = next(_NUMBERS)
        state = self.state / f"world-{number}"
        state.mkdir()
        clock = SteppedClock(state / "clock")
        name = f"bench_{number}"
        url = self.engines.create_database(name)
        settings = Settings(
            kafka=self.engines.kafka,
            topic_prefix=f"bench{number}.",
            database_url=SecretStr(url),
            clock_file=state / "clock" if stepped else None,
            statement_timeout=timedelta(minutes=10),
            partitions=4,
        )
        await create_topics(settings)
        for service in services:
            await asyncio.to_thread(migrate, url, service)
        database = create_engine(settings, "cuiban-bench")
        reader = LogReader(settings)
        try:
            yield World(self.engines, state, settings, clock, database, reader)
        finally:
            await reader.close()
            await database.dispose()
            await self._drop(name)

    async def _drop(self, name: str) -> None:
        settings = Settings(database_url=SecretStr(self.engines.database_url))
        server = create_engine(settings, "cuiban-bench")
        async with server.connect() as db:
            alone = await db.execution_options(isolation_level="AUTOCOMMIT")
            await alone.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        await server.dispose()
