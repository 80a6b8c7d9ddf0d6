"""Facts that were told before a slot and read after it had fired."""

from datetime import date, time

import pytest

from shared.rules.book import Rule, RuleBook, Step
from shared.rules.moments import BeforeDue
from shared.schemas.events import ExtensionGranted, ReminderDue, ReminderWithdrawn
from shared.schemas.office_events import RuleBookPublished
from shared.schemas.rules import Audience, Channel, ObligationKind
from tests.integration.scheduler.world import (
    OFFICE,
    World,
    get_unit_id,
    make_assignment,
    make_obligation,
    to_instant,
)

pytestmark = pytest.mark.integration
UNIT = get_unit_id("县发展改革局")
SLOT = "2023-08-30 09:00"


def extended(obligation_id, due_on: str, number: int = 2) -> ExtensionGranted:
    return ExtensionGranted(
        office_id=OFFICE,
        unit_id=UNIT,
        obligation_id=obligation_id,
        number=number,
        due_on=date.fromisoformat(due_on),
        reason="防汛",
    )


async def slot_fired(world: World) -> ReminderDue:
    """A unit that has been reminded of one obligation on the day before its date."""
    world.clock.instant = to_instant("2023-08-29 10:00")
    await world.tell(make_assignment(UNIT, ("1.1", make_obligation(UNIT, "1.1", "2023-08-31"))))
    (reminder,) = await world.fire(SLOT)
    return reminder


async def test_an_obligation_that_is_read_after_its_slot_fired_has_a_reminder_of_its_own(
    world: World,
) -> None:
    first = await slot_fired(world)
    world.clock.instant = to_instant("2023-08-30 09:20")
    late = make_obligation(UNIT, "2.1", "2023-08-31")
    await world.tell(make_assignment(UNIT, ("2.1", late)), time=to_instant("2023-08-30 08:30"))
    (added,) = await world.fire("2023-08-30 09:21")
    assert (added.slot, added.audience, added.part) == (first.slot, first.audience, 1)
    assert added.reminder_id != first.reminder_id
    assert [item.ref for item in added.items] == ["2.1"]
    later = make_obligation(UNIT, "3.1", "2023-08-31")
    await world.tell(make_assignment(UNIT, ("3.1", later)), time=to_instant("2023-08-30 08:31"))
    (again,) = await world.fire("2023-08-30 09:22")
    assert (again.part, [item.ref for item in again.items]) == (2, ["3.1"])
    rows = await world.fetch_rows("SELECT part, items FROM scheduler.reminders ORDER BY part")
    assert [tuple(row) for row in rows] == [(0, 1), (1, 1), (2, 1)]


async def test_a_slot_does_not_fire_again_for_an_obligation_that_is_planned_anew(
    world: World,
) -> None:
    """The new date has a reminder in the very slot that has fired for the old one."""
    first = await slot_fired(world)
    world.clock.instant = to_instant("2023-08-30 09:20")
    moved = extended(first.items[0].obligation_id, "2023-08-30")
    await world.tell(moved, time=to_instant("2023-08-30 08:50"))
    assert await world.fire("2023-08-30 09:21") == []


async def test_what_a_late_fact_withdraws_ends_before_what_it_plans(world: World) -> None:
    """Else the notifier would take the new reminder for one that must not go out."""
    world.clock.instant = to_instant("2023-08-29 10:00")
    near, far = (
        make_obligation(UNIT, "1.1", "2023-08-31"),
        make_obligation(UNIT, "2.1", "2023-12-29"),
    )
    await world.tell(make_assignment(UNIT, ("1.1", near), ("2.1", far)))
    await world.fire(SLOT)
    world.clock.instant = to_instant("2023-08-30 09:20")
    await world.tell(extended(far.obligation_id, "2023-08-31"), time=to_instant("2023-08-30 08:50"))
    (withdrawn,) = [
        e.event for e in await world.take_outbox() if isinstance(e.event, ReminderWithdrawn)
    ]
    (added,) = await world.fire("2023-08-30 09:21")
    assert (added.slot, added.items[0].ref, added.part) == (to_instant(SLOT), "2.1", 1)
    assert withdrawn.until < added.slot


async def test_what_has_fired_is_known_though_the_rule_is_through(bare: World) -> None:
    once = Rule(
        rule_id="before",
        kinds=(ObligationKind.DEADLINE,),
        when=(BeforeDue(working_days=(1,)),),
        at=time(9, 0),
        who=(Step(audience=Audience.LIAISON),),
        channels=(Channel.EMAIL,),
    )
    await bare.apply_rules(
        RuleBookPublished(office_id=OFFICE, book=RuleBook(version=1, rules=(once,)))
    )
    first = await slot_fired(bare)
    assert await bare.get_timers() == {}
    bare.clock.instant = to_instant("2023-08-30 09:20")
    late = extended(first.items[0].obligation_id, "2023-09-15")
    back = extended(first.items[0].obligation_id, "2023-08-31", number=3)
    await bare.tell(late, back, time=to_instant("2023-08-30 08:50"))
    assert await bare.fire("2023-08-30 09:21") == []
