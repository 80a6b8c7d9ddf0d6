"""A log that is another one, or lost events, stops its partition instead of losing them unseen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from sqlalchemy import text

from shared.clock import monotonic
from shared.kafka.broker import positions
from shared.kafka.broker.provisioning import create_topics
from shared.kafka.broker.records import Partition, compute_fingerprint
from shared.kafka.consuming.stop_reasons import LOG_REPLACED, LOG_SHORTER, LOG_TRUNCATED
from shared.kafka.delivery.group import run_group
from shared.kafka.delivery.watcher import watch
from shared.schemas.topics import TASKS, apply_prefix
from tests.integration.running import run_loops
from tests.integration.shared.consuming import PATIENCE, TABLES, World, make_envelope
from tests.integration.shared.test_consuming import list_records

pytestmark = pytest.mark.integration


@asynccontextmanager
async def run_consumer(world: World, group: str = "stops") -> AsyncIterator[None]:
    """Run the consumer, its group and its watcher during the block."""
    async with run_loops(
        run_group(world.consumer, world.settings, group),
        watch(world.consumer, world.settings, world.reader),
    ):
        yield


@asynccontextmanager
async def open_admin(world: World) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=world.settings.kafka)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


def get_topic_name(world: World) -> str:
    return apply_prefix(TASKS.name, world.settings.topic_prefix)


async def load_positions(world: World) -> dict[Partition, positions.Position]:
    async with world.engine.connect() as db:
        return await positions.load_positions(db, TABLES.positions, "tried")


async def wait_until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110 - in another task, or another system
            await asyncio.sleep(0.05)


async def recreate_topic(world: World) -> None:
    """Delete the topic and create it again, as after a broker lost its disk."""
    async with open_admin(world) as client:
        await client.delete_topics([get_topic_name(world)])

    async def is_made() -> bool:
        return get_topic_name(world) in await create_topics(world.settings)

    await wait_until(is_made)


async def delete_records_before(world: World, at: Partition, offset: int) -> None:
    """Let the broker delete the records before an offset, as its retention does."""
    async with open_admin(world) as client:
        before = RecordsToDelete(before_offset=offset)
        await client.delete_records({TopicPartition(at.topic, at.number): before})


async def wait_until_relayed(world: World) -> None:
    """Wait until every event has left the outbox."""

    async def is_empty() -> bool:
        async with world.engine.connect() as db:
            left = text("SELECT count(*) FROM tried.outbox WHERE sent_at IS NULL")
            return not (await db.execute(left)).scalar_one()

    await wait_until(is_empty)


async def wait_until_stopped(world: World, *reasons: str) -> Partition:
    """Wait until a partition is stopped for one of some reasons; returns the partition."""
    reason_of: dict[Partition, str] = {}

    async def is_stopped() -> bool:
        stored = await load_positions(world)
        reason_of.update({at: row.stopped_for for at, row in stored.items() if row.stopped_for})
        return bool(reason_of)

    await wait_until(is_stopped)
    assert set(reason_of.values()) <= set(reasons)
    return next(iter(reason_of))


def describe_stalls(world: World) -> str:
    """What readiness says about the consumer."""
    return world.consumer.progress.describe_stalls(monotonic(), 60, world.consumer.last_error)


async def test_a_topic_that_is_made_anew_stops_its_partition(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new events lie below the position, where everything counts as a repeat."""
    # The relay looked at its end a moment ago, however slow this machine is.
    monkeypatch.setattr("shared.kafka.outbox.acknowledgements._LOOK_AGAIN", 3600.0)
    async with run_consumer(world):
        await world.send(*(make_envelope(n) for n in range(20)))
        await world.wait_for_numbers(list(range(20)))
        await recreate_topic(world)
        await world.send(*(make_envelope(n) for n in range(100, 115)))
        at = await wait_until_stopped(world, LOG_SHORTER, LOG_REPLACED)

        async def is_told() -> bool:
            return f"{at.topic}/{at.number}" in describe_stalls(world)

        await wait_until(is_told)
        assert f"cuiban ops resume tried {at.topic} {at.number}" in describe_stalls(world)
        async with world.engine.begin() as db:
            await positions.resume(db, TABLES.positions, "tried", at, to=0)
        wanted = [*range(20), *range(100, 115)]
        assert await world.wait_for_numbers(wanted) == wanted
        await wait_until(lambda: _true(not describe_stalls(world)))


async def _true(value: bool) -> bool:
    return value


async def test_a_log_that_was_replaced_by_a_longer_one_is_noticed_at_the_start(
    world: World,
) -> None:
    async with run_consumer(world):
        await world.send(*(make_envelope(n) for n in range(10)))
        await world.wait_for_numbers(list(range(10)))
    await recreate_topic(world)
    await world.send(*(make_envelope(n) for n in range(100, 130)))
    await wait_until_relayed(world)
    async with run_consumer(world, "another"):
        await wait_until_stopped(world, LOG_REPLACED)
    assert await world.list_numbers() == list(range(10)), "the tail of another log was applied"


async def test_events_that_were_removed_before_they_were_applied_stop_the_partition(
    world: World,
) -> None:
    async with run_consumer(world):
        await world.send(*(make_envelope(n) for n in range(10)))
        await world.wait_for_numbers(list(range(10)))
    await world.send(*(make_envelope(n) for n in range(10, 30)))
    await wait_until_relayed(world)
    at = next(iter(await load_positions(world)))
    await delete_records_before(world, at, 25)
    await world.send(*(make_envelope(n) for n in range(30, 35)))
    await wait_until_relayed(world)
    async with run_consumer(world):
        assert await wait_until_stopped(world, LOG_TRUNCATED) == at
    assert await world.list_numbers() == list(range(10))
    assert (await load_positions(world))[at].next_offset == 10


async def test_what_was_judged_before_an_operator_resumed_stops_nobody(world: World) -> None:
    """The judge was slow: meanwhile the log was told again, and read beyond where it had looked."""
    async with run_consumer(world):
        await world.send(*(make_envelope(n) for n in range(10)))
        await world.wait_for_numbers(list(range(10)))
        at, judged = next(iter((await load_positions(world)).items()))
        await world.consumer.guard.stop(at, judged, LOG_REPLACED)
        async with world.engine.begin() as db:
            await positions.resume(db, TABLES.positions, "tried", at, to=0)
        await world.send(*(make_envelope(n) for n in range(10, 20)))
        await world.wait_for_numbers(list(range(20)))
        await world.consumer.guard.stop(at, judged, LOG_REPLACED)
        assert (await load_positions(world))[at].stopped_for is None
        resumed = (await load_positions(world))[at]
        await world.consumer.guard.stop(at, resumed, LOG_REPLACED)
        assert (await load_positions(world))[at].stopped_for == LOG_REPLACED


async def test_other_partitions_go_on_while_one_is_stopped(world: World) -> None:
    async with run_consumer(world):
        await world.send(*(make_envelope(n, unit=n % 5) for n in range(20)))
        await world.wait_for_numbers(list(range(20)))
        first, second = await load_positions(world)
        async with world.engine.begin() as db:
            seen = (await load_positions(world))[first]
            await positions.stop(db, TABLES.positions, "tried", first, seen=seen, why=LOG_SHORTER)
        await world.send(*(make_envelope(n, unit=n % 5) for n in range(20, 80)))
        await wait_until_relayed(world)
        end = (await world.reader.list_ends([second]))[second]

        async def is_there() -> bool:
            return (await load_positions(world))[second].next_offset == end

        await wait_until(is_there)
    assert (await load_positions(world))[first].next_offset == seen.next_offset
    assert (await load_positions(world))[first].complete_until is None


async def test_a_position_of_an_older_version_gets_its_mark(world: World) -> None:
    await world.send(*(make_envelope(n) for n in range(10)))
    records = await list_records(world, 10)
    await world.consumer.apply(records)
    at = records[0].partition
    fingerprint = (await load_positions(world))[at].fingerprint
    assert fingerprint == compute_fingerprint(records[-1])
    async with world.engine.begin() as db:
        await db.execute(text("UPDATE tried.positions SET mark_time = NULL, mark_sum = NULL"))
    assert await world.consumer.guard.verify(at) is None
    assert (await load_positions(world))[at].fingerprint == fingerprint


async def test_a_log_that_begins_at_the_position_has_lost_nothing(world: World) -> None:
    await world.send(*(make_envelope(n) for n in range(10)))
    records = await list_records(world, 10)
    await world.consumer.apply(records)
    await delete_records_before(world, records[0].partition, 10)
    assert await world.consumer.guard.verify(records[0].partition) is None


async def test_what_a_compacted_topic_has_dropped_is_passed_over(world: World) -> None:
    world.consumer.topics[get_topic_name(world)] = replace(TASKS, compacted=True)
    await world.send(*(make_envelope(n) for n in range(20)))
    records = await list_records(world, 20)
    await world.consumer.apply(records[:5])
    await delete_records_before(world, records[0].partition, 15)
    await world.consumer.apply(records[17:])
    assert await world.list_numbers() == [*range(5), *range(15, 20)]
