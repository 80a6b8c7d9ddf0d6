"""What a duty makes of each unit, how statuses change, and the lights."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.lifecycle import (
    Duty,
    ObligationDraft,
    derive_obligations,
    get_light,
    move_date,
)
from services.ingest.domain.periods import Period
from shared.calendar import WorkingCalendar
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light
from shared.schemas.rules import ObligationKind

HEARING = "单位主要负责人每年至少听取1次政务公开工作情况汇报，专题研究部署推进工作。"
END = date(2023, 12, 31)
DEADLINE = ObligationKind.DEADLINE
days = st.dates(date(2020, 1, 1), date(2027, 12, 31))


def test_each_date_of_a_measure_is_an_obligation_of_its_own():
    made = derive_obligations(Duty("公开", (date(2023, 8, 31), END), year=2023))
    assert made == (
        ObligationDraft(DEADLINE, "2023-08-31", date(2023, 8, 31)),
        ObligationDraft(DEADLINE, "2023-12-31", END),
    )


def test_a_continuous_duty_without_a_date_gets_no_made_up_year_end():
    assert derive_obligations(Duty("持续推进", continuous=True, year=2023)) == (
        ObligationDraft(DEADLINE, "2023", None),
    )
    assert derive_obligations(Duty("持续推进", continuous=True)) == (
        ObligationDraft(DEADLINE, "open", None),
    )


def test_a_continuous_duty_with_a_date_keeps_its_date():
    assert derive_obligations(Duty("并长期坚持", (END,), continuous=True)) == (
        ObligationDraft(DEADLINE, "2023-12-31", END),
    )


def test_a_measure_without_date_or_recurrence_makes_nothing():
    assert derive_obligations(Duty("加强领导", year=2023)) == ()


def test_hearing_the_report_once_a_year_is_a_hearing_of_the_year():
    made = derive_obligations(Duty(HEARING, (END,), per=Period.YEAR, year=2023))
    assert made == (ObligationDraft(ObligationKind.HEARING, "2023", END, 1),)


def test_a_hearing_without_a_date_is_owed_by_the_year_end():
    made = derive_obligations(Duty(HEARING, per=Period.YEAR, at_least=2, year=2023))
    assert made == (ObligationDraft(ObligationKind.HEARING, "2023", END, 2),)


def test_another_yearly_duty_is_a_deadline():
    made = derive_obligations(Duty("每年至少开展1次专项检查", (END,), per=Period.YEAR, year=2023))
    assert made == (ObligationDraft(DEADLINE, "2023", END),)


@pytest.mark.parametrize(
    ("per", "number"), [(Period.HALF_YEAR, 2), (Period.QUARTER, 4), (Period.MONTH, 12)]
)
def test_a_duty_of_every_period_is_owed_at_each_periods_end(per, number):
    made = derive_obligations(Duty("检查", per=per, year=2023))
    assert len(made) == number
    assert made[-1].due_on == END
    assert len({draft.period for draft in made}) == number


def test_a_period_is_never_owed_after_the_last_date_of_its_cell():
    made = derive_obligations(Duty("检查", (date(2023, 8, 31),), per=Period.QUARTER, year=2023))
    assert [draft.due_on for draft in made] == [
        date(2023, 3, 31),
        date(2023, 6, 30),
        date(2023, 8, 31),
    ]


def test_dates_that_the_cell_names_are_the_periods():
    named = (date(2023, 3, 20), date(2023, 6, 20), date(2023, 9, 20), date(2023, 12, 20))
    made = derive_obligations(Duty("每季度末月20日前", named, per=Period.QUARTER, year=2023))
    assert [draft.due_on for draft in made] == list(named)


def test_a_recurring_duty_without_any_year_makes_nothing():
    assert derive_obligations(Duty("检查", per=Period.QUARTER)) == ()


def test_an_obligation_of_a_period_is_owed_from_its_beginning():
    made = derive_obligations(Duty("每季度检查", per=Period.QUARTER, year=2023))
    assert [draft.begins_on for draft in made] == [date(2023, month, 1) for month in (1, 4, 7, 10)]
    today = date(2023, 5, 9)
    assert made[1].get_known_on(today) == today
    assert made[2].get_known_on(today) == date(2023, 7, 1)


def test_weeks_stay_within_the_year():
    made = derive_obligations(Duty("每周更新", per=Period.WEEK, year=2023))
    assert len(made) == 52
    assert all(draft.due_on is not None and draft.due_on <= END for draft in made)


@given(
    st.lists(days, max_size=4),
    st.booleans(),
    st.sampled_from([None, *Period]),
    st.one_of(st.none(), st.integers(2020, 2027)),
    st.sampled_from([HEARING, "检查"]),
)
def test_periods_are_distinct_and_no_date_is_after_the_cells_last(due, continuous, per, year, text):
    made = derive_obligations(
        Duty(text, tuple(sorted(due)), continuous=continuous, per=per, year=year)
    )
    assert len({draft.period for draft in made}) == len(made)
    if due:
        assert made
        assert all(draft.due_on is not None and draft.due_on <= max(due) for draft in made)


@given(days, days, st.integers(0, 60))
def test_a_light_is_yellow_from_the_near_working_day_on(today, due_on, near):
    calendar = WorkingCalendar()
    begins = calendar.shift(calendar.roll_backward(due_on), -near)
    lit = get_light(
        ObligationStatus.ASSIGNED, due_on, today, calendar.find_near_horizon(today, near)
    )
    if today > due_on:
        assert lit is Light.RED
    elif today >= begins:
        assert lit is Light.YELLOW
    else:
        assert lit is Light.GREEN


def test_what_is_done_or_has_no_date_has_its_own_light():
    today = date(2023, 6, 1)
    assert get_light(ObligationStatus.DONE, today - timedelta(1), today, today) is Light.DONE
    assert get_light(ObligationStatus.IN_PROGRESS, None, today, today) is Light.NONE
    assert get_light(ObligationStatus.WITHDRAWN, today, today, today) is Light.NONE


@pytest.mark.parametrize(
    ("current", "was", "to", "becomes"),
    [
        (date(2023, 9, 30), date(2023, 9, 30), date(2023, 10, 31), date(2023, 10, 31)),
        (date(2023, 9, 30), date(2023, 9, 30), date(2023, 8, 31), date(2023, 8, 31)),
        (date(2023, 12, 15), date(2023, 9, 30), date(2023, 10, 31), date(2023, 12, 15)),
        (date(2023, 10, 15), date(2023, 9, 30), date(2023, 10, 31), date(2023, 10, 31)),
        (date(2023, 12, 15), date(2023, 9, 30), None, None),
        (None, None, date(2023, 10, 31), date(2023, 10, 31)),
    ],
)
def test_a_granted_date_stays_unless_the_measures_own_is_later(current, was, to, becomes) -> None:
    before = ObligationDraft(ObligationKind.DEADLINE, "x", was)
    assert move_date(current, before, ObligationDraft(ObligationKind.DEADLINE, "y", to)) == becomes
