from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import WorkingCalendar
from shared.planning.timers import (
    Timer,
    choose_occurrences,
    compute_plan_start,
    get_later,
    plan_timers,
    replan_timers,
)
from shared.planning.timetable import Timetable
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.schemas import identity
from shared.schemas.rules import CatchUp, ObligationKind

ID = identity.derive_id("obligation")
BOOK = make_default_rule_book()
RULE = BOOK.rules[0]
TABLE = Timetable(BOOK, WorkingCalendar())
DATES = Dates(ObligationKind.DEADLINE, date(2023, 8, 31), date(2023, 6, 1))
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


DAY_BEFORE, THAT_DAY = at("2023-08-30 09:00"), at("2023-08-31 09:00")


@given(st.datetimes(datetime(2022, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_nothing_is_planned_in_the_past(after: datetime) -> None:
    timers = list(plan_timers(TABLE, ID, DATES, after))
    assert all(timer.next_fire_at > after for timer in timers)
    assert [timer.rule_id for timer in timers] == ["deadline"]


def anew(before, changed, fired_until=None):
    planned = replan_timers(
        TABLE, ID, DATES, before=before, changed=changed, fired_until=fired_until
    )
    return [timer.next_fire_at for timer in planned]


def test_after_a_change_it_is_planned_from_the_change() -> None:
    assert anew({}, at("2023-08-30 08:00")) == [DAY_BEFORE]
    assert anew({"deadline": THAT_DAY}, at("2023-08-30 08:00")) == [DAY_BEFORE]
    assert anew({"gone": DAY_BEFORE}, at("2023-08-30 10:00")) == [THAT_DAY]


def test_a_slot_that_was_due_and_has_not_fired_stays_due() -> None:
    assert anew({"deadline": DAY_BEFORE}, at("2023-08-30 10:00")) == [DAY_BEFORE]


def test_a_slot_that_fired_stays_fired() -> None:
    assert anew({}, at("2023-08-29 10:00"), fired_until=DAY_BEFORE) == [THAT_DAY]
    assert anew({"deadline": DAY_BEFORE}, at("2023-08-29 10:00"), DAY_BEFORE) == [THAT_DAY]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (THAT_DAY - HOUR, THAT_DAY - HOUR),
        (THAT_DAY + HOUR, THAT_DAY),
        (THAT_DAY - timedelta(days=400), THAT_DAY - timedelta(days=3)),
    ],
)
def test_a_fact_is_planned_from_when_it_was_told_within_reason(told, expected) -> None:
    assert compute_plan_start(told, THAT_DAY, timedelta(days=3)) == expected


def test_the_later_of_two_instants() -> None:
    assert get_later(DAY_BEFORE, None) == DAY_BEFORE
    assert get_later(DAY_BEFORE, THAT_DAY) == THAT_DAY


@pytest.mark.parametrize(
    ("catch_up", "slots", "passed_over"),
    [
        (CatchUp.LATEST, [THAT_DAY], 1),
        (CatchUp.ALL, [DAY_BEFORE, THAT_DAY], 0),
        (CatchUp.SKIP, [THAT_DAY], 1),
    ],
)
def test_catch_up_chooses_among_what_was_missed(catch_up, slots, passed_over) -> None:
    rule = RULE.model_copy(update={"catch_up": catch_up})
    timer = Timer(ID, "deadline", DAY_BEFORE, 0)
    chosen, passed = choose_occurrences(TABLE, rule, DATES, timer, now=THAT_DAY + HOUR, grace=HOUR)
    assert [occurrence.slot for occurrence in chosen] == slots
    assert passed == passed_over


def test_skip_leaves_out_all_that_is_later_than_the_grace() -> None:
    rule = RULE.model_copy(update={"catch_up": CatchUp.SKIP})
    timer = Timer(ID, "deadline", THAT_DAY, 0)
    assert choose_occurrences(TABLE, rule, DATES, timer, now=THAT_DAY + 2 * HOUR, grace=HOUR) == (
        [],
        1,
    )
    chosen, _ = choose_occurrences(TABLE, rule, DATES, timer, now=THAT_DAY, grace=timedelta(0))
    assert [occurrence.slot for occurrence in chosen] == [THAT_DAY]
