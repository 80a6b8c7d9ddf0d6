"""Mutes and inhibited copies when slots fire, on the real database."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.scheduler import audit
from shared.rules.book import Rule, RuleBook
from shared.schemas.events import RemindersNotFired
from shared.schemas.mutes import Mute, NotFired, NotFiredReason
from shared.schemas.office_events import MuteRecorded, RuleBookPublished
from shared.schemas.rules import Audience
from shared.schemas.topics import RULES, TASKS
from tests.integration.scheduler.world import (
    OFFICE,
    World,
    get_unit_id,
    make_assignment,
    make_obligation,
    to_instant,
)

pytestmark = pytest.mark.integration
A, B = get_unit_id("甲局"), get_unit_id("乙局")
SLOT = to_instant("2023-08-30 09:00")


def recorded(number: int = 1, **what: Any) -> MuteRecorded:
    about: dict[str, Any] = {
        "mute_id": UUID(int=7),
        "unit_id": A,
        "since": to_instant("2023-08-29 11:00"),
        "until": to_instant("2023-08-31 00:00"),
        "reason": "职责交接",
        "muted_at": to_instant("2023-08-29 11:00"),
        "muted_by": "王敏",
    }
    return MuteRecorded(office_id=OFFICE, number=number, mute=Mute(**about | what))


async def assign(world: World) -> None:
    world.clock.instant = to_instant("2023-08-29 10:00")
    for unit_id in (A, B):
        owed = [(ref, make_obligation(unit_id, ref, "2023-08-31")) for ref in ("1.1", "2.1")]
        await world.tell(make_assignment(unit_id, *owed))


async def fire(world: World, at: datetime) -> tuple[dict[UUID, list[str]], list[NotFired]]:
    """The refs that each unit was reminded of at an instant, and what was not fired."""
    world.clock.instant = at
    for topic in (TASKS, RULES):
        await world.complete(topic, 0, at)
    await world.take_outbox()
    while await world.ticking.fire():
        pass
    fired: dict[UUID, list[str]] = {}
    unfired: list[NotFired] = []
    for envelope in await world.take_outbox():
        event = envelope.event
        if isinstance(event, RemindersNotFired):
            unfired += event.items
        else:
            fired[event.unit_id] = [item.ref for item in event.items]  # type: ignore[attr-defined]
    return fired, unfired


async def test_a_muted_unit_is_not_reminded_and_its_timers_move_on(world: World) -> None:
    await assign(world)
    await world.apply_rules(recorded())
    fired, unfired = await fire(world, SLOT)
    assert fired == {B: ["1.1", "2.1"]}
    assert {(item.slot, item.reason, item.mute_id) for item in unfired} == {
        (SLOT, NotFiredReason.MUTED, UUID(int=7))
    }
    assert {(item.actor, item.note) for item in unfired} == {("王敏", "职责交接")}
    assert len(unfired) == 2
    async with world.engine.connect() as db:
        lines = await audit.count_unit_days(db)
    assert [(line.unit_id, line.holds) for line in lines] == [(B, True)]
    assert set((await world.get_timers()).values()) == {to_instant("2023-08-31 09:00")}
    assert (await fire(world, to_instant("2023-08-31 09:00")))[0].keys() == {A, B}


async def test_a_muted_measure_is_left_out_of_the_reminder(world: World) -> None:
    await assign(world)
    measure = make_obligation(A, "2.1", None).measure_id
    await world.apply_rules(recorded(unit_id=None, measure_ids=(measure,)))
    fired, unfired = await fire(world, SLOT)
    assert fired == {A: ["1.1"], B: ["1.1"]}
    assert len(unfired) == 2


async def test_a_slot_waits_for_mutes_recorded_before_it(world: World) -> None:
    await assign(world)
    await world.complete(TASKS, 0, SLOT)
    await world.complete(RULES, 0, to_instant("2023-08-30 08:00"))
    world.clock.instant = SLOT
    assert await world.fire_due() == []
    await world.apply_rules(recorded(muted_at=to_instant("2023-08-30 08:30")))
    fired, _ = await fire(world, SLOT)
    assert fired.keys() == {B}


async def test_a_mute_recorded_after_the_slot_does_not_hold_for_it(world: World) -> None:
    await assign(world)
    late = to_instant("2023-08-30 09:30")
    await world.apply_rules(recorded(muted_at=late, since=late))
    assert (await fire(world, to_instant("2023-08-30 10:00")))[0].keys() == {A, B}


async def test_an_ended_mute_holds_no_longer_and_an_older_event_changes_nothing(
    world: World,
) -> None:
    await assign(world)
    await world.apply_rules(recorded(2, ended_at=to_instant("2023-08-29 12:00")))
    await world.apply_rules(recorded(1))
    assert (await fire(world, SLOT))[0].keys() == {A, B}


async def test_a_head_who_is_told_leaves_the_liaison_out(bare: World) -> None:
    rule = Rule.model_validate(
        {
            "rule_id": "r",
            "when": [{"type": "before-due", "working_days": [1]}],
            "who": [{"audience": "liaison"}, {"audience": "head", "inhibits": ["liaison"]}],
            "channels": ["email"],
        }
    )
    book = RuleBook(version=1, rules=(rule,))
    await bare.apply_rules(RuleBookPublished(office_id=OFFICE, book=book))
    await assign(bare)
    fired, unfired = await fire(bare, SLOT)
    assert fired == {A: ["1.1", "2.1"], B: ["1.1", "2.1"]}
    assert {(item.reason, item.audiences) for item in unfired} == {
        (NotFiredReason.INHIBITED, (Audience.LIAISON,))
    }
    rows = await bare.fetch_rows("SELECT DISTINCT audience FROM scheduler.reminders")
    assert [row.audience for row in rows] == ["head"]


async def test_what_catch_up_leaves_out_is_noted(world: World) -> None:
    await assign(world)
    _, unfired = await fire(world, datetime(2023, 8, 31, 2, tzinfo=UTC))
    assert {(item.slot, item.reason) for item in unfired} == {(SLOT, NotFiredReason.CATCH_UP)}
    assert len({item.obligation_id for item in unfired}) == 4
