"""How late sending is: the oldest due notification, by channel."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.notifier.dispatch import gauges
from services.notifier.dispatch.board import Board
from services.notifier.dispatch.channels import make_lanes
from services.notifier.store.overdue import measure_oldest
from shared.messages.holding import HeldOffices
from shared.messages.stages import HoldReason
from shared.schemas.rules import Channel
from tests.integration.notifier.world import OFFICE, SLOT, World, make_reminder, make_unit

pytestmark = pytest.mark.integration
NOBODY = HeldOffices(every=False)
LATER = SLOT + timedelta(minutes=7)
_SET = "UPDATE notifier.notifications SET"


def hold(office: UUID) -> HeldOffices:
    return HeldOffices(every=False, ids=frozenset({office}))


async def measure(world: World, channel: Channel, held: HeldOffices = NOBODY) -> float:
    async with world.engine.connect() as db:
        return await measure_oldest(db, channel, held, LATER)


async def change(world: World, statement: str) -> None:
    async with world.engine.begin() as db:
        await db.execute(text(statement))


async def test_a_fresh_one_waits_since_it_may_be_sent(world: World) -> None:
    assert await measure(world, Channel.EMAIL) == 0
    await world.tell(make_unit(), make_reminder(), make_reminder(slot=LATER + timedelta(days=1)))
    assert await measure(world, Channel.EMAIL) == 7 * 60


async def test_one_that_is_tried_again_waits_since_its_next_attempt_was_due(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    await change(world, f"{_SET} retry_at = now() + interval '1 hour'")
    assert await measure(world, Channel.EMAIL) == 0
    await change(world, f"{_SET} retry_at = now() - interval '1 hour'")
    assert 3600 <= await measure(world, Channel.EMAIL) < 3700


async def test_what_a_hold_keeps_does_not_count(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    assert await measure(world, Channel.SMS, HeldOffices(every=True)) == 0
    assert await measure(world, Channel.SMS, hold(OFFICE)) == 0
    assert await measure(world, Channel.SMS, hold(uuid4())) == 7 * 60


async def test_what_waits_for_a_gateway_or_is_being_sent_does_not_count(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    await change(world, f"{_SET} reason = '{HoldReason.NO_GATEWAY}' WHERE channel = 'sms'")
    await change(world, f"{_SET} state = 'sending' WHERE channel = 'email'")
    assert [await measure(world, channel) for channel in Channel] == [0] * len(Channel)


async def test_the_board_shows_it(world: World) -> None:
    await world.tell(make_unit(), make_reminder(slot=SLOT - timedelta(minutes=3)))
    await Board(
        world.engine, world.clock, make_lanes(world.settings, world.engine, world.clock)
    ).look()
    shown = gauges.DUE_OLDEST.labels("email")._value.get()
    assert shown == (world.clock.now() - SLOT).total_seconds() + 180
