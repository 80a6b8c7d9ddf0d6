"""Units are planned anew when rules change, whatever is wrong with one of them."""

from collections import Counter
from datetime import date

import pytest
from prometheus_client import REGISTRY

from shared.calendar import WorkingCalendar
from shared.planning.moving import MoveCounter
from shared.planning.timetable import Timetable
from shared.rules.defaults import make_default_rule_book
from shared.rules.occurrences import Dates
from shared.schemas.office_events import CalendarPublished, RuleBookPublished
from shared.schemas.rules import Audience
from tests.integration.scheduler.world import (
    OFFICE,
    World,
    get_unit_id,
    make_assignment,
    make_obligation,
    to_instant,
)

pytestmark = pytest.mark.integration
A, B, C = get_unit_id("甲局"), get_unit_id("乙局"), get_unit_id("丙局")
SLOT = "2023-08-30 09:00"


async def planned_with_a_bad_row(world: World) -> None:
    """Three units, and a row of one that this version can't read; then new rules."""
    world.clock.instant = to_instant("2023-08-29 10:00")
    for unit_id in (A, B, C):
        await world.tell(
            make_assignment(unit_id, ("1.1", make_obligation(unit_id, "1.1", "2023-08-31")))
        )
    await world.fetch_rows(
        "UPDATE scheduler.obligations SET kind = 'newer' WHERE unit_id = :u", u=B
    )
    await world.apply_rules(RuleBookPublished(office_id=OFFICE, book=make_default_rule_book(2)))


async def test_a_unit_that_cant_be_planned_holds_up_no_other(world: World) -> None:
    await planned_with_a_bad_row(world)
    await world.replan()
    stale = await world.fetch_rows("SELECT unit_id FROM scheduler.agenda WHERE stale")
    assert [row.unit_id for row in stale] == [B]
    assert {reminder.unit_id for reminder in await world.fire(SLOT)} == {A, C}


async def test_how_long_it_is_stale_is_a_metric_and_it_is_planned_once_it_can_be(
    world: World,
) -> None:
    await planned_with_a_bad_row(world)
    await world.replan()
    await world.fetch_rows(
        "UPDATE scheduler.agenda SET stale_since = now() - CAST('1h' AS interval)"
    )
    await world.ticking.audit()
    age = REGISTRY.get_sample_value("cuiban_units_stale_seconds")
    assert age is not None
    assert age >= 3600
    await world.fetch_rows("UPDATE scheduler.obligations SET kind = 'deadline'")
    await world.replan()
    assert await world.fetch_rows(
        "SELECT unit_id FROM scheduler.agenda WHERE stale AND replan_at > now()"
    )
    await world.fetch_rows("UPDATE scheduler.agenda SET replan_at = now() WHERE stale")
    await world.replan()
    await world.ticking.audit()
    assert REGISTRY.get_sample_value("cuiban_units_stale_seconds") == 0
    assert {reminder.unit_id for reminder in await world.fire(SLOT)} == {A, B, C}


async def test_a_calendar_before_the_first_rule_book_leaves_nothing_to_plan(bare: World) -> None:
    await bare.tell(make_assignment(A, ("1.1", make_obligation(A, "1.1", "2023-08-31"))))
    await bare.apply_rules(CalendarPublished(office_id=OFFICE, number=1, days={}))
    assert await bare.ticking.replan() == 1
    assert await bare.ticking.replan() == 0
    await bare.apply_rules(RuleBookPublished(office_id=OFFICE, book=make_default_rule_book()))
    assert await bare.ticking.replan() == 1
    assert len(await bare.get_timers()) == 1


async def test_what_a_calendar_moves_is_what_then_fires_elsewhere(world: World) -> None:
    facts = make_obligation(A, "1.1", "2023-08-31")
    await world.tell(make_assignment(A, ("1.1", facts)))
    now, until = to_instant("2023-08-21 10:00"), to_instant("2023-10-20 23:59")
    await world.fire_until(now)
    world.clock.instant = now
    days = {date(2023, 8, 28): False, date(2023, 8, 26): True, date(2023, 9, 8): False}
    book = make_default_rule_book()
    before, after = (Timetable(book, WorkingCalendar(1, each)) for each in ({}, days))
    counter = MoveCounter(before, after, now, until)
    dates = Dates(facts.kind, facts.due_on, facts.known_on)
    counter.add_unit(A, [dates])
    moves = [count.move for count in counter.list_counts()]
    assert any(move.before and move.after for move in moves)
    expected = Counter(
        each.slot for rule in book.rules for each in before.list_between(rule, dates, now, until)
    )
    expected.subtract(move.before for move in moves if move.before and move.before <= until)
    expected.update(move.after for move in moves if move.after and move.after <= until)
    await world.apply_rules(CalendarPublished(office_id=OFFICE, number=1, days=days))
    await world.replan()
    fired = await world.fire_until(until)
    slots = Counter(each.slot for each in fired if each.audience is Audience.LIAISON)
    assert slots == +expected
