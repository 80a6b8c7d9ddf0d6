"""Posts of lead units hear of what other units owe."""

from dataclasses import replace
from uuid import UUID

from shared.calendar import WorkingCalendar
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook, Step
from shared.rules.defaults import make_default_rule_book
from shared.rules.selecting import Traits
from shared.schemas import identity
from shared.schemas.mutes import NotFiredReason
from shared.schemas.rules import Audience, Post
from tests.unit.shared.planning.due_timers import UNIT, due, fire


def test_a_lead_unit_has_one_reminder_of_all_items_of_a_unit_beside_the_units_own() -> None:
    """Measure 1 is led by the first unit, measure 2 by both, measure 3 by the unit itself."""
    first, second = sorted(map(identity.derive_id, ("first", "second")))
    deadline = make_default_rule_book().rules[0]
    both = (Step(audience=Audience.LIAISON), Step(audience=Audience.LIAISON, of=Post.LEAD_UNIT))
    book = RuleBook(version=1, rules=(deadline.model_copy(update={"who": both}),))
    leading: dict[str, tuple[UUID | None, ...]] = {
        "1.1": (first,),
        "2.1": (first, second),
        "3.1": (None,),
        "4.1": (),
    }
    owed = [
        replace(due(ref), told_traits=Traits(lead_units=units)) for ref, units in leading.items()
    ]
    fired = fire(*owed, table=Timetable(book, WorkingCalendar()))
    assert [(r.to_unit, [item.ref for item in r.items]) for r in fired.reminders] == [
        (None, ["1.1", "2.1", "3.1", "4.1"]),
        (first, ["1.1", "2.1"]),
        (second, ["2.1"]),
    ]
    assert [r.part for r in fired.reminders] == [0, 1, 2]
    assert {r.unit_id for r in fired.reminders} == {UNIT}
    (missing,) = fired.not_fired
    assert (missing.reason, missing.of) == (NotFiredReason.NO_UNIT, Post.LEAD_UNIT)
    assert missing.obligation_id == identity.derive_id("4.1")


def test_the_units_own_post_is_left_out_and_that_of_the_lead_unit_hears() -> None:
    lead = identity.derive_id("lead")
    who = (
        Step(audience=Audience.LIAISON),
        Step(audience=Audience.LIAISON, of=Post.LEAD_UNIT),
        Step(audience=Audience.HEAD, inhibits=(Audience.LIAISON,)),
    )
    rule = make_default_rule_book().rules[0].model_copy(update={"who": who})
    table = Timetable(RuleBook(version=1, rules=(rule,)), WorkingCalendar())
    owed = replace(due("1.1"), told_traits=Traits(lead_units=(lead,)))
    heard = [(r.audience, r.to_unit) for r in fire(owed, table=table).reminders]
    assert heard == [(Audience.LIAISON, lead), (Audience.HEAD, None)]
