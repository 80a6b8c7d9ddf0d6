"""An address that bounces for good is set aside, and the next channel or post hears instead."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.schemas.facts import Contact
from shared.schemas.gateway_events import NotificationFailed, ReceiptReceived
from tests.integration.notifier.world import (
    OFFICE,
    SLOT,
    World,
    get_unit_id,
    make_contact,
    make_reminder,
    make_unit,
    wait_until,
)

pytestmark = pytest.mark.integration
LIAISON, DEPUTY = "13800000000", "13900000000"


def list_contacts(mobile: str = LIAISON, email: str = "a@jtj.example") -> Sequence[Contact]:
    unit = get_unit_id()
    return (
        make_contact(unit, mobile=mobile, email=email),
        make_contact(unit, "deputy", mobile=DEPUTY, email="b@jtj.example"),
    )


def bounce(message_id: str, state: str = "failed") -> ReceiptReceived:
    return ReceiptReceived(
        office_id=OFFICE,
        gateway="webhook",
        gateway_message_id=message_id,
        state=state,  # type: ignore[arg-type]
        received_at=SLOT,
        detail="INVALID_NUMBER",
        gone=state == "failed",
    )


async def send(world: World, channels: Sequence[str] = ("sms",)) -> None:
    await world.tell(make_unit(contacts=list_contacts()), make_reminder(channels=channels))
    world.start()
    await wait_sent(world, len(channels))


async def wait_sent(world: World, number: int) -> list[Any]:
    async def list_sent() -> list[Any] | None:
        events = await world.list_events("NotificationSent")
        return events if len(events) >= number else None

    return list(await wait_until(list_sent))


async def get_message_id(world: World, address: str) -> str:
    statement = (
        "SELECT gateway_message_id FROM notifier.notifications "
        "WHERE address = :address AND gateway_message_id <> ''"
    )
    rows = await world.fetch_rows(statement, address=address)
    return str(rows[0].gateway_message_id)


async def test_the_next_post_hears_this_reminder_and_the_next_one(world: World) -> None:
    await send(world)
    await world.tell(bounce(await get_message_id(world, LIAISON)))
    events = await wait_sent(world, 2)
    assert [event.address for event in events] == [LIAISON, DEPUTY]
    (failed,) = await world.list_events("NotificationFailed")
    assert isinstance(failed, NotificationFailed)
    assert (failed.reason, failed.detail, failed.address) == (
        "bad-address",
        "INVALID_NUMBER",
        LIAISON,
    )
    first, again = await world.list_events("ReminderFannedOut")
    assert {each.notification_id for each in again.notifications} == {
        event.notification_id for event in events
    }
    assert len(first.notifications) == 1

    await world.tell(make_reminder(slot=SLOT + timedelta(minutes=1), channels=("sms",)))
    world.clock.set(SLOT + timedelta(minutes=1))
    assert (await wait_sent(world, 3))[-1].address == DEPUTY


async def test_the_other_channel_takes_over_where_the_rule_has_one(world: World) -> None:
    await send(world, ("sms", "email"))
    await world.tell(bounce(await get_message_id(world, LIAISON)))
    await world.tell(make_reminder(slot=SLOT + timedelta(minutes=1), channels=("sms", "email")))
    world.clock.set(SLOT + timedelta(minutes=1))
    assert [e.address for e in await wait_sent(world, 3)][2:] == ["a@jtj.example"]


async def test_another_address_in_the_directory_is_used(world: World) -> None:
    await send(world)
    await world.tell(bounce(await get_message_id(world, LIAISON)))
    await wait_sent(world, 2)
    await world.tell(make_unit(number=2, contacts=list_contacts("13700000000")))
    assert await world.fetch_rows("SELECT * FROM notifier.set_aside") == []
    await world.tell(make_reminder(slot=SLOT + timedelta(minutes=1), channels=("sms",)))
    world.clock.set(SLOT + timedelta(minutes=1))
    assert (await wait_sent(world, 3))[-1].address == "13700000000"


async def test_a_directory_that_still_has_the_address_changes_nothing(world: World) -> None:
    await send(world)
    await world.tell(bounce(await get_message_id(world, LIAISON)))
    await world.tell(make_unit(number=2, contacts=list_contacts(email="new@jtj.example")))
    rows = await world.fetch_rows("SELECT channel, address, gateway FROM notifier.set_aside")
    assert [tuple(row) for row in rows] == [("sms", LIAISON, "webhook")]


async def test_a_delivery_after_all_uses_the_address_again(world: World) -> None:
    await send(world)
    message_id = await get_message_id(world, LIAISON)
    await world.tell(bounce(message_id))
    await wait_sent(world, 2)
    await world.tell(bounce(message_id, "delivered"))
    assert len(await world.list_events("NotificationDelivered")) == 1
    assert await world.fetch_rows("SELECT * FROM notifier.set_aside") == []


async def test_a_mailbox_that_the_server_does_not_know_is_set_aside_at_once(world: World) -> None:
    world.mail.refused_recipients.add("a@jtj.example")
    await world.tell(make_unit(contacts=list_contacts()), make_reminder(channels=("email",)))
    world.start()
    (sent,) = await wait_sent(world, 1)
    assert sent.address == "b@jtj.example"
    (failed,) = await world.list_events("NotificationFailed")
    assert (failed.reason, failed.address) == ("bad-address", "a@jtj.example")


async def test_what_waits_for_an_address_that_is_set_aside_goes_to_the_next_post(
    world: World,
) -> None:
    later = make_reminder(slot=SLOT + timedelta(hours=1), channels=("sms",))
    await send(world)
    await world.tell(later)
    await world.tell(bounce(await get_message_id(world, LIAISON)))
    world.clock.set(SLOT + timedelta(hours=1))
    events = await wait_sent(world, 3)
    assert [event.address for event in events] == [LIAISON, DEPUTY, DEPUTY]
    (suppressed,) = await wait_until(lambda: world.list_events("NotificationSuppressed"))
    assert suppressed.reason == "no-address"
