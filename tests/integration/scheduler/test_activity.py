"""What the scheduler says of itself: whether it has work, and when it has some next."""

import pytest
from sqlalchemy import text

from services.scheduler.store import activity
from shared.schemas.topics import RULES, TASKS
from tests.integration.scheduler.world import (
    UNIT,
    World,
    make_assignment,
    make_obligation,
    to_instant,
)

pytestmark = pytest.mark.integration


async def test_it_is_quiet_between_its_timers_once_all_is_sent(world: World) -> None:
    before, slot = to_instant("2023-08-29 10:00"), to_instant("2023-08-30 09:00")
    world.clock.instant = before
    await world.tell(make_assignment(UNIT, ("2.1", make_obligation(UNIT, "2.1", "2023-08-31"))))
    async with world.engine.begin() as db:
        assert await activity.is_quiet(db, before)
        assert await activity.find_next_instant(db, before) == slot
        assert not await activity.is_quiet(db, slot)

        await db.execute(text("UPDATE scheduler.agenda SET stale = true"))
        assert not await activity.is_quiet(db, before)
        await db.rollback()


async def test_an_event_that_is_not_sent_is_work(world: World) -> None:
    world.clock.instant, slot = to_instant("2023-08-29 10:00"), to_instant("2023-08-30 09:00")
    await world.tell(make_assignment(UNIT, ("2.1", make_obligation(UNIT, "2.1", "2023-08-31"))))
    world.clock.instant = slot
    for topic in (TASKS, RULES):
        await world.complete(topic, 0, slot)
    while await world.ticking.fire():
        pass
    async with world.engine.begin() as db:
        assert not await activity.is_quiet(db, slot)
    assert await world.take_outbox()
    async with world.engine.begin() as db:
        assert await activity.is_quiet(db, slot)
