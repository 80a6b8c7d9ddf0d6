"""What events do to reminders and notifications, on a real database."""

import asyncio
from datetime import date, timedelta

import pytest

from services.notifier.store.tables import METADATA
from shared.schemas.events import ReminderFannedOut
from shared.schemas.gateway_events import (
    NotificationDelivered,
    NotificationSuppressed,
    NotificationUndelivered,
    ReceiptReceived,
)
from tests.integration.notifier.world import (
    OFFICE,
    SLOT,
    World,
    get_unit_id,
    make_contact,
    make_item,
    make_reminder,
    make_unit,
    make_withdrawal,
    wait_until,
)

pytestmark = pytest.mark.integration


def receipt(name: str, state: str = "delivered") -> ReceiptReceived:
    return ReceiptReceived(
        office_id=OFFICE,
        gateway="webhook",
        gateway_message_id=name,
        state=state,
        received_at=SLOT + timedelta(minutes=1),
    )


async def test_a_reminder_fans_out_to_every_contact_of_the_post_and_channel(world: World) -> None:
    unit = get_unit_id()
    contacts = [make_contact(unit), make_contact(unit, number=1), make_contact(unit, "head")]
    await world.tell(make_unit(contacts=contacts), make_reminder())
    (event,) = await world.list_events("ReminderFannedOut")
    assert isinstance(event, ReminderFannedOut)
    rows = await world.fetch_rows("SELECT notification_id, state FROM notifier.notifications")
    assert {row.notification_id for row in rows} == {
        ref.notification_id for ref in event.notifications
    }
    assert [row.state for row in rows] == ["pending"] * 4


async def test_the_same_reminder_twice_fans_out_once(world: World) -> None:
    await world.tell(make_unit(), make_reminder(), make_reminder())
    assert len(await world.list_events()) == 1
    assert len(await world.fetch_rows("SELECT 1 FROM notifier.notifications")) == 2


async def test_a_contact_without_an_address_is_suppressed_with_a_reason(world: World) -> None:
    contacts = [make_contact(get_unit_id(), email="", mobile="")]
    await world.tell(make_unit(contacts=contacts), make_reminder())
    events = await world.list_events("NotificationSuppressed")
    assert {event.reason for event in events if isinstance(event, NotificationSuppressed)} == {
        "no-address"
    }
    assert await world.get_states() == {"email": "suppressed", "sms": "suppressed"}


async def test_a_contact_without_a_mobile_has_no_suppressed_short_message(world: World) -> None:
    contacts = [make_contact(get_unit_id(), mobile="")]
    await world.tell(make_unit(contacts=contacts), make_reminder())
    assert await world.list_events("NotificationSuppressed") == []
    assert await world.get_states() == {"email": "pending"}


async def test_a_post_without_a_contact_on_that_day_is_suppressed_with_a_reason(
    world: World,
) -> None:
    contacts = [make_contact(get_unit_id(), valid_to=date(2023, 12, 25))]
    await world.tell(make_unit(contacts=contacts), make_reminder())
    events = await world.list_events("NotificationSuppressed")
    assert [event.reason for event in events] == ["no-contact", "no-contact"]
    (fanned,) = await world.list_events("ReminderFannedOut")
    assert [ref.channel for ref in fanned.notifications] == ["email", "sms"]


async def test_a_reminder_for_an_unknown_unit_waits_until_the_unit_arrives(world: World) -> None:
    await world.tell(make_reminder())
    (row,) = await world.fetch_rows("SELECT state, reason FROM notifier.reminders")
    assert (row.state, row.reason) == ("waiting", "unit-unknown")
    assert await world.list_events() == []
    await world.tell(make_unit())
    assert await world.get_states() == {"email": "pending", "sms": "pending"}
    assert len(await world.list_events("ReminderFannedOut")) == 1


async def test_a_unit_that_arrives_at_the_same_moment_is_not_missed(world: World) -> None:
    names = [f"乡镇{n}" for n in range(10)]
    await asyncio.gather(
        *(world.tell(make_reminder(name)) for name in names),
        *(world.tell(make_unit(n)) for n in names),
    )
    rows = await world.fetch_rows("SELECT state FROM notifier.reminders")
    assert [row.state for row in rows] == ["fanned-out"] * 10


async def test_the_newest_number_of_a_unit_wins(world: World) -> None:
    await world.tell(make_unit(number=3), make_unit(number=2, contacts=()))
    rows = await world.fetch_rows("SELECT number FROM notifier.units")
    assert [row.number for row in rows] == [3]
    assert len(await world.fetch_rows("SELECT 1 FROM notifier.contacts")) == 1


async def test_a_changed_address_moves_what_is_not_yet_sent(world: World) -> None:
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    await world.tell(
        make_unit(number=2, contacts=[make_contact(get_unit_id(), email="new@jtj.example")])
    )
    world.start()
    await wait_until(lambda: world.mail.mails)
    assert world.mail.mails[0]["To"] == "new@jtj.example"


async def test_an_address_that_was_taken_away_suppresses_what_is_not_yet_sent(
    world: World,
) -> None:
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    await world.tell(make_unit(number=2, contacts=[make_contact(get_unit_id(), email="")]))
    world.start()
    (event,) = await wait_until(lambda: world.list_events("NotificationSuppressed"))
    assert event.reason == "no-address"
    assert world.mail.mails == []


async def test_a_withdrawn_item_is_missing_from_what_is_sent_later(world: World) -> None:
    await world.tell(
        make_unit(), make_reminder(items=(make_item("2.1"), make_item("3.1")), channels=("email",))
    )
    await world.tell(make_withdrawal("县教体局", "2.1"))
    world.start()
    (event,) = await wait_until(lambda: world.list_events("NotificationSent"))
    assert "任务2.1" not in event.body
    assert "任务3.1" in event.body
    assert event.obligation_ids == (make_item("3.1").obligation_id,)


async def test_a_notification_with_nothing_left_is_withdrawn_at_once(world: World) -> None:
    await world.tell(make_unit(), make_reminder(items=(make_item("2.1"), make_item("3.1"))))
    await world.tell(make_withdrawal("县教体局", "2.1", "3.1"))
    assert await world.get_states() == {"email": "withdrawn", "sms": "withdrawn"}
    reasons = [event.reason for event in await world.list_events("NotificationSuppressed")]
    assert reasons == ["withdrawn", "withdrawn"]


async def test_a_withdrawal_dominates_a_reminder_that_comes_late(world: World) -> None:
    await world.tell(make_unit(), make_withdrawal("县教体局", "2.1"), make_reminder())
    assert await world.get_states() == {"email": "withdrawn", "sms": "withdrawn"}
    kinds = [type(event).__name__ for event in await world.list_events()]
    assert kinds == ["ReminderFannedOut", "NotificationSuppressed", "NotificationSuppressed"]


async def test_a_withdrawal_leaves_later_slots_alone(world: World) -> None:
    later = make_reminder(slot=SLOT + timedelta(days=1))
    await world.tell(make_unit(), make_withdrawal("县教体局", "2.1"), later)
    assert await world.get_states() == {"email": "pending", "sms": "pending"}


async def test_a_waiting_reminder_is_withdrawn_when_its_unit_arrives(world: World) -> None:
    await world.tell(make_reminder(), make_withdrawal("县教体局", "2.1"), make_unit())
    assert await world.get_states() == {"email": "withdrawn", "sms": "withdrawn"}


async def test_quiet_hours_defer_short_messages_until_the_morning(world: World) -> None:
    evening = SLOT + timedelta(hours=13)  # 22:00 in Shanghai
    world.clock.set(evening)
    await world.tell(make_unit(), make_reminder(slot=evening, channels=("sms",)))
    world.start()
    deferred = "SELECT not_before FROM notifier.notifications WHERE reason = 'quiet-hours'"
    (row,) = await wait_until(lambda: world.fetch_rows(deferred))
    assert row.not_before == evening + timedelta(hours=9, minutes=30)
    assert world.sms.posts == []
    world.clock.set(row.not_before)
    await wait_until(lambda: world.sms.posts)


async def test_no_quiet_hours_push_a_reminder_past_its_date(world: World) -> None:
    evening = SLOT + timedelta(hours=13)
    world.clock.set(evening)
    today = make_item("2.1", due_on=date(2023, 12, 26))
    await world.tell(make_unit(), make_reminder(slot=evening, items=(today,), channels=("sms",)))
    world.start()
    await wait_until(lambda: world.sms.posts)
    assert "今日到期" in world.sms.posts[0][1]["data"]["text"]


async def test_a_rate_limit_lets_the_rest_go_later(world: World) -> None:
    second = SLOT + timedelta(minutes=1)
    world.clock.set(second)
    await world.tell(
        make_unit(),
        make_reminder(channels=("email",)),
        make_reminder(slot=second, channels=("email",)),
    )
    world.start(rate_limit=1)
    await wait_until(lambda: world.mail.mails)
    await wait_until(
        lambda: world.fetch_rows("SELECT 1 FROM notifier.notifications WHERE reason = 'rate-limit'")
    )
    world.clock.set(second + timedelta(days=1))
    await wait_until(lambda: len(world.mail.mails) == 2)


@pytest.mark.parametrize("early", [True, False])
async def test_a_receipt_tells_of_the_delivery_whenever_it_comes(world: World, early: bool) -> None:
    if early:
        await world.tell(receipt("m1"))
    await world.tell(make_unit(), make_reminder(channels=("sms",)))
    world.start()
    await wait_until(lambda: world.list_events("NotificationSent"))
    if not early:
        await world.tell(receipt("m1"), receipt("m1"))
    (event,) = await wait_until(lambda: world.list_events("NotificationDelivered"))
    assert isinstance(event, NotificationDelivered)
    assert event.delivered_at == SLOT + timedelta(minutes=1)
    assert await world.fetch_rows("SELECT 1 FROM notifier.delivery_receipts") == []


async def test_a_failed_receipt_is_kept_but_ends_nothing_twice(world: World) -> None:
    await world.tell(make_unit(), make_reminder(channels=("sms",)))
    world.start()
    await wait_until(lambda: world.list_events("NotificationSent"))
    await world.tell(receipt("m1", "failed"))
    (row,) = await world.fetch_rows("SELECT state, receipt FROM notifier.notifications")
    assert (row.state, row.receipt) == ("sent", "failed")
    assert await world.list_events("NotificationDelivered") == []
    (told,) = await world.list_events("NotificationUndelivered")
    assert isinstance(told, NotificationUndelivered)
    assert told.reported_at == SLOT + timedelta(minutes=1)


async def test_the_migration_makes_what_the_tables_say(world: World) -> None:
    rows = await world.fetch_rows(
        "SELECT table_name, column_name, is_nullable FROM information_schema.columns "
        "WHERE table_schema = 'notifier' AND table_name <> 'alembic_version'"
    )
    made = {(row.table_name, row.column_name, row.is_nullable == "YES") for row in rows}
    told = {(t.name, c.name, bool(c.nullable)) for t in METADATA.tables.values() for c in t.c}
    assert made == told
    found = await world.fetch_rows("SELECT indexname FROM pg_indexes WHERE schemaname = 'notifier'")
    indexes = {str(index.name) for table in METADATA.tables.values() for index in table.indexes}
    assert indexes <= {row.indexname for row in found}
