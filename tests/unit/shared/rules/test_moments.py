"""When each moment reminds, one sentence a case: a rule, an obligation, a calendar, its days."""

from datetime import date, datetime, time
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from shared.rules.days import list_days
from shared.rules.occurrences import make_slot
from tests.unit.shared.rules.moments import NATIONAL, WHEN, list_slots, make_rule

SUNDAY = "2023-12-31"
"""The table's date: joined to the holiday of 1 January, the last working day is Friday the 29th."""


CASES = {
    "ten and no calendar days before a Sunday, on the working day before": (
        {"type": "days-before", "days": [10, 0]},
        (SUNDAY, "2023-06-01"),
        ["12-21", "12-29"],
    ),
    "as it is, the Sunday itself": (
        {"type": "days-before", "days": [0], "convention": "as-is"},
        (SUNDAY, "2023-06-01"),
        ["12-31"],
    ),
    "next would be after the date, so the working day before is taken": (
        {"type": "days-before", "days": [1, 0], "convention": "next"},
        (SUNDAY, "2023-06-01"),
        ["12-29"],
    ),
    "every third working day after the date, three times": (
        {"type": "after-due", "every_working_days": 3, "limit": 3},
        (SUNDAY, "2023-06-01"),
        ["01-04/1", "01-09/2", "01-12/3"],
    ),
    "an interval that doubles up to ten": (
        {
            "type": "after-due",
            "every_working_days": 3,
            "factor": 2,
            "longest": 10,
            "limit": 4,
        },
        ("2023-10-09", "2023-06-01"),
        ["10-12/1", "10-20/2", "11-03/3", "11-17/4"],
    ),
    "every two calendar days, a Saturday and the Monday fall together": (
        {"type": "after-due", "every_days": 2, "limit": 3},
        ("2023-06-08", "2023-06-01"),
        ["06-12/1", "06-14/2", "06-16/3"],
    ),
    "previous never moves onto the due date": (
        {"type": "after-due", "every_days": 1, "limit": 2, "convention": "previous"},
        ("2023-06-09", "2023-06-01"),
        ["06-12/1", "06-13/2"],
    ),
    "what was past when it became known is counted from that day": (
        {"type": "after-due", "every_working_days": 1, "limit": 2},
        ("2023-03-31", "2023-06-01"),
        ["06-02/1", "06-05/2"],
    ),
    "named dates up to the due date, a holiday on the day before it": (
        {"type": "dates", "dates": ["2023-10-01", "2023-11-15", "2024-02-01"]},
        (SUNDAY, "2023-06-01"),
        ["09-28", "11-15"],
    ),
    "named dates until it is done": (
        {"type": "dates", "dates": ["2023-11-15", "2024-02-01"], "span": "until-done"},
        (SUNDAY, "2023-06-01"),
        ["11-15", "02-01/1"],
    ),
    "each Monday, the one on a holiday on the working day after": (
        {"type": "weekly", "weekdays": ["monday"], "convention": "next"},
        ("2023-10-16", "2023-09-25"),
        ["09-25", "10-07", "10-09", "10-16"],
    ),
    "Mondays and Thursdays while it is overdue": (
        {"type": "weekly", "weekdays": ["thursday", "monday"], "span": "overdue"},
        ("2023-11-01", "2023-06-01"),
        ["11-02/1", "11-06/2", "11-09/3"],
    ),
    "the 31st is the last day of a shorter month": (
        {"type": "monthly", "days": [31], "convention": "as-is"},
        ("2023-12-31", "2023-09-15"),
        ["09-30", "10-31", "11-30", "12-31"],
    ),
    "the last day but one, on the working day before": (
        {"type": "monthly", "days": [-2]},
        ("2023-12-31", "2023-10-15"),
        ["10-30", "11-29", "12-29"],
    ),
    "the second and the last working day of a month": (
        {"type": "nth-working-day", "numbers": [2, -1]},
        ("2023-10-31", "2023-09-15"),
        ["09-28", "10-08", "10-31"],
    ),
    "the first working day of a quarter": (
        {"type": "nth-working-day", "numbers": [1], "of": "quarter"},
        ("2024-04-30", "2023-08-01"),
        ["10-07", "01-02", "04-01"],
    ),
    "a month without a 23rd working day has none": (
        {"type": "nth-working-day", "numbers": [23]},
        ("2023-12-31", "2023-01-01"),
        ["03-31", "08-31"],
    ),
    "cron: 14:30 on the third Friday of each month": (
        {"type": "cron", "expression": "30 14 * * FRI#3"},
        ("2023-08-31", "2023-06-01"),
        ["06-16", "07-21", "08-18"],
    ),
}


def show(when: dict[str, Any], due: str, known: str, number: int) -> list[str]:
    moment = WHEN.validate_python(when, extra="forbid")
    due_on, known_on = date.fromisoformat(due), date.fromisoformat(known)
    listed = (
        (day, overdue)
        for day, overdue in list_days(moment, due_on, known_on, NATIONAL)
        if day >= known_on
    )
    return [f"{day:%m-%d}" + (f"/{n}" if n else "") for day, n in islice(listed, number)]


@pytest.mark.parametrize(("when", "dates", "days"), CASES.values(), ids=CASES)
def test_a_moment_reminds_on_these_days(
    when: dict[str, Any], dates: tuple[str, str], days: list[str]
) -> None:
    ends = when.get("span", "until-due") == "until-due" or "limit" in when or "dates" in when
    assert show(when, *dates, len(days) + ends) == days


def test_a_rule_has_one_time_of_day_in_its_own_zone() -> None:
    cron = {"type": "cron", "expression": "30 14 1 * *"}
    other = {"type": "monthly", "days": [1, 20], "convention": "as-is"}
    rule = make_rule(cron, other, at="14:30", timezone="Asia/Urumqi")
    urumqi = ZoneInfo("Asia/Urumqi")
    assert list_slots(rule, date(2023, 6, 30), date(2023, 6, 1), 9) == [
        datetime(2023, 6, 1, 14, 30, tzinfo=urumqi),
        datetime(2023, 6, 20, 14, 30, tzinfo=urumqi),
    ]
    with pytest.raises(ValidationError, match="14:30"):
        make_rule(cron, other, at="14:00")


@pytest.mark.parametrize(
    ("day", "at", "zone", "utc"),
    [
        ("2024-03-31", "02:30", "Europe/Berlin", "2024-03-31T01:30"),  # skipped: 03:30 there
        ("2024-03-30", "02:30", "Europe/Berlin", "2024-03-30T01:30"),
        ("2024-10-27", "02:30", "Europe/Berlin", "2024-10-27T00:30"),  # twice: the first
        ("2024-10-28", "02:30", "Europe/Berlin", "2024-10-28T01:30"),
        ("1988-04-17", "02:30", "Asia/Shanghai", "1988-04-16T18:30"),  # China had it until 1991
    ],
)
def test_a_time_that_the_clocks_skip_or_repeat_is_one_instant(
    day: str, at: str, zone: str, utc: str
) -> None:
    slot = make_slot(date.fromisoformat(day), time.fromisoformat(at), ZoneInfo(zone))
    assert f"{slot:%Y-%m-%dT%H:%M}" == utc


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "cron", "expression": "0 9 30 2 *"},
        {"type": "cron", "expression": "*/5 9 * * *"},
        {"type": "cron", "expression": "0 9,17 * * *"},
        {"type": "cron", "expression": "0 9 * *"},
        {"type": "cron", "expression": "0 0 9 * * *"},
        {"type": "cron", "expression": "0 25 * * *"},
        {"type": "cron", "expression": "0 9 * * FRI#6"},
        {"type": "after-due"},
        {"type": "after-due", "every_days": 1, "every_working_days": 1},
        {"type": "monthly", "days": [0]},
        {"type": "monthly", "days": [32]},
        {"type": "nth-working-day", "numbers": [0]},
        {"type": "weekly", "weekdays": ["mon"]},
        {"type": "weekly", "weekdays": []},
        {"type": "days-before", "days": [-1]},
    ],
)
def test_a_moment_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WHEN.validate_python(wrong, extra="forbid")
