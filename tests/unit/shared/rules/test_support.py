"""What is not honoured yet is found wherever it stands, and what says nothing new is not."""

from typing import Any

import pytest

from shared.rules.book import How, RuleBook, Step
from shared.rules.defaults import make_default_rule_book
from shared.rules.selecting import Select
from shared.rules.support import NOT_YET, list_unsupported

FIELDS = {
    f"{part}.{name}"
    for part, model in (("select", Select), ("who", Step), ("how", How))
    for name in model.model_fields
}


def find(**fields: Any) -> list[str]:
    rule = make_default_rule_book().model_dump(mode="json")["rules"][0] | fields
    book = RuleBook.model_validate({"version": 1, "rules": [rule]}, extra="forbid")
    return [".".join(map(str, path)) for path, _ in list_unsupported(book)]


def test_every_line_names_a_field_of_the_language() -> None:
    assert NOT_YET.keys() <= FIELDS


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({}, []),
        ({"select": {"kind": "deadline", "not": {"light": "red"}}}, []),
        ({"select": {"category": "财政", "unit": "甲", "unit_kind": "乙", "group": "丙"}}, []),
        (
            {"select": {"any": [{"quantity": {"below": 5}}, {"not": {"status": "accepted"}}]}},
            [],
        ),
        ({"who": [{"audience": "head", "of": "unit", "ends_with": "progress"}]}, []),
        (
            {"who": [{"audience": "liaison"}, {"audience": "head", "of": "office"}]},
            ["rules.0.who.1.of"],
        ),
        ({"how": {"order": "together", "urgency": "digest"}}, []),
        (
            {
                "how": {
                    "urgency": "urgent",
                    "daily_limit": 2,
                    "useful_days": 3,
                    "quiet_hours": {"begin": "21:00", "end": "08:00"},
                }
            },
            [],
        ),
        ({"how": {"order": "in-order", "answer_within_hours": 2}}, []),
        ({"how": {"template": "简短", "urgency": "urgent"}}, []),
    ],
)
def test_what_no_service_does_yet_is_named(fields: dict[str, Any], places: list[str]) -> None:
    assert find(**fields)[: len(places) or None] == places
