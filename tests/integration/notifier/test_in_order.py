"""Channels in order: the next one is used when the one before failed or was not answered."""

from datetime import timedelta

import pytest
from aiohttp import web

from shared.rules.book import How
from shared.schemas.events import ReminderDue
from shared.schemas.gateway_events import ReceiptReceived
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
LATER = SLOT + timedelta(hours=2)


def in_order() -> ReminderDue:
    how = How.model_validate({"order": "in-order", "answer_within_hours": 2})
    reminder = make_reminder(channels=("sms", "email"))
    return reminder.model_copy(update={"rule_id": "rule", "how": how})


async def wait_for(world: World, **states: str) -> None:
    async def is_reached() -> bool:
        return await world.get_states() == states

    await wait_until(is_reached)


async def start(world: World) -> None:
    """Until the short message is sent and the mail waits for its receipt."""
    await world.tell(make_unit(), in_order())
    world.start()
    await wait_for(world, sms="sent", email="pending")
    waiting = "SELECT not_before FROM notifier.notifications WHERE reason = 'in-order'"
    (row,) = await wait_until(lambda: world.fetch_rows(waiting))
    assert row.not_before == LATER


async def tell_receipt(world: World, state: str) -> None:
    (message,) = await world.fetch_rows(
        "SELECT gateway_message_id FROM notifier.notifications WHERE channel = 'sms'"
    )
    receipt = ReceiptReceived(
        office_id=OFFICE,
        gateway="webhook",
        gateway_message_id=message.gateway_message_id,
        state=state,
        received_at=SLOT + timedelta(minutes=1),
    )
    await world.tell(receipt)


async def test_without_a_receipt_the_next_channel_is_used_after_the_time(world: World) -> None:
    await start(world)
    assert world.mail.mails == []
    world.clock.set(LATER)
    await wait_for(world, sms="sent", email="sent")


async def test_a_receipt_of_delivery_ends_the_order(world: World) -> None:
    await start(world)
    await tell_receipt(world, "delivered")
    world.clock.set(LATER)
    await wait_for(world, sms="sent", email="suppressed")
    (event,) = await world.list_events("NotificationSuppressed")
    assert event.reason == "earlier-channel"
    assert world.mail.mails == []


async def test_a_receipt_of_failure_begins_the_next_channel_at_once(world: World) -> None:
    await start(world)
    await tell_receipt(world, "failed")
    await wait_for(world, sms="sent", email="sent")


async def test_a_failure_for_good_begins_the_next_channel_at_once(world: World) -> None:
    world.sms.answers.append(web.Response(status=400, text="bad number"))
    await world.tell(make_unit(), in_order())
    world.start()
    await wait_for(world, sms="failed", email="sent")


async def test_a_withdrawal_stops_the_order(world: World) -> None:
    await start(world)
    await world.tell(make_withdrawal("县教体局", "2.1"))
    await wait_for(world, sms="sent", email="withdrawn")
