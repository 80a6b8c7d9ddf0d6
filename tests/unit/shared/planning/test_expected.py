"""What should have been emitted, beside what the scheduler's own pieces fire slot by slot."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import example, given, settings

from shared.calendar import WorkingCalendar
from shared.planning.expected import (
    Era,
    ExpectedItem,
    ObligationVersion,
    join_versions,
    list_eras,
)
from shared.planning.obligations import Obligation
from shared.rules.messages import MessageName
from shared.schemas.rules import Audience, ObligationKind
from tests.unit.shared.planning.drawn_facts import FACTS, book, run
from tests.unit.shared.planning.driving import OFFICE, PLAN, START, UNIT, Driver, Office

HOUR = timedelta(hours=1)


@settings(max_examples=150)
@given(FACTS)
@example([(HOUR, ("assign", "a", 3)), (24 * HOUR, ("accepted", "a", 3))])
@example([(HOUR, ("assign", "a", 3)), (120 * HOUR, ("in-progress", "a", 1))])
def test_for_any_facts_in_time_it_is_what_the_scheduler_fires(told: list[Any]) -> None:
    driver, office = Driver(), Office()
    run(told, driver, office)
    fired: dict[tuple[datetime, Audience], dict[UUID, ExpectedItem]] = {}
    for one in (one for one in driver.emitted if one.slot >= START):
        items = fired.setdefault((one.slot, one.audience), {})
        for item in one.items:
            told = ExpectedItem(
                item.due_on, item.overdue, frozenset({MessageName(one.rule_id, one.to_unit)})
            )
            items[item.obligation_id] = told.join(items.get(item.obligation_id))
    assert office.should() == fired


def test_nothing_is_expected_before_the_first_rule_book() -> None:
    assert list_eras([], [(START, WorkingCalendar())]) == []
    later = START + timedelta(days=3)
    (era,) = list_eras([(later, book((0,), 3, 9, 1))], [])
    assert isinstance(era, Era)
    assert era.since == later


def test_a_start_of_work_is_no_change_for_planning() -> None:
    one = ObligationVersion(facts_dates(), owed=True, since=START, until=START + timedelta(hours=1))
    other = ObligationVersion(facts_dates(), owed=True, since=START + timedelta(hours=1))
    assert join_versions([one, other]) == (
        ObligationVersion(facts_dates(), owed=True, since=START),
    )


def facts_dates() -> Any:
    return Obligation(
        obligation_id=UNIT,
        office_id=OFFICE,
        unit_id=UNIT,
        measure_id=PLAN,
        kind=ObligationKind.DEADLINE,
        due_on=date(2023, 6, 1),
        known_on=date(2023, 5, 1),
        lead=False,
        number=1,
        planned_from=START,
    ).dates
