"""What the scheduler says of itself: whether it has work, and when it has some next."""

import pytest
from sqlalchemy import text

from services.scheduler.store import activity
from shared.schemas.topics import RULES, TASKS
from tests.integration.scheduler.world import World, assigned, at, obligation, unit

pytestmark = pytest.mark.integration
UNIT = unit("县发展改革局")


async def test_it_is_quiet_between_its_timers_once_all_is_sent(world: World) -> None:
    before, slot = at("2023-08-29 10:00"), at("2023-08-30 09:00")
    world.clock.instant = before
    await world.tell(assigned(UNIT, ("2.1", obligation(UNIT, "2.1", "2023-08-31"))))
    async with world.engine.begin() as db:
        assert await activity.is_quiet(db, before)
        assert await activity.find_next_instant(db, before) == slot
        assert not await activity.is_quiet(db, slot)

        await db.execute(text("UPDATE scheduler.agenda SET stale = true"))
        assert not await activity.is_quiet(db, before)
        await db.rollback()


async def test_an_event_that_is_not_sent_is_work(world: World) -> None:
    world.clock.instant, slot = at("2023-08-29 10:00"), at("2023-08-30 09:00")
    await world.tell(assigned(UNIT, ("2.1", obligation(UNIT, "2.1", "2023-08-31"))))
    world.clock.instant = slot
    for topic in (TASKS, RULES):
        await world.complete(topic, 0, slot)
    while await world.ticking.fire():
        pass
    async with world.engine.begin() as db:
        assert not await activity.is_quiet(db, slot)
    assert await world.out()
    async with world.engine.begin() as db:
        assert await activity.is_quiet(db, slot)
