"""A commit wakes the loops of its process that have work from it; a roll-back does not."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database.engine import create_engine
from shared.database.news import News, Subject, tell
from shared.settings import Settings
from tests.conftest import SettingsFor

pytestmark = pytest.mark.integration
LONG, SHORT = 60.0, 0.05


@pytest.fixture
async def engine(make_settings: SettingsFor) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(await make_settings(Settings, topics=False), "test")
    yield engine
    await engine.dispose()


async def test_a_commit_ends_the_wait_of_each_loop_for_its_subject(engine: AsyncEngine) -> None:
    first, second = (News(engine, Subject.OUTBOX) for _ in range(2))
    other = News(engine, Subject.AGENDA)
    waiting = [asyncio.create_task(news.wait(LONG)) for news in (first, second)]
    async with engine.begin() as db:
        await db.execute(text("SELECT 1"))
        tell(db, Subject.OUTBOX)
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting), "nothing is committed yet"
    assert await asyncio.gather(*waiting) == [True, True]
    assert not await other.wait(SHORT)


async def test_who_is_woken_sees_what_was_committed(engine: AsyncEngine) -> None:
    news = News(engine, Subject.OUTBOX)
    async with engine.begin() as db:
        await db.execute(text("CREATE TABLE said (number int)"))

    async def look(number: int) -> None:
        assert await news.wait(LONG)
        news.forget()
        async with engine.connect() as db:
            assert number in await db.scalars(text("SELECT number FROM said"))

    for number in range(50):
        async with asyncio.TaskGroup() as group:
            group.create_task(look(number))
            async with engine.begin() as db:
                await db.execute(text("INSERT INTO said VALUES (:number)"), {"number": number})
                tell(db, Subject.OUTBOX)


async def test_what_is_committed_before_the_wait_is_heard_until_it_is_forgotten(
    engine: AsyncEngine,
) -> None:
    news = News(engine, Subject.NOTIFICATIONS)
    async with engine.execution_options(isolation_level="REPEATABLE READ").begin() as db:
        tell(db, Subject.NOTIFICATIONS)
        await db.execute(text("SELECT 1"))
    assert await news.wait(LONG)
    news.forget()
    assert not await news.wait(SHORT)


async def test_what_is_rolled_back_is_no_news_then_or_later(engine: AsyncEngine) -> None:
    news = News(engine, Subject.OUTBOX)
    async with engine.connect() as db:
        await db.execute(text("SELECT 1"))
        tell(db, Subject.OUTBOX)
        await db.rollback()
    for _ in range(3):  # the same connection of the pool commits something else
        async with engine.begin() as db:
            await db.execute(text("SELECT 1"))
    assert not await news.wait(SHORT)


@pytest.mark.parametrize("told", [False, True])
async def test_a_cancelled_statement_stays_cancelled(engine: AsyncEngine, told: bool) -> None:
    """The connection is invalid then; what SQLAlchemy raises for it must not take its place."""
    begun = asyncio.Event()

    async def ask() -> None:
        async with engine.connect() as db:
            await db.execute(text("SELECT 1"))
            if told:
                tell(db, Subject.OUTBOX)
            begun.set()
            await db.execute(text("SELECT pg_sleep(60)"))

    asking = asyncio.create_task(ask())
    await begun.wait()
    sleeping = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    async with engine.connect() as db:
        while not await db.scalar(sleeping):  # noqa: ASYNC110 - another task's work
            await asyncio.sleep(0.02)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
