"""Facts about an obligation end its timers, withdraw what is on its way, and plan again."""

from datetime import date

import pytest

from shared.errors import PoisonError
from shared.schemas import identity
from shared.schemas.events import (
    ExtensionGranted,
    HearingRecorded,
    ObligationsAmended,
    ObligationsWithdrawn,
    ReminderWithdrawn,
    StatusReported,
)
from shared.schemas.facts import Status
from shared.schemas.rules import ObligationKind
from tests.integration.scheduler.world import (
    OFFICE,
    UNIT,
    World,
    make_assignment,
    make_obligation,
    to_instant,
)

pytestmark = pytest.mark.integration


def reported(obligation_id, status=Status.DONE, number=2):
    return StatusReported(
        office_id=OFFICE,
        unit_id=UNIT,
        obligation_id=obligation_id,
        status=status,
        number=number,
        reported_by="unit",
    )


async def test_done_ends_the_timers_and_withdraws_what_is_on_its_way(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    world.clock.instant = to_instant("2023-08-29 10:00")
    await world.tell(make_assignment(UNIT, ("1.1", facts)))
    await world.tell(reported(facts.obligation_id))
    (told,) = await world.take_outbox()
    assert told.event == ReminderWithdrawn(
        office_id=OFFICE,
        unit_id=UNIT,
        obligation_ids=(facts.obligation_id,),
        until=world.clock.instant,
        reason="done",
    )
    assert await world.get_timers() == {}
    assert await world.fire("2023-09-30 09:00") == []


async def test_reopened_is_planned_again_from_then_on(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    await world.tell(make_assignment(UNIT, ("1.1", facts)), reported(facts.obligation_id))
    world.clock.instant = to_instant("2023-08-30 10:00")
    await world.tell(reported(facts.obligation_id, Status.OPEN, 3))
    assert await world.get_timers() == {facts.obligation_id: to_instant("2023-08-31 09:00")}


async def test_work_in_progress_is_still_reminded_of(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    await world.tell(make_assignment(UNIT, ("1.1", facts)))
    before = await world.get_timers()
    await world.tell(reported(facts.obligation_id, Status.IN_PROGRESS))
    assert await world.get_timers() == before
    assert await world.take_outbox() == []


async def test_an_extension_withdraws_and_plans_for_the_new_date(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    await world.tell(make_assignment(UNIT, ("1.1", facts)))
    world.clock.instant = to_instant("2023-08-30 10:00")
    extension = ExtensionGranted(
        office_id=OFFICE,
        unit_id=UNIT,
        obligation_id=facts.obligation_id,
        number=2,
        due_on=date(2023, 9, 28),
        reason="防汛",
    )
    await world.tell(extension)
    (told,) = await world.take_outbox()
    assert isinstance(told.event, ReminderWithdrawn)
    assert told.event.reason == "extended"
    assert await world.get_timers() == {facts.obligation_id: to_instant("2023-09-07 09:00")}


async def test_a_hearing_or_a_withdrawal_ends_reminders(world: World) -> None:
    heard = make_obligation(UNIT, "16.1", "2023-12-31", kind=ObligationKind.HEARING)
    gone = make_obligation(UNIT, "1.1", "2023-12-31")
    await world.tell(make_assignment(UNIT, ("16.1", heard), ("1.1", gone)))
    hearing = HearingRecorded(
        office_id=OFFICE,
        unit_id=UNIT,
        hearing_id=identity.derive_id("hearing"),
        obligation_id=heard.obligation_id,
        number=2,
        heard_on=date(2023, 6, 1),
        heard_by="局长",
    )
    withdrawn = ObligationsWithdrawn(
        office_id=OFFICE, unit_id=UNIT, obligation_ids=(gone.obligation_id,), reason="revised"
    )
    await world.tell(hearing, withdrawn)
    reasons = [
        e.event.reason for e in await world.take_outbox() if isinstance(e.event, ReminderWithdrawn)
    ]
    assert reasons == ["heard", "revised"]
    assert await world.get_timers() == {}


async def test_an_older_fact_changes_nothing(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31", number=5)
    await world.tell(make_assignment(UNIT, ("1.1", facts)))
    before = await world.get_timers()
    stale = facts.model_copy(update={"number": 4, "due_on": date(2024, 1, 31)})
    event = make_assignment(UNIT, ("1.1", stale))
    await world.tell(
        ObligationsAmended(**event.model_dump()), reported(facts.obligation_id, number=3)
    )
    assert await world.get_timers() == before
    assert await world.take_outbox() == []


async def test_a_report_on_an_unknown_obligation_tells_nobody_anything(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    await world.tell(reported(facts.obligation_id))
    assert await world.fetch_rows("SELECT * FROM scheduler.obligations") == []
    assert await world.take_outbox() == []


async def test_an_obligation_without_its_measure_is_refused(world: World) -> None:
    """A reminder of it would have nothing to say; the record becomes a dead letter."""
    event = make_assignment(UNIT, ("1.1", make_obligation(UNIT, "1.1", "2023-08-31")))
    with pytest.raises(PoisonError, match="measure-unknown"):
        await world.tell(event.model_copy(update={"measures": ()}))
    assert await world.fetch_rows("SELECT * FROM scheduler.agenda") == []


async def test_a_measure_told_earlier_does_not_replace_a_later_one(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    newer = make_assignment(UNIT, ("1.1", facts))
    older = newer.model_copy(update={"plan_title": "旧题"})
    world.clock.instant = to_instant("2023-08-29 10:00")
    await world.tell(newer)
    await world.tell(older, time=to_instant("2023-08-28 10:00"))
    (reminder,) = await world.fire("2023-08-30 09:00")
    assert reminder.plan_title == "2023年分解表"


async def test_a_batch_keeps_the_order_within_a_unit(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    await world.tell(
        make_assignment(UNIT, ("1.1", facts)),
        reported(facts.obligation_id, Status.DONE, 2),
        reported(facts.obligation_id, Status.OPEN, 3),
        reported(facts.obligation_id, Status.DONE, 4),
        reported(facts.obligation_id, Status.OPEN, 5),
    )
    assert await world.get_timers() == {facts.obligation_id: to_instant("2023-07-20 09:00")}
    rows = await world.fetch_rows("SELECT number, standing FROM scheduler.obligations")
    assert [tuple(row) for row in rows] == [(5, "open")]
    assert len(await world.take_outbox()) == 2
