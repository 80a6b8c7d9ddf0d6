"""Held sending: nothing goes out, nothing is lost, and a release lets it go."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.notifier.dispatch import gauges, rechecking
from services.notifier.dispatch.board import Board
from services.notifier.dispatch.channels import make_channels
from services.notifier.store.activity import is_quiet
from shared.schemas.gateway_events import HoldRecorded
from shared.schemas.holds import RecordedHold
from shared.schemas.rules import Channel
from tests.integration.notifier.world import (
    OFFICE,
    SLOT,
    World,
    make_reminder,
    make_unit,
    make_withdrawal,
    wait_until,
)

pytestmark = pytest.mark.integration
HOLD = uuid4()


def make_hold(
    number: int = 1, hold_id: UUID = HOLD, office: UUID = OFFICE, **more: Any
) -> HoldRecorded:
    """A hold as it is recorded (1), or released (2)."""
    released = SLOT + timedelta(hours=1) if number == 2 else None
    facts = {"reason": "签名待报备", "held_at": SLOT, "held_by": "王敏", "released_at": released}
    hold = RecordedHold(hold_id=hold_id, **(facts | more))
    return HoldRecorded(office_id=office, number=number, hold=hold)


async def count_claimed(world: World, channel: Channel) -> int:
    rules = make_channels(world.settings)[channel].rules
    return len(await world.claim(rules, SLOT))


async def test_what_is_held_goes_out_once_it_is_released(world: World) -> None:
    await world.tell(make_hold(), make_unit(), make_reminder())
    world.start()
    board = Board(world.engine, world.clock, world.lanes)
    await board.look()
    assert gauges.HOLDS._value.get() == 1
    assert gauges.KEPT.labels("sms")._value.get() == 1
    assert "keeping 1 email, 1 sms" in await board.describe_holds()
    async with world.engine.begin() as db:
        await db.execute(text("UPDATE notifier.outbox SET sent_at = now()"))
        assert await is_quiet(db, SLOT), "what is held can't be sent"
    assert await world.get_states() == {"email": "pending", "sms": "pending"}
    assert await world.list_events("NotificationSuppressed") == []
    await world.tell(make_hold(2))
    await wait_until(lambda: world.mail.mails and world.sms.posts)
    await board.look()
    assert await board.describe_holds() == ""
    assert gauges.KEPT.labels("sms")._value.get() == 0


async def test_a_hold_of_a_channel_or_another_office_leaves_the_rest_alone(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    await world.tell(make_hold(channel=Channel.SMS), make_hold(hold_id=uuid4(), office=uuid4()))
    assert await count_claimed(world, Channel.SMS) == 0
    assert await count_claimed(world, Channel.EMAIL) == 1


async def test_a_hold_of_all_offices_holds_one_that_it_does_not_name(world: World) -> None:
    hold, other = uuid4(), uuid4()
    await world.tell(make_unit(), make_reminder())
    await world.tell(make_hold(hold_id=hold, office=other, everywhere=True))
    assert await count_claimed(world, Channel.EMAIL) == 0
    await world.tell(make_hold(2, hold_id=hold, office=other, everywhere=True))
    assert await count_claimed(world, Channel.EMAIL) == 1


async def test_an_older_number_does_not_hold_again(world: World) -> None:
    await world.tell(make_unit(), make_reminder(), make_hold(2), make_hold(1))
    assert await count_claimed(world, Channel.EMAIL) == 1


@pytest.mark.parametrize("everywhere", [False, True])
async def test_a_held_gateway_gets_nothing_and_another_takes_its_messages(
    world: World, everywhere: bool
) -> None:
    await world.tell(make_unit(), make_reminder())
    gateway = make_channels(world.settings)[Channel.SMS].rules.gateways[0].name
    await world.tell(make_hold(channel=Channel.SMS, gateway="another", everywhere=everywhere))
    assert await count_claimed(world, Channel.SMS) == 1
    await world.tell(
        make_reminder(slot=SLOT - timedelta(days=1)),
        make_hold(hold_id=uuid4(), channel=Channel.SMS, gateway=gateway, everywhere=everywhere),
    )
    assert await count_claimed(world, Channel.SMS) == 0


async def test_what_is_held_can_be_withdrawn_and_is_not_sent_after_the_release(
    world: World,
) -> None:
    await world.tell(make_hold(), make_unit(), make_reminder())
    await world.tell(make_withdrawal("县教体局", "2.1"), make_hold(2))
    assert await world.get_states() == {"email": "withdrawn", "sms": "withdrawn"}
    assert len(await world.list_events("NotificationSuppressed")) == 2


async def test_what_is_claimed_already_is_held_just_before_the_call(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rechecking, "_TRUSTED_FOR", 0.0)
    world.mail.hangs = 1
    await world.tell(make_unit(), make_unit("县卫健局"), make_reminder(channels=("email",)))
    await world.tell(make_reminder("县卫健局", channels=("email",)))
    world.start(email_connections=1)
    await wait_until(lambda: world.mail.mails)
    claimed = "SELECT 1 FROM notifier.notifications WHERE state = 'sending'"

    async def both() -> bool:
        return len(await world.fetch_rows(claimed)) == 2

    await wait_until(both)
    await world.tell(make_hold())
    world.mail.hang.set()

    async def given_back() -> list[Any]:
        return await world.fetch_rows("SELECT 1 FROM notifier.attempts WHERE outcome = 'held'")

    await wait_until(given_back)
    assert len(world.mail.mails) == 1
    await world.tell(make_hold(2))
    await wait_until(lambda: len(world.mail.mails) == 2)
