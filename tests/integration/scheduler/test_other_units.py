"""Who leads a measure, and which unit is the office, is asked when a slot fires."""

import pytest

from shared.rules.book import RuleBook
from shared.schemas import identity
from shared.schemas.events import ObligationsWithdrawn, ReminderDue, RemindersNotFired
from shared.schemas.mutes import NotFiredReason
from shared.schemas.office import OfficeSettings
from shared.schemas.office_events import OfficeSettingsPublished, RuleBookPublished
from shared.schemas.rules import Audience, Post
from shared.schemas.topics import RULES, TASKS
from tests.integration.scheduler.world import (
    OFFICE,
    UNIT,
    World,
    get_unit_id,
    make_assignment,
    make_obligation,
    to_instant,
)

pytestmark = pytest.mark.integration
LEAD, OTHER = sorted([get_unit_id("县财政局"), get_unit_id("县政府办")])
RULE = {
    "rule_id": "late",
    "when": [{"type": "before-due", "working_days": [3, 2, 1, 0]}],
    "who": [{"audience": "deputy", "of": "lead-unit"}, {"audience": "head", "of": "office"}],
    "channels": ["email"],
}
BOOK = RuleBook.model_validate({"version": 2, "rules": [RULE]}, extra="forbid")


def name_own_unit(number: int, own_unit: object) -> OfficeSettingsPublished:
    settings = OfficeSettings.model_validate({"own_unit": own_unit})
    return OfficeSettingsPublished(office_id=OFFICE, number=number, settings=settings)


def withdraw_lead(ref: str) -> ObligationsWithdrawn:
    measure = make_obligation(LEAD, ref, None).measure_id
    owed = identity.derive_obligation_id(measure, LEAD, "2023")
    return ObligationsWithdrawn(
        office_id=OFFICE, unit_id=LEAD, obligation_ids=(owed,), reason="revised"
    )


async def fire(world: World, now: str) -> dict[tuple[object, Audience, object], int]:
    """How many items each reminder of the supporting unit has: by unit, audience, other unit."""
    fired = await world.fire(now)
    return {(r.unit_id, r.audience, r.to_unit): len(r.items) for r in fired if r.unit_id == UNIT}


async def test_posts_of_those_who_lead_and_of_the_office_hear_as_of_the_slot(world: World) -> None:
    await world.apply_rules(RuleBookPublished(office_id=OFFICE, book=BOOK))
    await world.apply_rules(name_own_unit(1, OTHER))
    refs = ("1.1", "2.1")
    for unit, lead, owed in ((UNIT, False, refs), (LEAD, True, refs), (OTHER, True, ("1.1",))):
        facts = [(ref, make_obligation(unit, ref, "2023-08-31", lead=lead)) for ref in owed]
        await world.tell(make_assignment(unit, *facts))
    assert await fire(world, "2023-08-28 09:00") == {
        (UNIT, Audience.DEPUTY, LEAD): 2,
        (UNIT, Audience.DEPUTY, OTHER): 1,
        (UNIT, Audience.HEAD, OTHER): 2,
    }
    await world.tell(withdraw_lead("2.1"))
    await world.apply_rules(name_own_unit(3, UNIT))
    await world.apply_rules(name_own_unit(2, LEAD))  # older, told again
    assert await fire(world, "2023-08-29 09:00") == {
        (UNIT, Audience.DEPUTY, LEAD): 1,
        (UNIT, Audience.DEPUTY, OTHER): 1,
        (UNIT, Audience.HEAD, None): 2,
    }


async def test_what_has_no_unit_to_hear_it_is_noted(world: World) -> None:
    await world.apply_rules(RuleBookPublished(office_id=OFFICE, book=BOOK))
    await world.tell(make_assignment(UNIT, ("1.1", make_obligation(UNIT, "1.1", "2023-08-31"))))
    world.clock.instant = to_instant("2023-08-28 09:00")
    for topic in (TASKS, RULES):
        await world.complete(topic, 0, world.clock.instant)
    while await world.ticking.fire():
        pass
    events = [envelope.event for envelope in await world.take_outbox()]
    assert not [event for event in events if isinstance(event, ReminderDue)]
    noted = [
        item for event in events if isinstance(event, RemindersNotFired) for item in event.items
    ]
    assert [(item.reason, item.of, item.audiences) for item in noted] == [
        (NotFiredReason.NO_UNIT, Post.LEAD_UNIT, (Audience.DEPUTY,)),
        (NotFiredReason.NO_UNIT, Post.OFFICE, (Audience.HEAD,)),
    ]
