"""Which obligations a condition selects, one sentence a case."""

from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.calendar import WorkingCalendar
from shared.rules.book import Rule
from shared.rules.occurrences import Dates, list_occurrences
from shared.rules.selecting import (
    JudgedObligation,
    Select,
    Traits,
    is_selected,
    judge,
    keep_asked,
    list_asked,
)
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light
from shared.schemas.rules import ObligationKind

ZONE = ZoneInfo("Asia/Shanghai")
FINANCE = JudgedObligation(
    ObligationKind.DEADLINE,
    Light.YELLOW,
    Traits(
        lead=True,
        ref="16.2",
        category="决策公开",
        unit="县财政局",
        unit_kind="部门",
        groups=frozenset({"重点单位"}),
        status=ObligationStatus.ACCEPTED,
        reached=40.0,
    ),
)

CASES = {
    "a kind": ({"kind": "deadline"}, True),
    "one of several kinds": ({"kind": ["hearing", "deadline"]}, True),
    "another kind": ({"kind": "hearing"}, False),
    "a task with all its measures": ({"task": "16"}, True),
    "one measure": ({"task": "16.2"}, True),
    "a number that only begins alike": ({"task": "1"}, False),
    "a category": ({"category": "决策公开"}, True),
    "a unit by name": ({"unit": ["县财政局", "县审计局"]}, True),
    "a kind of units": ({"unit_kind": "乡镇"}, False),
    "a group of units": ({"group": "重点单位"}, True),
    "a light": ({"light": ["yellow", "red"]}, True),
    "a status": ({"status": "returned"}, False),
    "who leads": ({"lead": True}, True),
    "who takes part": ({"lead": False}, False),
    "less than half reached": ({"quantity": {"below": 50}}, True),
    "half reached": ({"quantity": {"at_least": 50}}, False),
    "several conditions at once": ({"kind": "deadline", "lead": False}, False),
    "all": ({"all": [{"kind": "deadline"}, {"lead": True}]}, True),
    "any": ({"any": [{"kind": "hearing"}, {"lead": True}]}, True),
    "none of any": ({"any": [{"kind": "hearing"}, {"lead": False}]}, False),
    "not": ({"not": {"group": "重点单位"}}, False),
    "all beside a condition": ({"lead": True, "all": [{"light": "green"}]}, False),
}


@pytest.mark.parametrize(("written", "holds"), CASES.values(), ids=CASES)
def test_a_condition_holds(written: dict[str, Any], holds: bool) -> None:
    select = Select.model_validate(written, extra="forbid")
    assert is_selected(select, FINANCE) is holds
    assert Select.model_validate_json(select.model_dump_json(), extra="forbid") == select


def test_what_no_event_told_is_not_selected_and_its_negation_is() -> None:
    unknown = JudgedObligation(ObligationKind.DEADLINE, Light.GREEN)
    for name in ("category", "unit", "unit_kind", "group", "task"):
        assert not is_selected(Select.model_validate({name: "x"}), unknown)
        assert is_selected(Select.model_validate({"not": {name: "x"}}), unknown)
    assert not is_selected(Select.model_validate({"quantity": {"at_least": 0}}), unknown)


@pytest.mark.parametrize(
    ("written", "verdict"),
    [
        ({"lead": True}, None),
        ({"not": {"lead": True}}, None),
        ({"kind": "hearing", "lead": True}, False),
        ({"any": [{"kind": "deadline"}, {"lead": True}]}, True),
        ({"any": [{"kind": "hearing"}, {"lead": True}]}, None),
        ({"not": {"all": [{"kind": "hearing"}, {"lead": True}]}}, True),
        ({"light": "green"}, True),
    ],
)
def test_while_traits_are_not_known_it_is_judged_as_far_as_possible(
    written: dict[str, Any], verdict: bool | None
) -> None:
    unknown = JudgedObligation(ObligationKind.DEADLINE, Light.GREEN, None)
    assert judge(Select.model_validate(written), unknown) is verdict


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ({"kind": "deadline", "light": "red"}, set()),
        ({"task": "16", "group": "重点单位"}, {"ref", "groups"}),
        ({"any": [{"unit": "甲"}, {"not": {"quantity": {"below": 50}}}]}, {"unit", "reached"}),
        ({"lead": False, "all": [{"category": "决策公开"}]}, {"lead", "category"}),
    ],
)
def test_conditions_name_the_traits_that_they_ask_for(
    written: dict[str, Any], asked: set[str]
) -> None:
    assert list_asked(Select.model_validate(written)) == asked
    assert list_asked(None) == set()


@pytest.mark.parametrize(
    "wrong", [{}, {"kind": []}, {"all": []}, {"kind": "task"}, {"not": {}}, {"units": "x"}]
)
def test_a_condition_that_says_nothing_or_is_unknown_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Select.model_validate(wrong, extra="forbid")


def test_conditions_nest_ten_levels_deep_and_no_more() -> None:
    written: dict[str, Any] = {"lead": True}
    for _ in range(9):
        written = {"not": written}
    assert Select.model_validate(written).count_levels() == 10
    for _ in range(3):
        written = {"all": [written]}
        with pytest.raises(ValidationError):
            Select.model_validate(written)


NAMES = st.sampled_from(["甲", "乙", "16", "16.2"])
LEAVES = st.one_of(
    st.builds(lambda kind: {"kind": kind}, st.sampled_from([*ObligationKind])),
    st.builds(lambda light: {"light": light}, st.sampled_from([*Light])),
    st.builds(lambda status: {"status": status}, st.sampled_from([*ObligationStatus])),
    st.builds(lambda lead: {"lead": lead}, st.booleans()),
    st.builds(
        lambda key, name: {key: name},
        st.sampled_from(["category", "task", "unit", "unit_kind", "group"]),
        NAMES,
    ),
    st.builds(lambda n: {"quantity": {"at_least": n}}, st.integers(0, 100)),
)
SELECTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda each: {"not": each}, inner),
        st.builds(lambda all_: {"all": all_}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda any_: {"any": any_}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)
TRAITS = st.builds(
    Traits,
    lead=st.booleans(),
    ref=NAMES,
    category=NAMES,
    unit=NAMES,
    unit_kind=NAMES,
    groups=st.frozensets(NAMES),
    status=st.sampled_from(ObligationStatus),
    reached=st.none() | st.floats(0, 120),
)


@given(
    SELECTS,
    st.builds(JudgedObligation, st.sampled_from(ObligationKind), st.sampled_from(Light), TRAITS),
)
def test_a_condition_and_its_negation_split_all_obligations(
    written: dict[str, Any], subject: JudgedObligation
) -> None:
    select = Select.model_validate(written)
    negation = Select.model_validate({"not": written})
    assert is_selected(select, subject) != is_selected(negation, subject)


@given(
    SELECTS,
    st.builds(JudgedObligation, st.sampled_from(ObligationKind), st.sampled_from(Light), TRAITS),
)
def test_what_is_judged_without_traits_holds_with_any(
    written: dict[str, Any], subject: JudgedObligation
) -> None:
    select = Select.model_validate(written)
    verdict = judge(select, replace(subject, traits=None))
    assert verdict in {None, judge(select, subject)}


@given(
    SELECTS,
    st.builds(JudgedObligation, st.sampled_from(ObligationKind), st.sampled_from(Light), TRAITS),
)
def test_traits_that_nobody_asks_for_decide_nothing(
    written: dict[str, Any], subject: JudgedObligation
) -> None:
    select = Select.model_validate(written)
    kept = replace(subject, traits=keep_asked(subject.traits, list_asked(select)))
    assert judge(select, kept) is judge(select, subject)


DAYS = st.dates(date(2023, 1, 1), date(2024, 6, 30))


@given(SELECTS, TRAITS, DAYS, DAYS)
def test_a_rule_and_the_rule_of_its_negation_split_the_occurrences(
    written: dict[str, Any], traits: Traits, due: date, known: date
) -> None:
    """Each occurrence without a condition belongs to one of the two rules."""
    when = [
        {"type": "before-due", "working_days": [30, 7, 0]},
        {"type": "after-due", "every_working_days": 5, "limit": 6},
    ]
    plain: dict[str, Any] = {
        "rule_id": "r",
        "when": when,
        "who": [{"audience": "liaison"}],
        "channels": ["email"],
    }
    dates = Dates(ObligationKind.DEADLINE, due, known, traits)

    def list_all(**fields: Any) -> list[object]:
        rule = Rule.model_validate(plain | fields)
        return list(islice(list_occurrences(rule, dates, WorkingCalendar(), ZONE, 15), 60))

    selected, others = list_all(select=written), list_all(select={"not": written})
    assert sorted([*selected, *others]) == list_all()


def test_a_light_is_that_of_the_day_of_the_reminder() -> None:
    """Yellow from 15 working days before the date; the endless overdue reminders are red."""
    rule = Rule.model_validate(
        {
            "rule_id": "r",
            "select": {"light": "yellow"},
            "when": [
                {"type": "before-due", "working_days": [30, 16, 15, 1]},
                {"type": "while-overdue", "every_working_days": 3},
            ],
            "who": [{"audience": "liaison"}],
            "channels": ["email"],
        }
    )
    dates = Dates(ObligationKind.DEADLINE, date(2023, 12, 29), date(2023, 6, 1))
    slots = [o.slot for o in list_occurrences(rule, dates, WorkingCalendar(), ZONE, 15)]
    assert [f"{slot:%m-%d}" for slot in slots] == ["12-08", "12-28"]
