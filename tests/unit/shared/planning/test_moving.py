"""Which reminders move with the calendar, beside what the two calendars expect."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import WorkingCalendar
from shared.planning.expected import Era, ObligationHistory, ObligationVersion, compute_expected
from shared.planning.moving import MoveCounter, SlotMove
from shared.planning.timetable import Timetable
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.schemas import identity
from shared.schemas.rules import Audience, ObligationKind

BOOK = make_default_rule_book()
ID = identity.derive_id("obligation")
NOW = datetime(2026, 9, 1, 4, tzinfo=UTC)
UNTIL = datetime(2027, 12, 31, 15, 59, tzinfo=UTC)
KINDS = st.sampled_from(ObligationKind)
DATES = st.builds(
    Dates,
    KINDS,
    st.dates(date(2026, 6, 1), date(2027, 12, 31)),
    st.dates(date(2026, 3, 1), date(2027, 6, 30)),
)
CHANGES = st.dictionaries(
    st.dates(date(2026, 9, 2), date(2027, 12, 31)), st.booleans(), max_size=25
)


def make_counter(days: dict[date, bool], before: dict[date, bool] | None = None) -> MoveCounter:
    old = Timetable(BOOK, WorkingCalendar(0, before or {}))
    return MoveCounter(old, Timetable(BOOK, WorkingCalendar(1, days)), NOW, UNTIL)


def list_slots(days: dict[date, bool], dates: Dates) -> Counter[datetime]:
    """The slots still to come that an audit would expect, by its own computation."""
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    era = Era(long_ago, None, Timetable(BOOK, WorkingCalendar(1, days)))
    version = ObligationVersion(dates, owed=True, since=long_ago)
    history = ObligationHistory(ID, (version,))
    first = NOW + timedelta(microseconds=1)
    expected = compute_expected([era], [history], first, UNTIL)
    return Counter(slot for slot, audience in expected if audience is Audience.LIAISON)


def local(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 1, tzinfo=UTC)  # 09:00 at the office


def test_a_reminder_before_a_date_moves_away_from_a_new_day_off() -> None:
    dates = Dates(ObligationKind.DEADLINE, date(2026, 9, 18), date(2026, 1, 5))
    counter = make_counter({date(2026, 9, 17): False})
    counter.add_unit(ID, [dates, dates])
    counter.add_unit(ID, [dates])
    counter.add_unit(ID, [])
    moved = {
        (count.move.before, count.move.after): (count.units, count.obligations)
        for count in counter.list_counts()
        if count.move.before is not None and count.move.before <= local(dates.due_on or NOW.date())
    }
    assert moved[local(date(2026, 9, 17)), local(date(2026, 9, 16))] == (2, 3)
    assert (local(date(2026, 9, 18)), None) not in moved


def test_a_reminder_whose_new_slot_has_passed_is_dropped() -> None:
    dates = Dates(ObligationKind.DEADLINE, date(2026, 9, 2), date(2026, 1, 5))
    moves = make_counter({date(2026, 9, 2): False}).list_moves(dates)
    assert SlotMove("deadline", local(date(2026, 9, 2)), None) in moves


def test_a_reminder_that_fired_and_now_lies_ahead_is_added() -> None:
    dates = Dates(ObligationKind.DEADLINE, date(2026, 9, 2), date(2026, 1, 5))
    moves = make_counter({}, {date(2026, 9, 2): False}).list_moves(dates)
    assert SlotMove("deadline", None, local(date(2026, 9, 2))) in moves


def test_an_overdue_reminder_keeps_its_number() -> None:
    dates = Dates(ObligationKind.DEADLINE, date(2026, 8, 31), date(2026, 1, 5))
    # Overdue on 3, 8, 11 September …; with the 3rd off on 4, 9, 14 ….
    moves = make_counter({date(2026, 9, 3): False}).list_moves(dates)
    pairs = [(move.before, move.after) for move in moves][:2]
    assert pairs == [
        (local(date(2026, 9, 3)), local(date(2026, 9, 4))),
        (local(date(2026, 9, 8)), local(date(2026, 9, 9))),
    ]


@given(DATES, CHANGES, CHANGES)
def test_the_moves_turn_the_old_reminders_into_the_new(
    dates: Dates, before: dict[date, bool], after: dict[date, bool]
) -> None:
    moves = make_counter(after, before).list_moves(dates)
    slots = list_slots(before, dates)
    slots.subtract(move.before for move in moves if move.before and move.before <= UNTIL)
    slots.update(move.after for move in moves if move.after and move.after <= UNTIL)
    # An overdue reminder and one before the date never share a slot, so each slot counts alone.
    assert +slots == list_slots(after, dates)
    assert not -slots
    assert all(move.before != move.after for move in moves)


@given(DATES, CHANGES)
def test_nothing_moves_into_the_past_or_with_an_equal_calendar(
    dates: Dates, days: dict[date, bool]
) -> None:
    for move in make_counter(days).list_moves(dates):
        assert all(slot > NOW for slot in (move.before, move.after) if slot is not None)
    assert make_counter(days, days).list_moves(dates) == ()
