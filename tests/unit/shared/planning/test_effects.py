"""Whether a unit hears something else under another book: one difference a case."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.calendar import WorkingCalendar
from shared.planning.effects import has_other_reminders
from shared.planning.forecasting import ForecastObligation
from shared.planning.reminding import ReminderMeasure
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.schemas.identity import derive_id
from shared.schemas.rules import ObligationKind

NOW = datetime(2023, 6, 1, 1, tzinfo=UTC)
BOOK = make_default_rule_book().model_dump(mode="json")


def owe(due_on: date, *, lead: bool = False) -> ForecastObligation:
    return ForecastObligation(
        derive_id("office"),
        derive_id("unit"),
        derive_id("obligation", due_on, lead),
        Dates(ObligationKind.DEADLINE, due_on, date(2023, 5, 8)),
        lead,
        ReminderMeasure("1.1", "任务", "内容", "要点"),
    )


SUPPORTING = owe(date(2023, 7, 14))


def is_other(*owed: ForecastObligation, near: int = 15, **fields: Any) -> bool:
    rules = [BOOK["rules"][0] | fields, BOOK["rules"][1]]
    other = RuleBook.model_validate(BOOK | {"rules": rules, "near_working_days": near})
    live = make_default_rule_book()
    calendar = WorkingCalendar()
    return has_other_reminders(
        Timetable(live, calendar),
        Timetable(other, calendar),
        owed,
        planned_at=NOW,
        until=NOW + timedelta(days=90),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"when": [{"type": "before-due", "working_days": [7]}]},
        {"at": "10:00"},
        {"who": [{"audience": "deputy"}]},
        {"channels": ["email"]},
        {"select": {"lead": True}},
    ],
    ids=str,
)
def test_slot_audience_channels_and_conditions_are_heard(fields: dict[str, Any]) -> None:
    assert is_other(SUPPORTING, **fields)


@pytest.mark.parametrize(
    "fields",
    [{}, {"catch_up": "skip"}, {"near": 3}, {"select": {"not": {"task": "9"}}}],
    ids=str,
)
def test_what_no_message_says_is_not_heard(fields: dict[str, Any]) -> None:
    assert not is_other(SUPPORTING, **fields)


def test_only_what_comes_within_the_time_counts() -> None:
    late = owe(date(2023, 12, 29))
    assert not is_other(late, channels=["email"])
    assert is_other(late, SUPPORTING, channels=["email"])


def test_another_obligation_at_the_same_slot_is_something_else() -> None:
    leading = owe(date(2023, 7, 14), lead=True)
    assert not is_other(leading, select={"lead": True})
    assert is_other(leading, SUPPORTING, select={"lead": True})


def test_a_unit_that_owes_nothing_hears_nothing_else() -> None:
    assert not is_other(channels=["email"])
