"""Rules that can never remind are found, one sentence a case; sound ones are left alone."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given

from shared.rules.book import RuleBook
from shared.rules.contradictions import list_contradictions
from tests.unit.shared.rules.test_selecting import SELECTS

BEFORE = {"type": "before-due", "working_days": [3, 1]}
OVERDUE = {"type": "while-overdue", "every_working_days": 3}
LIAISON = {"audience": "liaison"}


def find(**fields: Any) -> list[tuple[str, str]]:
    rule: dict[str, Any] = {
        "rule_id": "r",
        "when": [BEFORE],
        "who": [LIAISON],
        "channels": ["email"],
    }
    book = RuleBook.model_validate({"version": 1, "rules": [rule | fields]}, extra="forbid")
    faults = list_contradictions(book, date(2026, 11, 28))
    return [(".".join(map(str, each.path[2:])), each.code) for each in faults]


CASES: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "one kind and the other": (
        {"select": {"all": [{"kind": "hearing"}, {"kind": "deadline"}]}},
        [("select", "selects-nothing")],
    ),
    "a kind that the rule is not for": (
        {"kinds": ["deadline"], "select": {"kind": "hearing"}},
        [("select", "selects-nothing")],
    ),
    "a condition and its negation": (
        {"select": {"group": "a", "not": {"any": [{"group": "a"}, {"lead": True}]}}},
        [("select", "selects-nothing")],
    ),
    "a unit in two groups may be": (
        {"select": {"all": [{"group": "a"}, {"group": "b"}]}},
        [],
    ),
    "a task and a measure of another task": (
        {"select": {"task": "16", "all": [{"task": "1.2"}]}},
        [("select", "selects-nothing")],
    ),
    "a task and one of its measures": ({"select": {"task": "16", "all": [{"task": "16.2"}]}}, []),
    "more than is reached": (
        {"select": {"quantity": {"at_least": 50}, "all": [{"quantity": {"below": 50}}]}},
        [("select", "selects-nothing")],
    ),
    "half, and less than 51 percent": (
        {"select": {"quantity": {"at_least": 50}, "all": [{"quantity": {"below": 51}}]}},
        [],
    ),
    "what is done": ({"select": {"status": "done"}}, [("select", "never-reminded")]),
    "what has no date": ({"select": {"light": "none"}}, [("select", "never-reminded")]),
    "red before the date": ({"select": {"light": "red"}}, [("when.0", "never-fires")]),
    "green three days before the date": (
        {"select": {"light": "green"}},
        [("when.0", "never-fires")],
    ),
    "green twenty days before the date": (
        {"select": {"light": "green"}, "when": [{"type": "before-due", "working_days": [20]}]},
        [],
    ),
    "yellow while overdue, but not before": (
        {"select": {"not": {"light": "red"}}, "when": [BEFORE, OVERDUE]},
        [("when.1", "never-fires")],
    ),
    "a step from an overdue reminder that never comes": (
        {"who": [LIAISON, {"audience": "head", "from_overdue": 1}]},
        [("who.1.from_overdue", "never-reached")],
    ),
    "days of progress for a step that does not end with it": (
        {"who": [LIAISON | {"ends_with": "accepted", "within_days": 3}]},
        [("who.0.within_days", "no-progress")],
    ),
    "a step beyond the limit": (
        {
            "when": [{"type": "after-due", "every_days": 3, "limit": 4}],
            "who": [{"audience": "deputy", "from_overdue": 4}, LIAISON | {"from_overdue": 5}],
        },
        [("who.1.from_overdue", "never-reached")],
    ),
    "a step whose post is always left out": (
        {"who": [LIAISON, {"audience": "head", "inhibits": ["liaison"]}]},
        [("who.0", "never-reached")],
    ),
    "a step of another unit, beside one that leaves out the unit's": (
        {
            "who": [
                {"audience": "liaison", "of": "lead-unit"},
                {"audience": "head", "inhibits": ["liaison"]},
            ]
        },
        [],
    ),
    "a step of another unit that leaves out posts": (
        {"who": [LIAISON, {"audience": "head", "of": "lead-unit", "inhibits": ["liaison"]}]},
        [("who.1.inhibits", "inhibits-elsewhere")],
    ),
    "a step whose post is left out later": (
        {
            "when": [OVERDUE],
            "who": [LIAISON, {"audience": "head", "from_overdue": 4, "inhibits": ["liaison"]}],
        },
        [],
    ),
    "a step that the endless reminders reach": (
        {"when": [OVERDUE], "who": [{"audience": "head", "from_overdue": 99}]},
        [],
    ),
    "at once, but not at night": (
        {"how": {"urgency": "urgent", "quiet_hours": {"begin": "21:00", "end": "08:00"}}},
        [("how.quiet_hours", "urgent-waits")],
    ),
    "at once, but few a day": (
        {"how": {"urgency": "urgent", "daily_limit": 2, "useful_days": 1}},
        [("how.daily_limit", "urgent-waits")],
    ),
    "few a day, in the digest": ({"how": {"urgency": "digest", "daily_limit": 2}}, []),
    "one channel in order": ({"how": {"order": "in-order"}}, [("how.order", "one-channel")]),
    "two channels in order": (
        {"how": {"order": "in-order", "answer_within_hours": 2}, "channels": ["sms", "email"]},
        [],
    ),
    "an answer that no channel waits for": (
        {"how": {"answer_within_hours": 2}},
        [("how.answer_within_hours", "no-order")],
    ),
    "dates that are past": (
        {"when": [{"type": "dates", "dates": ["2026-11-27"]}]},
        [("when.0.dates", "past")],
    ),
    "a date that is today": ({"when": [{"type": "dates", "dates": ["2026-11-28"]}]}, []),
    "the 24th working day of a month": (
        {"when": [{"type": "nth-working-day", "numbers": [1, 24]}]},
        [("when.0.numbers.1", "never-fires")],
    ),
    "the same moment twice": ({"when": [BEFORE, BEFORE]}, [("when.1", "duplicate")]),
}


@pytest.mark.parametrize(("fields", "faults"), CASES.values(), ids=CASES)
def test_what_never_reminds_is_found(fields: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    assert find(**fields) == faults


def test_conditions_on_very_many_names_are_not_judged() -> None:
    names = {name: [f"{n}" for n in range(40)] for name in ("unit", "category", "task")}
    assert find(select=names) == []


@given(SELECTS)
def test_a_condition_or_its_negation_selects_something(written: dict[str, Any]) -> None:
    """Not both can select nothing: together they are everything."""
    faults = [find(select=select) for select in (written, {"not": written})]
    nothing = [any(code == "selects-nothing" for _, code in each) for each in faults]
    assert nothing.count(True) <= 1
