"""What rules ask of units and measures is asked when a slot fires, on the real database."""

from typing import Any

import pytest

from shared.rules.book import RuleBook
from shared.schemas import identity
from shared.schemas.events import StatusReported
from shared.schemas.facts import (
    MeasureFacts,
    MeasureTraits,
    ObligationProgress,
    Status,
    UnitTraits,
)
from shared.schemas.office_events import RuleBookPublished, TraitsPublished
from tests.integration.scheduler.world import (
    OFFICE,
    PLAN,
    World,
    get_unit_id,
    make_assignment,
    make_obligation,
)

pytestmark = pytest.mark.integration
UNIT = get_unit_id("县财政局")
MEASURE = identity.derive_measure_id(PLAN, "1.1")


def make_book(select: dict[str, Any], **fields: Any) -> RuleBookPublished:
    rule = {
        "rule_id": "chosen",
        "select": select,
        "when": [{"type": "before-due", "working_days": [3, 2, 1, 0]}],
        "who": [{"audience": "liaison"}],
        "channels": ["email"],
    }
    written = {"version": 2, "rules": [rule | fields]}
    book = RuleBook.model_validate(written, extra="forbid")
    return RuleBookPublished(office_id=OFFICE, book=book)


def make_traits(number: int = 1, **of_unit: Any) -> TraitsPublished:
    unit = {"unit_id": UNIT, "number": number, "name": "县财政局", "kind": "部门"} | of_unit
    return TraitsPublished(office_id=OFFICE, units=(UnitTraits.model_validate(unit),))


async def test_a_unit_that_joins_or_leaves_a_group_is_reminded_from_the_next_slot_on(
    world: World,
) -> None:
    await world.apply_rules(make_traits())
    await world.apply_rules(make_book({"group": "重点单位"}))
    await world.tell(make_assignment(UNIT, ("1.1", make_obligation(UNIT, "1.1", "2023-08-31"))))
    assert await world.fire("2023-08-28 09:00") == []
    await world.apply_rules(make_traits(3, groups=["重点单位"]))
    await world.apply_rules(make_traits(2))  # an older change, told again
    assert len(await world.fire("2023-08-29 09:00")) == 1
    await world.apply_rules(make_traits(4, groups=["乡镇"]))
    assert await world.fire("2023-08-30 09:00") == []


@pytest.mark.parametrize(
    ("select", "fired"),
    [
        ({"unit": "县财政局", "unit_kind": ["部门", "乡镇"]}, 1),
        ({"not": {"unit": "县财政局"}}, 0),
        ({"unit_kind": "乡镇"}, 0),
        ({"category": "决策公开"}, 1),
        ({"not": {"category": "决策公开"}}, 0),
    ],
)
async def test_units_and_categories_are_selected(
    world: World, select: dict[str, Any], fired: int
) -> None:
    """The obligation was assigned before anybody told a category."""
    await world.tell(make_assignment(UNIT, ("1.1", make_obligation(UNIT, "1.1", "2023-08-31"))))
    categories = (MeasureTraits(measure_id=MEASURE, category="决策公开"),)
    await world.apply_rules(make_traits())
    await world.apply_rules(TraitsPublished(office_id=OFFICE, measures=categories))
    await world.apply_rules(make_book(select))
    await world.replan()
    assert len(await world.fire("2023-08-30 09:00")) == fired


async def test_the_newest_category_of_a_measure_holds_whichever_event_tells_it(
    world: World,
) -> None:
    await world.apply_rules(make_traits())
    await world.apply_rules(make_book({"category": "决策公开"}))
    owed = make_assignment(UNIT, ("1.1", make_obligation(UNIT, "1.1", "2023-08-31")))
    measure = MeasureFacts(measure_id=MEASURE, ref="1.1", task_name="任务", text="内容")
    told = world.clock.instant

    async def tell_category(category: str, minutes: int) -> None:
        at = told.replace(minute=minutes)
        fresh = measure.model_copy(update={"category": category})
        await world.tell(owed.model_copy(update={"measures": (fresh,)}), time=at)

    await tell_category("财政", 1)
    await tell_category("决策公开", 3)
    await tell_category("财政", 2)
    assert len(await world.fire("2023-08-30 09:00")) == 1


def report(number: int, wire: Status, **progress: Any) -> StatusReported:
    obligation = identity.derive_obligation_id(MEASURE, UNIT, "2023")
    return StatusReported(
        office_id=OFFICE,
        unit_id=UNIT,
        obligation_id=obligation,
        status=wire,
        number=number,
        reported_by="unit",
        progress=ObligationProgress.model_validate(progress) if progress else None,
    )


async def test_a_status_and_the_reached_share_are_those_of_the_slot(world: World) -> None:
    """A target of 12, of which 4 and then 6 are reported."""
    measures = (MeasureTraits(measure_id=MEASURE, target=12.0),)
    await world.apply_rules(TraitsPublished(office_id=OFFICE, measures=measures))
    select = {"status": ["accepted", "in-progress"], "quantity": {"below": 50}}
    await world.apply_rules(make_book(select))
    await world.tell(make_assignment(UNIT, ("1.1", make_obligation(UNIT, "1.1", "2023-08-31"))))
    assert await world.fire("2023-08-28 09:00") == []  # assigned, nothing reported
    await world.tell(report(2, Status.OPEN, status="accepted", reported=4.0))
    assert len(await world.fire("2023-08-29 09:00")) == 1
    await world.tell(report(3, Status.IN_PROGRESS, status="in-progress", reported=6.0))
    assert await world.fire("2023-08-30 09:00") == []


async def test_what_an_older_release_reported_has_the_status_of_its_standing(world: World) -> None:
    await world.apply_rules(make_book({"status": "in-progress"}))
    await world.tell(make_assignment(UNIT, ("1.1", make_obligation(UNIT, "1.1", "2023-08-31"))))
    await world.tell(report(2, Status.OPEN, status="accepted"))
    assert await world.fire("2023-08-29 09:00") == []
    await world.tell(report(3, Status.IN_PROGRESS))
    assert len(await world.fire("2023-08-30 09:00")) == 1


async def test_a_step_is_not_reminded_once_it_is_ended(world: World) -> None:
    recent = {"ends_with": "progress", "within_days": 2}
    who = [{"audience": "liaison"}, {"audience": "head"} | recent]
    await world.apply_rules(make_book({"kind": "deadline"}, who=who))
    await world.tell(make_assignment(UNIT, ("1.1", make_obligation(UNIT, "1.1", "2023-08-31"))))

    async def list_heard(at: str) -> list[str]:
        return [reminder.audience.value for reminder in await world.fire(at)]

    assert await list_heard("2023-08-28 09:00") == ["liaison", "head"]
    now = world.clock.instant
    progress = {"status": "in-progress", "progressed_at": now}
    await world.tell(report(2, Status.IN_PROGRESS, **progress))
    assert await list_heard("2023-08-29 09:00") == ["liaison"]
    assert await list_heard("2023-08-30 09:00") == ["liaison"]
    assert await list_heard("2023-08-31 09:00") == ["liaison", "head"]
