"""Facts that are read before the event that tells of their obligation."""

from datetime import date, timedelta

import pytest
from prometheus_client import REGISTRY

from services.scheduler.ticking import Ticking
from shared.schemas import identity
from shared.schemas.base_events import Event
from shared.schemas.events import (
    ExtensionGranted,
    HearingRecorded,
    ObligationsAmended,
    ObligationsWithdrawn,
    StatusReported,
)
from shared.schemas.facts import Status
from shared.schemas.rules import ObligationKind
from tests.integration.scheduler.world import (
    OFFICE,
    START,
    World,
    get_unit_id,
    make_assignment,
    make_obligation,
    to_instant,
)

pytestmark = pytest.mark.integration
UNIT = get_unit_id("县发展改革局")
ONE = make_obligation(UNIT, "1.1", "2023-08-31")
HEARING = make_obligation(UNIT, "16.1", "2023-12-31", kind=ObligationKind.HEARING)
TWO = make_obligation(UNIT, "2.1", "2023-12-31")
WHOSE = {"office_id": OFFICE, "unit_id": UNIT}


def reported(status: Status, number: int) -> StatusReported:
    about = {"obligation_id": ONE.obligation_id, "status": status, "number": number}
    return StatusReported(**WHOSE, **about, reported_by="unit")


def heard() -> HearingRecorded:
    return HearingRecorded(
        **WHOSE,
        hearing_id=identity.derive_id("hearing"),
        obligation_id=HEARING.obligation_id,
        number=2,
        heard_on=date(2023, 6, 1),
        heard_by="局长",
    )


def extended(number: int, due_on: date) -> ExtensionGranted:
    about = {"obligation_id": ONE.obligation_id, "number": number, "due_on": due_on}
    return ExtensionGranted(**WHOSE, **about, reason="防汛")


def withdrawn(*ids) -> ObligationsWithdrawn:
    return ObligationsWithdrawn(**WHOSE, obligation_ids=ids, reason="revised")


def told() -> Event:
    return make_assignment(UNIT, ("1.1", ONE), ("2.1", TWO), ("16.1", HEARING))


async def standings(world: World) -> dict[str, str]:
    rows = await world.fetch_rows(
        "SELECT m.ref, o.standing FROM scheduler.obligations AS o "
        "JOIN scheduler.measures AS m USING (measure_id)"
    )
    return {row.ref: row.standing for row in rows}


async def waiting(world: World) -> int:
    return len(await world.fetch_rows("SELECT event_id FROM scheduler.waiting_facts"))


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
async def test_what_is_read_too_early_counts_once_the_obligation_is_told(
    world: World, *, together: bool
) -> None:
    early = [reported(Status.DONE, 2), heard(), withdrawn(TWO.obligation_id)]
    if together:
        await world.tell(*early, told())
    else:
        for event in early:
            await world.tell(event)
        assert await waiting(world) == 3
        await world.tell(told())
    assert await standings(world) == {"1.1": "done", "2.1": "withdrawn", "16.1": "done"}
    assert await world.get_timers() == {}
    assert await waiting(world) == 0
    assert await world.take_outbox() == []


async def test_they_count_in_the_order_of_their_numbers(world: World) -> None:
    await world.tell(extended(4, date(2023, 9, 28)))
    await world.tell(reported(Status.OPEN, 3))
    await world.tell(reported(Status.DONE, 2))
    await world.tell(told())
    rows = await world.fetch_rows(
        "SELECT number, standing, due_on FROM scheduler.obligations WHERE obligation_id = :o",
        o=ONE.obligation_id,
    )
    assert [tuple(row) for row in rows] == [(4, "open", date(2023, 9, 28))]
    assert ONE.obligation_id in await world.get_timers()


async def test_a_withdrawal_from_before_the_obligation_was_owed_again_is_over(
    world: World,
) -> None:
    await world.tell(withdrawn(ONE.obligation_id), time=START - timedelta(days=2))
    again = ONE.model_copy(update={"number": 3})
    await world.tell(ObligationsAmended(**make_assignment(UNIT, ("1.1", again)).model_dump()))
    assert await standings(world) == {"1.1": "open"}
    assert await waiting(world) == 0


async def test_a_fact_that_waits_too_long_is_given_up_and_named(world: World) -> None:
    await world.tell(reported(Status.DONE, 2))
    await world.fetch_rows(
        "UPDATE scheduler.waiting_facts SET received_at = now() - CAST('2 days' AS interval)"
    )
    await world.ticking.audit()
    age = REGISTRY.get_sample_value("cuiban_facts_waiting_seconds")
    assert age is not None
    assert age >= 2 * 86400
    hasty = world.settings.model_copy(update={"facts_wait": timedelta(days=1)})
    await Ticking(world.engine, hasty, world.clock).audit()
    assert await waiting(world) == 0
    assert REGISTRY.get_sample_value("cuiban_facts_waiting_seconds") == 0


async def test_a_unit_is_reminded_of_what_a_waiting_extension_made_due(world: World) -> None:
    world.clock.instant = to_instant("2023-08-29 10:00")
    await world.tell(extended(2, date(2023, 8, 30)))
    await world.tell(told())
    (reminder,) = await world.fire("2023-08-30 09:00")
    assert reminder.items[0].due_on == date(2023, 8, 30)
