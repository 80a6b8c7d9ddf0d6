"""A slot waits until every fact that was told before it has been read, but not for ever."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from services.scheduler.store.tables import RULES_CONSUMER, TASKS_CONSUMER
from services.scheduler.ticking import Ticking
from shared.schemas.events import StatusReported
from shared.schemas.facts import Status
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
HALF_PAST_EIGHT = to_instant("2023-08-30 08:30")


def done(unit_id) -> StatusReported:
    return StatusReported(
        office_id=OFFICE,
        unit_id=unit_id,
        obligation_id=make_obligation(unit_id, "1.1", None).obligation_id,
        status=Status.DONE,
        number=2,
        reported_by="unit",
    )


async def told(world: World, *units, partition: int = 0) -> None:
    world.clock.instant = to_instant("2023-08-29 10:00")
    for unit_id in units:
        owed = ("1.1", make_obligation(unit_id, "1.1", "2023-08-31"))
        await world.tell(make_assignment(unit_id, owed), partition=partition)


async def complete(world: World, until, *, tasks: int = 0) -> None:
    await world.complete(TASKS, tasks, until)
    await world.complete(RULES, 0, until)


async def test_a_report_from_before_the_slot_that_is_read_after_it_stops_the_reminder(
    world: World,
) -> None:
    await told(world, A, B)
    await complete(world, to_instant("2023-08-30 08:00"))
    world.clock.instant = to_instant("2023-08-30 10:00")
    assert await world.fire_due() == []
    await world.tell(done(A), time=HALF_PAST_EIGHT)
    await complete(world, to_instant("2023-08-30 10:00"))
    (reminder,) = await world.fire_due()
    assert (reminder.unit_id, reminder.complete) == (B, True)


async def test_a_slot_waits_for_the_rules_too(world: World) -> None:
    await told(world, A)
    world.clock.instant = SLOT
    await world.complete(TASKS, 0, SLOT)
    assert await world.fire_due() == []
    await world.complete(RULES, 0, SLOT)
    (reminder,) = await world.fire_due()
    assert reminder.slot == SLOT


async def test_units_of_a_partition_that_waits_do_not_hold_up_the_others(world: World) -> None:
    """Though there are more of them than a tick takes, and they are due earlier."""
    waiting = [get_unit_id(f"单位{number}") for number in range(12)]
    await told(world, *waiting, partition=1)
    await told(world, B, partition=0)
    few = world.settings.model_copy(update={"tick_batch": 4})
    world.ticking = Ticking(world.engine, few, world.clock)
    await complete(world, SLOT)
    await world.complete(TASKS, 1, HALF_PAST_EIGHT)
    world.clock.instant = to_instant("2023-08-30 09:01")
    (reminder,) = await world.fire_due()
    assert reminder.unit_id == B
    assert metrics_value("cuiban_slots_waiting_seconds", partition="1") == 60
    await world.complete(TASKS, 1, SLOT)
    assert {one.unit_id for one in await world.fire_due()} == set(waiting)
    assert metrics_value("cuiban_slots_waiting_seconds", partition="1") is None
    await world.ticking.close()


async def test_after_a_bounded_wait_a_slot_fires_and_says_that_it_was_not_complete(
    world: World, monkeypatch, caplog
) -> None:
    await told(world, A)
    seconds = iter(range(0, 10_000, 600))
    monkeypatch.setattr("shared.clock.monotonic", lambda: next(seconds))
    await complete(world, HALF_PAST_EIGHT)
    world.clock.instant = SLOT
    before = metrics_value("cuiban_reminders_fired_incomplete_total")
    assert await world.ticking.fire() == 0
    world.clock.instant = to_instant("2023-08-30 09:30")
    while not await world.ticking.fire():
        assert next(seconds) < 5000
    (sent,) = await world.take_outbox()
    assert (sent.event.slot, sent.event.complete) == (SLOT, False)
    (row,) = await world.fetch_rows("SELECT complete FROM scheduler.reminders")
    assert row.complete is False
    assert metrics_value("cuiban_reminders_fired_incomplete_total") == before + 1


async def park(world: World, consumer: str, key: UUID) -> None:
    """Leave an event of a key as one that its handler could not apply."""
    await world.fetch_rows(
        "INSERT INTO scheduler.parked (consumer, topic, partition, record_offset, key, headers, "
        "record_time, reason, detail, tries) "
        "VALUES (:consumer, 't', 0, 0, :key, '[]', 0, 'handler-failed', '', 3)",
        consumer=consumer,
        key=str(key).encode(),
    )


@pytest.mark.parametrize("consumer", [TASKS_CONSUMER, RULES_CONSUMER])
async def test_a_unit_of_which_an_event_is_parked_waits_and_others_do_not(
    world: World, consumer: str
) -> None:
    """The parked event may say that the unit is done, or that the rule has gone."""
    await told(world, A, B)
    await park(world, consumer, A if consumer == TASKS_CONSUMER else OFFICE)
    world.clock.instant = SLOT
    await complete(world, SLOT)
    others = {B} if consumer == TASKS_CONSUMER else set()
    assert {one.unit_id for one in await world.fire_due()} == others
    await world.fetch_rows("DELETE FROM scheduler.parked")
    assert {one.unit_id for one in await world.fire_due()} == {A, B} - others


async def test_behind_a_parked_event_a_slot_fires_late_and_says_that_it_was_not_complete(
    world: World,
) -> None:
    await told(world, A)
    await park(world, TASKS_CONSUMER, A)
    world.clock.instant = SLOT
    await complete(world, SLOT)
    assert await world.fire_due() == []
    hasty = world.settings.model_copy(update={"complete_within": timedelta(0)})
    world.ticking = Ticking(world.engine, hasty, world.clock)
    (reminder,) = await world.fire_due()
    assert reminder.complete is False
    await world.ticking.close()


async def test_an_ingest_that_tells_no_watermarks_makes_slots_late_but_stops_none(
    world: World,
) -> None:
    await told(world, A)
    world.clock.instant = SLOT
    assert await world.fire_due() == []
    hasty = world.settings.model_copy(update={"complete_within": timedelta(0)})
    world.ticking = Ticking(world.engine, hasty, world.clock)
    (reminder,) = await world.fire_due()
    assert reminder.complete is False
    await world.ticking.close()


async def test_units_whose_partition_is_not_known_wait_for_all_of_them(world: World) -> None:
    await told(world, A)
    await world.fetch_rows("UPDATE scheduler.agenda SET partition = -1")
    await complete(world, SLOT)
    await world.complete(TASKS, 3, HALF_PAST_EIGHT)
    world.clock.instant = SLOT
    assert await world.fire_due() == []
    await world.complete(TASKS, 3, SLOT)
    (reminder,) = await world.fire_due()
    assert reminder.complete
    await world.tell(done(A), partition=2)
    (row,) = await world.fetch_rows("SELECT partition FROM scheduler.agenda")
    assert row.partition == 2


async def test_an_outage_over_several_slots_ends_with_the_newest_alone(world: World) -> None:
    """Though facts become known slot after slot: the earlier one is passed over, not sent first."""
    await told(world, A)
    world.clock.instant = to_instant("2023-08-31 10:00")
    await complete(world, to_instant("2023-08-30 12:00"))
    assert await world.fire_due() == []
    await complete(world, to_instant("2023-08-31 10:00"))
    (reminder,) = await world.fire_due()
    assert reminder.slot == to_instant("2023-08-31 09:00")


async def test_a_tick_with_nothing_due_reads_an_index_and_no_table(world: World) -> None:
    await world.fetch_rows(
        "INSERT INTO scheduler.agenda (unit_id, office_id, partition, next_fire_at) "
        "SELECT gen_random_uuid(), :office, n % 4, CAST(:slot AS timestamptz) "
        "+ n * CAST('1 minute' AS interval) FROM generate_series(1, 20000) AS n",
        office=OFFICE,
        slot=SLOT,
    )
    await world.fetch_rows("ANALYZE scheduler.agenda")
    before = await rows_read(world)
    assert await world.ticking.fire() == 0
    assert await rows_read(world) - before <= 8


async def rows_read(world: World) -> int:
    """Rows of the agenda that queries have read, as PostgreSQL counts them."""
    await world.fetch_rows("SELECT pg_stat_force_next_flush()")
    looking = world.ticking._idle
    if looking is not None:
        await looking.exec_driver_sql("SELECT pg_stat_force_next_flush()")
    (row,) = await world.fetch_rows(
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) AS read FROM pg_stat_user_tables "
        "WHERE schemaname = 'scheduler' AND relname = 'agenda'"
    )
    return int(row.read)


def metrics_value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def test_however_long_the_pause_a_commit_of_this_process_makes_the_loop_look(
    world: World,
) -> None:
    seldom = world.settings.model_copy(update={"poll": timedelta(hours=1)})
    world.ticking = Ticking(world.engine, seldom, world.clock)
    firing = asyncio.create_task(world.ticking.fire_for_ever())
    await told(world, A)
    await complete(world, SLOT)
    world.clock.instant = SLOT
    await world.tell(make_assignment(B, ("1.1", make_obligation(B, "1.1", "2023-08-31"))))
    async with asyncio.timeout(60):
        while not await world.fetch_rows("SELECT unit_id FROM scheduler.reminders"):  # noqa: ASYNC110 - another task's work
            await asyncio.sleep(0.02)
    firing.cancel()
    await asyncio.gather(firing, return_exceptions=True)
    await world.ticking.close()
