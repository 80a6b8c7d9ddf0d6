"""Conservation, held and broken on purpose."""

from datetime import date, timedelta

import pytest

from services.scheduler import audit, ticking
from services.scheduler.audit import GapKind
from shared import clock
from shared.schemas import identity
from shared.schemas.events import ReminderDue, ReminderFannedOut
from shared.schemas.facts import NotificationRef
from shared.schemas.gateway_events import (
    MessageActionAnswered,
    NotificationDelivered,
    NotificationFailed,
    NotificationSent,
    NotificationSuppressed,
)
from shared.schemas.messages import MessageAction
from shared.schemas.rules import Channel
from tests.integration.scheduler.world import (
    OFFICE,
    UNIT,
    World,
    make_assignment,
    make_obligation,
    to_instant,
)

pytestmark = pytest.mark.integration
GRACE = timedelta(minutes=10)
PATIENCE = timedelta(days=7)


async def fired(world: World) -> ReminderDue:
    world.clock.instant = to_instant("2023-08-29 10:00")
    await world.tell(make_assignment(UNIT, ("1.1", make_obligation(UNIT, "1.1", "2023-08-31"))))
    (reminder,) = await world.fire("2023-08-30 09:00")
    return reminder


def fan_out(reminder: ReminderDue, *names: str) -> ReminderFannedOut:
    return ReminderFannedOut(
        office_id=OFFICE,
        unit_id=UNIT,
        reminder_id=reminder.reminder_id,
        audience=reminder.audience,
        slot=reminder.slot,
        notifications=tuple(
            NotificationRef(notification_id=identity.derive_id(n), channel=Channel.EMAIL)
            for n in names
        ),
    )


def about(reminder: ReminderDue, name: str) -> dict[str, object]:
    return {
        "office_id": OFFICE,
        "unit_id": UNIT,
        "reminder_id": reminder.reminder_id,
        "notification_id": identity.derive_id(name),
        "audience": reminder.audience,
        "channel": Channel.EMAIL,
        "slot": reminder.slot,
    }


def sent(reminder: ReminderDue, name: str) -> NotificationSent:
    return NotificationSent(
        **about(reminder, name), sent_at=reminder.slot, attempts=1, gateway="email"
    )


def suppressed(reminder: ReminderDue, name: str, reason: str) -> NotificationSuppressed:
    return NotificationSuppressed(**about(reminder, name), decided_at=reminder.slot, reason=reason)


async def gaps(world: World, later: timedelta = timedelta(0)) -> list[audit.Gap]:
    async with world.engine.connect() as db:
        return await audit.find_gaps(
            db, real_now=clock.read_machine_time() + later, grace=GRACE, patience=PATIENCE
        )


async def line(world: World) -> audit.UnitDay:
    async with world.engine.connect() as db:
        (day,) = await audit.count_unit_days(db, office_id=OFFICE)
    return day


def failed(reminder: ReminderDue, name: str) -> NotificationFailed:
    return NotificationFailed(
        **about(reminder, name), failed_at=reminder.slot, attempts=1, reason="busy"
    )


async def test_what_a_person_has_sent_again_is_pending_until_it_ends_anew(world: World) -> None:
    reminder = await fired(world)
    again = MessageActionAnswered(
        **about(reminder, "a"),
        request_id=identity.derive_id("request"),
        action=MessageAction.RESEND,
        answered_at=reminder.slot,
        reopened=True,
    )
    await world.deliver(fan_out(reminder, "a"), failed(reminder, "a"))
    assert (await line(world)).dead == 1
    await world.deliver(again)
    day = await line(world)
    assert (day.holds, day.dead, day.pending) == (True, 0, 1)
    await world.deliver(sent(reminder, "a"), again, failed(reminder, "a"))
    day = await line(world)
    assert (day.holds, day.dead, day.sent) == (True, 1, 0)


async def test_each_notification_is_counted_once_by_how_it_ended(world: World) -> None:
    reminder = await fired(world)
    delivered = NotificationDelivered(**about(reminder, "a"), delivered_at=reminder.slot)
    await world.deliver(fan_out(reminder, "a", "b", "c", "d", "e"))
    await world.deliver(
        sent(reminder, "a"),
        suppressed(reminder, "b", "withdrawn"),
        suppressed(reminder, "c", "quiet-hours"),
        failed(reminder, "d"),
        delivered,
    )
    day = await line(world)
    assert (day.unit_id, day.day, day.reminders, day.due) == (UNIT, date(2023, 8, 30), 1, 5)
    assert (day.sent, day.withdrawn, day.suppressed, day.dead, day.pending) == (1, 1, 1, 1, 1)
    assert day.holds
    assert audit.sum_days([day, day]).due == 10
    assert await gaps(world) == []


async def test_an_outcome_may_come_before_the_fan_out(world: World) -> None:
    reminder = await fired(world)
    await world.deliver(sent(reminder, "a"))
    assert not (await line(world)).holds
    await world.deliver(fan_out(reminder, "a"))
    day = await line(world)
    assert (day.due, day.sent, day.pending) == (1, 1, 0)
    assert await gaps(world) == []


async def test_a_reminder_that_nobody_fans_out_is_a_gap_after_the_grace(world: World) -> None:
    reminder = await fired(world)
    assert await gaps(world) == []
    assert (await line(world)).waiting == 1
    (gap,) = await gaps(world, later=timedelta(minutes=11))
    assert (gap.kind, gap.reminder_id) == (GapKind.NOT_FANNED_OUT, reminder.reminder_id)
    assert gap.to_log_fields()["reminder_id"] == str(reminder.reminder_id)


async def test_a_notification_row_deleted_by_hand_is_named(world: World) -> None:
    reminder = await fired(world)
    await world.deliver(fan_out(reminder, "a", "b"))
    await world.fetch_rows(
        "DELETE FROM scheduler.notifications WHERE notification_id = :n", n=identity.derive_id("b")
    )
    (gap,) = await gaps(world)
    assert (gap.kind, gap.due, gap.stored) == (GapKind.NOTIFICATIONS_MISSING, 2, 1)
    assert not (await line(world)).holds


async def test_an_outcome_that_no_fan_out_named_is_a_gap(world: World) -> None:
    reminder = await fired(world)
    await world.deliver(fan_out(reminder, "a"), sent(reminder, "a"), sent(reminder, "x"))
    (gap,) = await gaps(world)
    assert (gap.kind, gap.due, gap.stored) == (GapKind.NOTIFICATIONS_EXTRA, 1, 2)


async def test_a_notification_without_its_reminder_is_a_gap(world: World) -> None:
    reminder = await fired(world)
    await world.deliver(fan_out(reminder, "a"))
    await world.fetch_rows("DELETE FROM scheduler.reminders")
    (gap,) = await gaps(world)
    assert (gap.kind, gap.notification_id) == (GapKind.REMINDER_UNKNOWN, identity.derive_id("a"))


async def test_what_is_pending_for_too_long_is_named(world: World) -> None:
    reminder = await fired(world)
    await world.deliver(fan_out(reminder, "a", "b"), sent(reminder, "a"))
    assert await gaps(world, later=timedelta(days=6)) == []
    (gap,) = await gaps(world, later=timedelta(days=8))
    assert (gap.kind, gap.notification_id) == (GapKind.PENDING_TOO_LONG, identity.derive_id("b"))
    assert (gap.reminder_id, gap.due, gap.stored) == (reminder.reminder_id, 1, 0)


async def test_a_reminder_without_contacts_is_counted_as_unheard(world: World) -> None:
    reminder = await fired(world)
    await world.deliver(fan_out(reminder))
    day = await line(world)
    assert (day.unheard, day.due) == (1, 0)
    assert day.holds
    assert await gaps(world) == []


async def test_the_audit_loop_reports_gaps_in_a_metric(world: World) -> None:
    reminder = await fired(world)
    await world.deliver(fan_out(reminder, "a"))
    await world.fetch_rows("DELETE FROM scheduler.notifications")
    await world.ticking.audit()
    assert ticking._GAPS._value.get() == 1


async def audited(world: World) -> float:
    await world.ticking.audit()
    return ticking._GAPS._value.get()


async def test_a_gap_is_not_over_because_it_is_old(world: World) -> None:
    reminder = await fired(world)
    await world.deliver(fan_out(reminder, "a"))
    await world.fetch_rows("DELETE FROM scheduler.notifications")
    assert await audited(world) == 1
    world.clock.instant = to_instant("2024-06-01 09:00")
    assert await audited(world) == 1
    await world.deliver(fan_out(reminder, "a"), sent(reminder, "a"))
    assert await audited(world) == 0
    assert await world.fetch_rows("SELECT reminder_id FROM scheduler.gaps") == []


async def test_a_notification_without_its_reminder_is_found_however_old_it_is(
    world: World,
) -> None:
    reminder = await fired(world)
    await world.deliver(fan_out(reminder, "a"), sent(reminder, "a"))
    await world.fetch_rows("DELETE FROM scheduler.reminders")
    assert await audited(world) == 1
    world.clock.instant = to_instant("2024-06-01 09:00")
    assert await audited(world) == 1


@pytest.mark.parametrize(
    ("named", "aged"),
    [
        ((), "UPDATE scheduler.reminders SET emitted_at = now() - CAST('200d' AS interval)"),
        (("a",), "UPDATE scheduler.notifications SET told_at = now() - CAST('200d' AS interval)"),
    ],
    ids=["not fanned out", "pending"],
)
async def test_what_is_open_is_looked_at_however_old_it_is(
    world: World, named: tuple[str, ...], aged: str
) -> None:
    reminder = await fired(world)
    if named:
        await world.deliver(fan_out(reminder, *named))
    await world.fetch_rows(aged)
    world.clock.instant = to_instant("2024-06-01 09:00")
    assert await audited(world) == 1
