"""The engines of a bench, and a new world for each measurement."""

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

from deploy.ops.running import get_tables
from lab.bench.world.watching import ReadCount
from lab.stack.testing import Engines, run_engines
from shared.clock import SteppedClock
from shared.database.engine import create_engine
from shared.database.migrating import migrate
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.positions import load_offsets
from shared.kafka.broker.provisioning import create_topics, list_partitions
from shared.kafka.broker.records import Partition
from shared.schemas.topics import Topic
from shared.settings import Settings

ITEMS = 46
"""Obligations of a unit: as many as the real table of 盐亭县 2023 has measures."""
_NUMBERS = count(1)


@dataclass(frozen=True)
class BenchRun:
    """The options of a run, and whether its benches share engines.

    Attributes:
        quick: small sizes, which only show that a bench works; seconds for each bench.
        digests: how many are due in the whole slot.
        say: gets a line about each step.
    """

    quick: bool
    digests: int
    say: Callable[[str], None]
    shared_engines: Engines | None = None

    @property
    def units(self) -> tuple[int, ...]:
        """The sizes of a path in units of 46 items each: 10⁴, 10⁵ and 10⁶ items."""
        return (30,) if self.quick else (217, 2_174, 21_739)

    @contextmanager
    def share_engines(self) -> Iterator["BenchRun"]:
        """The same run with engines that its benches share, during the block."""
        with self.start_engines() as bench:
            yield replace(self, shared_engines=bench.engines)

    @contextmanager
    def start_engines(self) -> Iterator["BenchEngines"]:
        """Run engines with their data in a temporary directory, during the block."""
        with tempfile.TemporaryDirectory(prefix="cuiban-bench-") as scratch:
            state = Path(scratch)
            source = (
                nullcontext(self.shared_engines)
                if self.shared_engines
                else run_engines(state, say=self.say)
            )
            with source as running:
                yield BenchEngines(running, state)


@dataclass
class World:
    """A new database, new topics, and a clock that the bench moves."""

    engines: Engines
    state: Path
    settings: Settings
    clock: SteppedClock
    database: AsyncEngine
    reader: LogReader

    async def execute(self, statement: str, **values: object) -> None:
        """Run a statement outside of a transaction, as VACUUM requires."""
        async with self._connect_autocommit() as db:
            await db.execute(text(statement), values)

    async def fetch_number(self, query: str) -> float:
        """The number that a query returns; 0 for NULL."""
        async with self._connect_autocommit() as db:
            return float((await db.execute(text(query))).scalar() or 0)

    def make_record_counter(self, topic: Topic) -> ReadCount:
        """A function that counts the records of a topic."""
        partitions: list[Partition] = []

        async def read_count() -> float:
            partitions.extend(() if partitions else await list_partitions(self.settings, [topic]))
            return float(sum((await self.reader.list_ends(partitions)).values()))

        return read_count

    def make_applied_counter(self, consumer: str) -> ReadCount:
        """A function that counts the records that a consumer has applied, with watermarks."""
        table = get_tables(consumer.partition("-")[0]).positions

        async def read_count() -> float:
            async with self._connect_autocommit() as db:
                return float(sum((await load_offsets(db, table, consumer)).values()))

        return read_count

    def make_event_counter(self, consumer: str) -> ReadCount:
        """A function that counts the events that a consumer has applied, without watermarks."""
        schema = consumer.partition("-")[0]
        query = f"SELECT count(*) FROM {schema}.inbox WHERE consumer = '{consumer}'"  # noqa: S608 - our own names
        return lambda: self.fetch_number(query)

    @asynccontextmanager
    async def _connect_autocommit(self) -> AsyncIterator[AsyncConnection]:
        async with self.database.connect() as db:
            yield await db.execution_options(isolation_level="AUTOCOMMIT")


@dataclass(frozen=True)
class BenchEngines:
    """A running broker and database server."""

    engines: Engines
    state: Path

    @asynccontextmanager
    async def create_world(self, *services: str, stepped: bool = True) -> AsyncIterator[World]:
        """Create a world whose database has the tables of some services; dropped after the block.

        Its processes use the stepped clock, or the machine's.
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
            autocommit = await db.execution_options(isolation_level="AUTOCOMMIT")
            await autocommit.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        await server.dispose()
