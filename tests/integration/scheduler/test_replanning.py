"""Units are planned anew when rules change, whatever is wrong with one of them."""

import pytest
from prometheus_client import REGISTRY

from shared.rules.defaults import make_default_rule_book
from shared.schemas.events import CalendarPublished, RuleBookPublished
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
