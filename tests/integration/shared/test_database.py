"""The pool of connections, when the server closes one of them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database.engine import create_engine
from shared.settings import Settings

pytestmark = pytest.mark.integration
SettingsFor = Callable[..., Awaitable[Settings]]
WHO = text("SELECT pg_backend_pid()")


async def test_a_pooled_connection_that_the_server_closed_is_replaced_unnoticed(
    make_settings: SettingsFor,
) -> None:
    settings = await make_settings(Settings)
    engine, other = create_engine(settings, "test"), create_engine(settings, "other")
    try:
        closed, pid = await pooled(engine)
        async with other.connect() as db:
            await db.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        async with asyncio.timeout(60):
            await closed.wait()
        async with engine.connect() as db:
            assert (await db.execute(WHO)).scalar_one() != pid
    finally:
        await engine.dispose()
        await other.dispose()


async def pooled(engine: AsyncEngine) -> tuple[asyncio.Event, int]:
    """What is set when the one connection in the pool closes, and its process on the server."""
    closed = asyncio.Event()
    async with engine.connect() as db:
        driver = (await db.get_raw_connection()).driver_connection
        assert driver is not None
        driver.add_termination_listener(lambda _: closed.set())
        return closed, int((await db.execute(WHO)).scalar_one())
