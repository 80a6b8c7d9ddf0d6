"""The oracle says what the scheduler does, wherever the clock stands."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.chaos.oracle.planner import Oracle, plan_notifications
from shared.calendar import WorkingCalendar
from shared.messages.recipients import Recipient
from shared.planning.forecasting import ForecastObligation, forecast
from shared.planning.reminding import ReminderMeasure
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.schemas import identity
from shared.schemas.rules import ObligationKind

OFFICE = identity.derive_id("office")
TOLD = datetime(2023, 6, 1, 1, tzinfo=UTC)
END = datetime(2024, 1, 31, 15, tzinfo=UTC)
BOOK, CALENDAR = make_default_rule_book(), WorkingCalendar()


def one(name: str, due_on: date, unit: str = "unit") -> ForecastObligation:
    dates = Dates(ObligationKind.DEADLINE, due_on, date(2023, 6, 1))
    measure = ReminderMeasure("1.1", "任务", "内容", "要点")
    return ForecastObligation(
        OFFICE,
        identity.derive_id(unit),
        identity.derive_id(name),
        dates,
        lead=False,
        measure=measure,
    )


def oracle(*owed: ForecastObligation) -> Oracle:
    return Oracle(BOOK, CALENDAR, owed, TOLD)


def slots(found) -> list[str]:
    return [reminder.slot.date().isoformat() for reminder in found]


@settings(max_examples=20)
@given(st.lists(st.dates(date(2023, 6, 2), date(2024, 3, 1)), min_size=1, max_size=5))
def test_from_slot_to_slot_it_says_what_the_planner_forecasts(dues) -> None:
    owed = [one(f"{n}", due, f"unit{n % 2}") for n, due in enumerate(dues)]
    followed, said = oracle(*owed), []
    while (slot := followed.find_next_slot()) <= END:
        said += followed.move_to(slot)
    wanted = forecast(BOOK, CALENDAR, owed, changes={}, planned_at=TOLD, until=END)
    assert {r.reminder_id: r.items for r in said} == {r.reminder_id: r.items for r in wanted}
    assert len(said) == len(wanted)


def test_a_jump_over_several_slots_fires_the_latest_alone() -> None:
    followed = oracle(one("a", date(2023, 8, 31)))
    assert slots(followed.move_to(datetime(2023, 8, 25, 3, tzinfo=UTC))) == ["2023-08-22"]
    assert slots(followed.move_to(datetime(2023, 8, 28, 3, tzinfo=UTC))) == ["2023-08-28"]


def test_a_clock_that_is_set_back_fires_nothing_again() -> None:
    followed = oracle(one("a", date(2023, 8, 31)))
    first = followed.move_to(datetime(2023, 8, 22, 3, tzinfo=UTC))
    assert slots(first) == ["2023-08-22"]
    assert followed.move_to(datetime(2023, 7, 20, 3, tzinfo=UTC)) == []
    assert followed.move_to(datetime(2023, 8, 22, 3, tzinfo=UTC)) == []


def test_nothing_fires_for_what_has_ended() -> None:
    followed = oracle(one("a", date(2023, 8, 31)))
    followed.end_obligation(identity.derive_id("a"))
    assert followed.find_next_slot() is None


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=30))
@settings(max_examples=50)
def test_wherever_the_clock_stands_no_slot_fires_twice(hours) -> None:
    followed = oracle(one("a", date(2023, 8, 31)), one("b", date(2023, 9, 15)))
    said = [r for hour in hours for r in followed.move_to(TOLD + timedelta(hours=hour))]
    assert len({r.reminder_id for r in said}) == len(said)


def test_a_reminder_becomes_one_notification_a_contact_and_channel() -> None:
    (reminder,) = oracle(one("a", date(2023, 8, 31))).move_to(datetime(2023, 7, 20, 1, tzinfo=UTC))
    contact = Recipient(identity.derive_id("c"), "liaison", "a@b.example", "", None, None)
    made = plan_notifications(reminder, {reminder.unit_id: [contact]})
    assert [(p.notification.channel, p.suppressed) for p in made] == [("email", None)]
    assert {p.suppressed for p in plan_notifications(reminder, {})} == {"no-contact"}
