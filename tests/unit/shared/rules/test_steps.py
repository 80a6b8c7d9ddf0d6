"""Who hears of an occurrence, and what ends a step, one sentence a case."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.rules.book import Rule, RuleBook
from shared.rules.occurrences import Occurrence
from shared.rules.selecting import Traits
from shared.rules.steps import (
    Hearer,
    choose_lead_units,
    choose_office_units,
    list_asked_by,
    list_hearers,
    list_without_unit,
)
from shared.schemas.identity import derive_id
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Audience, Post

SLOT = datetime(2026, 6, 10, 1, tzinfo=UTC)
RECENT = {"ends_with": "progress", "within_days": 7}
S = ObligationStatus

CASES: dict[str, tuple[dict[str, Any], ObligationStatus, int | None, bool]] = {
    "without an end it goes on": ({}, S.SUBMITTED, None, True),
    "until it is accepted": ({"ends_with": "accepted"}, S.ASSIGNED, None, True),
    "accepted": ({"ends_with": "accepted"}, S.ACCEPTED, None, False),
    "work without 签收 is acceptance, too": ({"ends_with": "accepted"}, S.IN_PROGRESS, None, False),
    "what was returned was accepted": ({"ends_with": "accepted"}, S.RETURNED, None, False),
    "acceptance is no progress": ({"ends_with": "progress"}, S.ACCEPTED, None, True),
    "progress": ({"ends_with": "progress"}, S.IN_PROGRESS, None, False),
    "what was returned needs progress again": ({"ends_with": "progress"}, S.RETURNED, 1, True),
    "progress of the last days": (RECENT, S.IN_PROGRESS, 7, False),
    "progress of earlier days": (RECENT, S.IN_PROGRESS, 8, True),
    "work without a report of progress": (RECENT, S.IN_PROGRESS, None, True),
    "what is submitted needs no progress": (RECENT, S.SUBMITTED, 30, False),
    "progress is no submission": ({"ends_with": "submitted"}, S.IN_PROGRESS, 1, True),
    "submitted": ({"ends_with": "submitted"}, S.SUBMITTED, None, False),
    "returned is to be submitted again": ({"ends_with": "submitted"}, S.RETURNED, None, True),
    "submitted is not done": ({"ends_with": "done"}, S.SUBMITTED, None, True),
}


def make_rule(*who: dict[str, Any], **fields: Any) -> Rule:
    written = {
        "rule_id": "r",
        "when": [{"type": "while-overdue", "every_working_days": 3}],
        "who": who,
        "channels": ["email"],
    }
    return Rule.model_validate(written | fields, extra="forbid")


@pytest.mark.parametrize(("end", "status", "days", "hears"), CASES.values(), ids=CASES)
def test_a_step_ends(
    end: dict[str, Any], status: ObligationStatus, days: int | None, hears: bool
) -> None:
    rule = make_rule({"audience": "liaison"} | end, {"audience": "head", "from_overdue": 2})
    progressed_at = None if days is None else SLOT - timedelta(days=days)
    traits = Traits(status=status, progressed_at=progressed_at)
    heard = list_hearers(rule, Occurrence(SLOT, 1), traits)
    assert heard == ((Hearer(Audience.LIAISON),) if hears else ())
    assert Hearer(Audience.HEAD) in list_hearers(rule, Occurrence(SLOT, 2), traits)


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({}, set()),
        ({"ends_with": "done"}, set()),
        ({"ends_with": "accepted"}, {"status"}),
        (RECENT, {"status", "progressed_at"}),
        ({"of": "unit"}, set()),
        ({"of": "lead-unit"}, {"lead_units"}),
        ({"of": "office"}, {"office_units"}),
        ({"of": "lead-unit", "ends_with": "accepted"}, {"lead_units", "status"}),
    ],
)
def test_steps_ask_for_what_ends_them_and_for_who_leads(
    fields: dict[str, Any], asked: set[str]
) -> None:
    rule = make_rule({"audience": "liaison"} | fields, select={"group": "重点单位"})
    assert list_asked_by(RuleBook(version=1, rules=(rule,))) == asked | {"groups"}


OWING, FIRST, SECOND = sorted(map(derive_id, "abc"))
HEARING: dict[str, tuple[bool, list[UUID], list[UUID | None]]] = {
    "a supporting unit's obligation is told to the lead unit": (False, [FIRST], [FIRST]),
    "all lead units hear, each once": (False, [SECOND, FIRST, SECOND], [FIRST, SECOND]),
    "a lead unit's own obligation is told to itself": (True, [OWING], [None]),
    "one of several lead units hears of its own": (True, [OWING, FIRST], [None]),
    "a unit that also leads in another period hears itself": (False, [OWING], [None]),
    "without a lead unit nobody hears": (False, [], []),
}


@pytest.mark.parametrize(("lead", "leading", "told"), HEARING.values(), ids=HEARING)
def test_a_post_of_the_lead_unit_hears(
    lead: bool, leading: list[UUID], told: list[UUID | None]
) -> None:
    rule = make_rule({"audience": "liaison"}, {"audience": "deputy", "of": "lead-unit"})
    traits = Traits(lead_units=choose_lead_units(OWING, lead=lead, leading=leading))
    others = [Hearer(Audience.DEPUTY, Post.LEAD_UNIT, unit) for unit in told]
    assert list_hearers(rule, Occurrence(SLOT, 1), traits) == (Hearer(Audience.LIAISON), *others)
    missing = [] if told else [(Post.LEAD_UNIT, Audience.DEPUTY)]
    assert list(list_without_unit(rule, Occurrence(SLOT, 1), traits)) == missing


@pytest.mark.parametrize(
    ("own_unit", "told"),
    [(FIRST, [FIRST]), (OWING, [None]), (None, [])],
    ids=["", "itself", "none"],
)
def test_a_post_of_the_office_hears(own_unit: UUID | None, told: list[UUID | None]) -> None:
    rule = make_rule({"audience": "head", "of": "office"})
    traits = Traits(office_units=choose_office_units(OWING, own_unit))
    hearers = [Hearer(Audience.HEAD, Post.OFFICE, unit) for unit in told]
    assert list(list_hearers(rule, Occurrence(SLOT, 1), traits)) == hearers
    missing = [] if told else [(Post.OFFICE, Audience.HEAD)]
    assert list(list_without_unit(rule, Occurrence(SLOT, 1), traits)) == missing
