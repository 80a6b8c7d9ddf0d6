"""Every possible reminder of drawn facts was sent or has one reason."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from hypothesis import given, settings

from shared.planning.difference_reasons import Emitted
from shared.planning.expected import (
    ExpectedItem,
    ReminderKey,
    keep_version_steps,
    note_interruptions,
)
from shared.planning.explaining import (
    Explanation,
    SentOfUnit,
    explain,
)
from shared.planning.obligations import Standing
from shared.planning.possible import (
    LedgerState,
    ObligationLife,
    PossibleReminder,
    PossibleReminders,
)
from shared.rules.book import Rule
from shared.rules.messages import MessageName
from shared.rules.steps import get_post, list_hearers
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Audience, Post
from shared.schemas.why_not import WhyNot
from tests.unit.shared.planning.drawn_facts import FACTS, run
from tests.unit.shared.planning.driving import END, START, Driver, Office


def build_lives(office: Office) -> Mapping[UUID, ObligationLife]:
    statuses = {
        Standing.OPEN: ObligationStatus.ASSIGNED,
        Standing.IN_PROGRESS: ObligationStatus.IN_PROGRESS,
        Standing.DONE: ObligationStatus.DONE,
        Standing.WITHDRAWN: ObligationStatus.WITHDRAWN,
    }
    lives = {}
    for history in office.histories:
        versions = note_interruptions(office.versions[history.obligation_id])
        standings = office.standings[history.obligation_id]
        states = tuple(
            LedgerState(version, statuses[standing], standing is Standing.WITHDRAWN)
            for version, standing in zip(versions, standings, strict=True)
        )
        lives[history.obligation_id] = ObligationLife(history, states)
    return lives


@settings(max_examples=30, deadline=None)
@given(FACTS)
def test_every_possible_reminder_was_sent_or_has_one_reason(facts: list[Any]) -> None:
    driver, office = Driver(), Office()
    run(facts, driver, office)
    emitted: dict[ReminderKey, Emitted] = {}
    for due in driver.emitted:
        items = emitted.setdefault((due.slot, due.audience), Emitted({}, due.slot)).items
        for i in due.items:
            told = ExpectedItem(
                i.due_on, i.overdue, frozenset({MessageName(due.rule_id, due.to_unit)})
            )
            items[i.obligation_id] = told.join(items.get(i.obligation_id))
    possible = PossibleReminders(office.eras)
    for obligation_id, life in build_lives(office).items():
        recorded = {
            (item.slot, item.rule_id, item.of, audience): item
            for item in driver.not_fired
            if item.obligation_id == obligation_id
            for audience in item.audiences
        }
        by_records = explain(possible, life, SentOfUnit(emitted, recorded, END), START, END)
        by_ledger = explain(possible, life, SentOfUnit(emitted, {}, END), START, END)
        assert by_records == by_ledger
        assert_one_reason_each(possible, life, by_ledger)
        fired = {(each.slot, each.audience) for each in by_ledger.fired}
        assert fired == {key for key, sent in emitted.items() if obligation_id in sent.items}


def keep_steps(each: PossibleReminder) -> Rule:
    timetable = each.era.timetable
    rule = timetable.get_rule(each.rule.rule_id)
    if each.state is None or rule is None:
        return each.rule
    return keep_version_steps(timetable, each.state.version, rule, each.occurrence)


def list_units(each: PossibleReminder, whom: tuple[Post, Audience]) -> list[UUID | None]:
    if each.state is None:
        return []
    traits = each.state.version.dates.traits
    hearers = list_hearers(keep_steps(each), each.occurrence, traits)
    return [hearer.to_unit for hearer in hearers if (hearer.of, hearer.audience) == whom]


def assert_one_reason_each(
    possible: PossibleReminders, life: ObligationLife, explanation: Explanation
) -> None:
    sent = {
        (each.slot, rule, each.audience, each.to_unit)
        for each in explanation.fired
        for rule in each.rules
    }
    unsent = [
        (each.slot, each.rule_id, each.of, audience)
        for each in explanation.not_fired
        for audience in each.audiences
    ]
    expected = Counter[Any]()
    reached = set[Any]()
    for (at, rule_id), each in possible.list_of(life, START, END).items():
        for step in (*each.rule.who, *keep_steps(each).who):
            whom = (get_post(step), step.audience)
            places = [(at, rule_id, step.audience, unit) for unit in list_units(each, whom)]
            reached.update(places)
            if not places or not sent.issuperset(places):
                expected[at, rule_id, *whom] = 1
    assert Counter(unsent) == expected
    assert sent <= reached
    assert all(each.rules for each in explanation.fired)
    assert WhyNot.UNEXPLAINED not in {each.reason for each in explanation.not_fired}
