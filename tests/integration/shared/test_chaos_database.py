"""A fault that chaos makes in one database leaves the sessions of every other alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from zlib import crc32

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from lab.chaos.faults.database import _CUT_OFF, _CUT_RELAY
from lab.stack.testing import Engines
from shared.database.engine import create_engine
from shared.settings import Settings

pytestmark = pytest.mark.integration
LOCK = crc32(b"relay scheduler.outbox")


@pytest.fixture
async def engine(
    make_settings: Callable[..., Awaitable[Settings]],
) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(await make_settings(Settings), "chaos")
    yield engine
    await engine.dispose()


@pytest.fixture
async def neighbours(
    engine: AsyncEngine, engines: Engines
) -> AsyncIterator[tuple[asyncpg.Connection, asyncpg.Connection]]:
    """A scheduler's session that leads, in the engine's database and in another one."""
    own = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    made = await asyncio.to_thread(engines.create_database, "chaos_neighbour")
    found = []
    for address in (own, made):
        session = await asyncpg.connect(
            address, server_settings={"application_name": "cuiban-scheduler"}
        )
        await session.execute(f"SELECT pg_advisory_lock({LOCK})")
        found.append(session)
    yield found[0], found[1]
    for session in found:
        session.terminate()


@pytest.mark.parametrize(
    ("statement", "values"), [(_CUT_OFF, {}), (_CUT_RELAY, {"lock": LOCK, "mine": 0})]
)
async def test_only_sessions_of_its_own_database_are_cut(
    engine: AsyncEngine,
    neighbours: tuple[asyncpg.Connection, asyncpg.Connection],
    statement: object,
    values: dict[str, int],
) -> None:
    own, other = neighbours
    closed = asyncio.Event()
    own.add_termination_listener(lambda _: closed.set())
    async with engine.begin() as db:
        assert (await db.execute(statement, values)).scalar_one() == 1  # type: ignore[call-overload]
    async with asyncio.timeout(60):
        await closed.wait()
    assert await other.fetchval("SELECT 1") == 1
