"""What counts as lost, doubled, unexpected, and offered again."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from lab.chaos.oracle.arrivals import ArrivedMessage, Episode, ExpectedNotification, judge_arrivals
from lab.chaos.oracle.planner import Oracle, plan_notifications
from shared.calendar import WorkingCalendar
from shared.messages.recipients import Recipient
from shared.planning.forecasting import ForecastObligation
from shared.planning.reminding import ReminderMeasure
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.schemas import identity
from shared.schemas.rules import ObligationKind

TOLD = datetime(2023, 6, 1, 1, tzinfo=UTC)
SLOT = datetime(2023, 7, 20, 1, tzinfo=UTC)
REAL = datetime(2026, 11, 24, 6, tzinfo=UTC)
UNIT = identity.derive_id("unit")
CONTACT = Recipient(identity.derive_id("c"), "liaison", "a@b.example", "13900000001", None, None)


def expected() -> dict[UUID, ExpectedNotification]:
    """A mail and an SMS of one reminder."""
    dates = Dates(ObligationKind.DEADLINE, date(2023, 8, 31), date(2023, 6, 1))
    measure = ReminderMeasure("1.1", "任务", "内容", "要点")
    owed = ForecastObligation(
        identity.derive_id("o"), UNIT, identity.derive_id("a"), dates, lead=False, measure=measure
    )
    (reminder,) = Oracle(make_default_rule_book(), WorkingCalendar(), [owed], TOLD).move_to(SLOT)
    return {
        one.notification.notification_id: ExpectedNotification(one, reminder, "县水利局", SLOT)
        for one in plan_notifications(reminder, {UNIT: [CONTACT]})
    }


def message(
    one: ExpectedNotification, seconds: float = 0, *, answered: bool = True
) -> ArrivedMessage:
    notification = one.planned.notification
    name = str(notification.notification_id)
    return ArrivedMessage(
        name=f"<{name}@cuiban.example>" if notification.channel == "email" else name,
        channel=notification.channel,
        to=notification.address,
        unit=one.unit,
        text="请及时办理",
        subject="",
        at=SLOT,
        received=REAL + timedelta(seconds=seconds),
        answered=answered,
    )


def episodes(*ends: float, **cut: int) -> list[Episode]:
    """Episodes that end after so many seconds; the cuts are in the first."""
    found = [Episode(REAL + timedelta(seconds=end)) for end in ends]
    found[0].cut = Counter(cut)
    return found


def test_each_that_was_due_and_came_once_is_delivered() -> None:
    wanted = expected()
    found = judge_arrivals(wanted, [message(one) for one in wanted.values()], episodes(10))
    assert (found.due, found.delivered, found.reoffered) == (2, 2, 0)
    assert found.lost == found.doubled == found.unexpected == []


def test_what_never_came_is_lost_and_named() -> None:
    wanted = expected()
    mail, sms = wanted.values()
    found = judge_arrivals(wanted, [message(sms)], episodes(10))
    (lost,) = found.lost
    assert str(mail.planned.notification.notification_id) in lost
    assert "县水利局" in lost
    assert "2023-07-20 09:00" in lost
    assert str(mail.reminder.reminder_id) in lost


def test_what_was_never_due_is_unexpected() -> None:
    wanted = expected()
    stray = replace(message(next(iter(wanted.values()))), name=str(UUID(int=1)), text="另一条")
    found = judge_arrivals(wanted, [*map(message, wanted.values()), stray], episodes(10))
    assert len(found.unexpected) == 1
    assert found.doubled == []


def test_the_same_words_under_another_id_are_a_double() -> None:
    wanted = expected()
    twin = replace(message(next(iter(wanted.values()))), name=f"<{UUID(int=1)}@cuiban.example>")
    found = judge_arrivals(wanted, [*map(message, wanted.values()), twin], episodes(10))
    assert len(found.doubled) == 1
    assert found.unexpected == []


def test_a_message_at_another_address_is_unexpected() -> None:
    wanted = expected()
    mail, sms = wanted.values()
    found = judge_arrivals(
        wanted, [message(sms), replace(message(mail), to="x@y.example")], episodes(10)
    )
    assert len(found.unexpected) == 1


def test_a_message_before_its_time_is_unexpected() -> None:
    wanted = expected()
    mail, sms = wanted.values()
    early = replace(message(mail), at=SLOT - timedelta(days=1))
    assert len(judge_arrivals(wanted, [message(sms), early], episodes(10)).unexpected) == 1


def test_a_repeat_after_an_answer_that_was_withheld_is_an_offer_again() -> None:
    wanted = expected()
    mail, sms = wanted.values()
    told = [message(sms), message(mail, 1, answered=False), message(mail, 2)]
    found = judge_arrivals(wanted, told, episodes(10))
    assert (found.reoffered, found.withheld, found.doubled) == (1, 1, [])


def test_a_repeat_that_nothing_explains_is_a_double() -> None:
    wanted = expected()
    mail, sms = wanted.values()
    found = judge_arrivals(wanted, [message(sms), message(mail, 1), message(mail, 2)], episodes(10))
    assert (found.reoffered, len(found.doubled)) == (0, 1)


def test_a_cut_explains_one_repeat_a_connection_and_only_in_its_own_time() -> None:
    wanted = expected()
    mail, sms = wanted.values()
    thrice = [message(sms), message(mail, 1), message(mail, 2), message(mail, 3)]
    found = judge_arrivals(wanted, thrice, episodes(10, email=1))
    assert (found.reoffered, len(found.doubled)) == (1, 1)
    found = judge_arrivals(wanted, thrice, episodes(10, email=2))
    assert (found.reoffered, found.withheld, len(found.doubled)) == (2, 0, 0)
    late = [message(sms), message(mail, 1), message(mail, 11)]
    found = judge_arrivals(wanted, late, episodes(10, 20, email=8))
    assert (found.reoffered, len(found.doubled)) == (0, 1)
    other = judge_arrivals(wanted, thrice[:3], episodes(10, sms=32))
    assert (other.reoffered, len(other.doubled)) == (0, 1)
