"""A reminder becomes notifications."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from services.notifier.domain import reporting
from services.notifier.domain.fanout import (
    DueReminder,
    PlannedNotification,
    fan_out,
    list_left_out,
    select_owed,
)
from shared.messages.recipients import Recipient
from shared.messages.stages import SuppressReason
from shared.schemas import identity
from shared.schemas.events import ReminderFannedOut
from shared.schemas.gateway_events import NotificationSuppressed
from shared.schemas.rules import Audience, Channel

SLOT = datetime(2023, 12, 25, 22, 0, tzinfo=UTC)  # the 26th, 06:00, in Shanghai
UNIT, FIRST, SECOND = UUID(int=2), UUID(int=11), UUID(int=12)
DUE = DueReminder(
    reminder_id=UUID(int=3),
    office_id=UUID(int=1),
    unit_id=UNIT,
    audience=Audience.LIAISON,
    slot=SLOT,
    timezone="Asia/Shanghai",
    channels=(Channel.EMAIL, Channel.SMS, Channel.EMAIL),
    obligation_ids=(FIRST, SECOND),
    correlation_id=UUID(int=4),
)


def recipient(number: int = 1, post: str = "liaison", **more) -> Recipient:
    facts = {"email": "a@b.example", "mobile": "138", "valid_from": None, "valid_to": None} | more
    return Recipient(UUID(int=100 + number), post, **facts)


def test_one_for_each_contact_and_channel_under_deterministic_ids() -> None:
    planned = fan_out(DUE, [recipient(1), recipient(2), recipient(3, "head")], SLOT)
    assert {(p.contact_id, p.notification.channel) for p in planned} == {
        (UUID(int=100 + n), channel) for n in (1, 2) for channel in (Channel.EMAIL, Channel.SMS)
    }
    assert len(planned) == 4
    for plan in planned:
        made = identity.derive_notification_id(
            DUE.reminder_id, plan.contact_id, plan.notification.channel
        )
        assert plan.notification.notification_id == made


def addresses(planned: list[PlannedNotification]) -> set[str]:
    return {plan.notification.address for plan in planned if plan.suppressed is None}


def test_validity_is_judged_on_the_local_day() -> None:
    day = date(2023, 12, 26)
    assert recipient(valid_from=day, valid_to=day).is_valid_on(day)
    gone = recipient(valid_to=day - timedelta(days=1))
    assert {p.suppressed for p in fan_out(DUE, [gone], SLOT)} == {SuppressReason.NO_CONTACT}
    assert {p.suppressed for p in fan_out(DUE, [recipient(valid_from=day)], SLOT)} == {None}


def test_of_those_who_follow_each_other_one_is_written_to() -> None:
    day = date(2023, 12, 26)
    leaves = recipient(email="old@x", mobile="1", valid_to=day - timedelta(days=1))
    comes = recipient(email="new@x", mobile="2", valid_from=day)
    assert addresses(fan_out(DUE, [leaves, comes], SLOT)) == {"new@x", "2"}
    before = SLOT - timedelta(days=1)
    earlier = replace(DUE, slot=before)
    assert addresses(fan_out(earlier, [leaves, comes], before)) == {"old@x", "1"}
    assert addresses(fan_out(earlier, [leaves, comes], SLOT)) == {"new@x", "2"}, "after an outage"
    assert addresses(fan_out(DUE, [leaves, comes], before)) == {"new@x", "2"}, "a clock behind"


def test_a_contact_that_is_listed_twice_for_a_day_makes_one_notification() -> None:
    planned = fan_out(DUE, [recipient(email="a@x"), recipient(email="b@x")], SLOT)
    assert len({plan.notification.notification_id for plan in planned}) == len(planned) == 2


def test_a_channel_without_an_address_makes_no_notification_where_another_reaches_the_post() -> (
    None
):
    planned = fan_out(DUE, [recipient(mobile=" ")], SLOT)
    assert [(p.notification.channel, p.suppressed) for p in planned] == [(Channel.EMAIL, None)]
    assert list_left_out(DUE, planned) == [Channel.SMS], "counted apart"


def test_without_any_address_each_channel_has_a_suppressed_notification() -> None:
    planned = fan_out(DUE, [recipient(email="", mobile=" ")], SLOT)
    assert [(p.notification.channel, p.suppressed) for p in planned] == [
        (channel, SuppressReason.NO_ADDRESS) for channel in (Channel.EMAIL, Channel.SMS)
    ]
    assert list_left_out(DUE, planned) == []


def test_withdrawn_items_are_left_out_up_to_their_slot() -> None:
    withdrawn = {(UNIT, FIRST): SLOT, (UNIT, SECOND): SLOT - timedelta(seconds=1)}
    assert select_owed(UNIT, SLOT, (FIRST, SECOND), withdrawn) == (SECOND,)
    (plan, _) = fan_out(DUE, [recipient()], SLOT, withdrawn)
    assert plan.notification.obligation_ids == (SECOND,)
    assert plan.suppressed is None


def test_with_nothing_left_everything_is_withdrawn() -> None:
    withdrawn = {(UNIT, FIRST): SLOT, (UNIT, SECOND): SLOT}
    planned = fan_out(DUE, [recipient()], SLOT, withdrawn)
    assert {p.suppressed for p in planned} == {SuppressReason.WITHDRAWN}
    assert planned[0].notification.obligation_ids == (FIRST, SECOND)


def test_it_is_told_which_notifications_there_are_and_which_ended() -> None:
    first, _, _, last = fan_out(DUE, [recipient(2, email="", mobile=""), recipient()], SLOT)
    planned = [first, last]
    fanned, ended = reporting.report_fan_out(DUE, planned, SLOT)
    assert isinstance(fanned.event, ReminderFannedOut)
    assert isinstance(ended.event, NotificationSuppressed)
    assert [ref.channel for ref in fanned.event.notifications] == ["email", "sms"]
    assert ended.event.reason == "no-address"
    assert {fanned.correlation_id, ended.correlation_id} == {DUE.correlation_id}
    again = reporting.report_fan_out(DUE, planned, SLOT + timedelta(days=1))
    assert [envelope.id for envelope in again] == [fanned.id, ended.id]


BOTH = frozenset({Channel.EMAIL, Channel.SMS})


def test_an_address_that_is_set_aside_is_none_and_the_other_channel_is_used() -> None:
    planned = fan_out(DUE, [recipient(set_aside=frozenset({Channel.SMS}))], SLOT)
    assert [(p.notification.channel, p.suppressed) for p in planned] == [(Channel.EMAIL, None)]


def test_the_next_post_with_an_address_hears_what_no_address_of_the_audience_takes() -> None:
    contacts = [
        recipient(1, set_aside=BOTH),
        recipient(2, "deputy", set_aside=BOTH),
        recipient(3, "head", mobile="139"),
    ]
    planned = fan_out(DUE, contacts, SLOT)
    assert {(p.contact_id, p.notification.address) for p in planned} == {
        (UUID(int=103), "a@b.example"),
        (UUID(int=103), "139"),
    }
    assert {p.notification.audience for p in planned} == {Audience.LIAISON}


def test_the_audience_hears_itself_while_one_of_its_contacts_has_an_address() -> None:
    contacts = [recipient(1, set_aside=BOTH), recipient(2), recipient(3, "deputy")]
    heard = {p.contact_id for p in fan_out(DUE, contacts, SLOT) if p.suppressed is None}
    assert heard == {UUID(int=102)}


def test_without_another_post_the_messages_are_suppressed() -> None:
    planned = fan_out(DUE, [recipient(1, set_aside=BOTH)], SLOT)
    assert {p.suppressed for p in planned} == {SuppressReason.NO_ADDRESS}


def test_a_post_without_an_address_of_its_own_is_not_passed_over() -> None:
    contacts = [recipient(1, email="", mobile=""), recipient(2, "deputy")]
    planned = fan_out(DUE, contacts, SLOT)
    assert {p.suppressed for p in planned} == {SuppressReason.NO_ADDRESS}
