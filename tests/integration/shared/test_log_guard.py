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
from tests.integration.running import running
from tests.integration.shared.test_consuming import (
    PATIENCE,
    TABLES,
    World,
    all_records,
    envelope,
)

pytestmark = pytest.mark.integration


@asynccontextmanager
async def consuming(world: World, group: str = "stops") -> AsyncIterator[None]:
    """The consumer at work, delivered to by a group and watched."""
    async with running(
        run_group(world.consumer, world.settings, group),
        watch(world.consumer, world.settings, world.reader),
    ):
        yield


@asynccontextmanager
async def admin(world: World) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=world.settings.kafka)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


def topic(world: World) -> str:
    return apply_prefix(TASKS.name, world.settings.topic_prefix)


async def rows(world: World) -> dict[Partition, positions.Position]:
    async with world.engine.connect() as db:
        return await positions.load_positions(db, TABLES.positions, "tried")


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110 - in another task, or another system
            await asyncio.sleep(0.05)


async def made_anew(world: World) -> None:
    """The topic is deleted and made again, as after a broker lost its disk."""
    async with admin(world) as client:
        await client.delete_topics([topic(world)])

    async def is_made() -> bool:
        return topic(world) in await create_topics(world.settings)

    await until(is_made)


async def cut(world: World, at: Partition, offset: int) -> None:
    """The broker drops what is before an offset, as its retention does."""
    async with admin(world) as client:
        before = RecordsToDelete(before_offset=offset)
        await client.delete_records({TopicPartition(at.topic, at.number): before})


async def relayed(world: World) -> None:
    """Return once every event has left the outbox."""

    async def is_empty() -> bool:
        async with world.engine.connect() as db:
            left = text("SELECT count(*) FROM tried.outbox WHERE sent_at IS NULL")
            return not (await db.execute(left)).scalar_one()

    await until(is_empty)


async def stopped(world: World, *reasons: str) -> Partition:
    """Wait until a partition is stopped for one of some reasons; which one."""
    found: dict[Partition, str] = {}

    async def is_stopped() -> bool:
        found.update({at: r.stopped_for for at, r in (await rows(world)).items() if r.stopped_for})
        return bool(found)

    await until(is_stopped)
    assert set(found.values()) <= set(reasons)
    return next(iter(found))


def why_not(world: World) -> str:
    """What readiness says of the consumer."""
    return world.consumer.progress.describe_stalls(monotonic(), 60, world.consumer.last_error)


async def test_a_topic_that_is_made_anew_stops_its_partition(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new events lie below the position, where everything counts as a repeat."""
    # The relay looked at its end a moment ago, however slow this machine is.
    monkeypatch.setattr("shared.kafka.outbox.acknowledgements._LOOK_AGAIN", 3600.0)
    async with consuming(world):
        await world.send(*(envelope(n) for n in range(20)))
        await world.reached(list(range(20)))
        await made_anew(world)
        await world.send(*(envelope(n) for n in range(100, 115)))
        at = await stopped(world, LOG_SHORTER, LOG_REPLACED)

        async def is_told() -> bool:
            return f"{at.topic}/{at.number}" in why_not(world)

        await until(is_told)
        assert f"cuiban ops resume tried {at.topic} {at.number}" in why_not(world)
        async with world.engine.begin() as db:
            await positions.resume(db, TABLES.positions, "tried", at, to=0)
        wanted = [*range(20), *range(100, 115)]
        assert await world.reached(wanted) == wanted
        await until(lambda: _true(not why_not(world)))


async def _true(value: bool) -> bool:
    return value


async def test_a_log_that_was_replaced_by_a_longer_one_is_noticed_at_the_start(
    world: World,
) -> None:
    async with consuming(world):
        await world.send(*(envelope(n) for n in range(10)))
        await world.reached(list(range(10)))
    await made_anew(world)
    await world.send(*(envelope(n) for n in range(100, 130)))
    await relayed(world)
    async with consuming(world, "another"):
        await stopped(world, LOG_REPLACED)
    assert await world.numbers() == list(range(10)), "the tail of another log was applied"


async def test_events_that_were_removed_before_they_were_applied_stop_the_partition(
    world: World,
) -> None:
    async with consuming(world):
        await world.send(*(envelope(n) for n in range(10)))
        await world.reached(list(range(10)))
    await world.send(*(envelope(n) for n in range(10, 30)))
    await relayed(world)
    at = next(iter(await rows(world)))
    await cut(world, at, 25)
    await world.send(*(envelope(n) for n in range(30, 35)))
    await relayed(world)
    async with consuming(world):
        assert await stopped(world, LOG_TRUNCATED) == at
    assert await world.numbers() == list(range(10))
    assert (await rows(world))[at].next_offset == 10


async def test_what_was_judged_before_an_operator_resumed_stops_nobody(world: World) -> None:
    """The judge was slow: meanwhile the log was told again, and read beyond where it had looked."""
    async with consuming(world):
        await world.send(*(envelope(n) for n in range(10)))
        await world.reached(list(range(10)))
        at, judged = next(iter((await rows(world)).items()))
        await world.consumer.guard.stop(at, judged, LOG_REPLACED)
        async with world.engine.begin() as db:
            await positions.resume(db, TABLES.positions, "tried", at, to=0)
        await world.send(*(envelope(n) for n in range(10, 20)))
        await world.reached(list(range(20)))
        await world.consumer.guard.stop(at, judged, LOG_REPLACED)
        assert (await rows(world))[at].stopped_for is None
        resumed = (await rows(world))[at]
        await world.consumer.guard.stop(at, resumed, LOG_REPLACED)
        assert (await rows(world))[at].stopped_for == LOG_REPLACED


async def test_other_partitions_go_on_while_one_is_stopped(world: World) -> None:
    async with consuming(world):
        await world.send(*(envelope(n, unit=n % 5) for n in range(20)))
        await world.reached(list(range(20)))
        first, second = await rows(world)
        async with world.engine.begin() as db:
            seen = (await rows(world))[first]
            await positions.stop(db, TABLES.positions, "tried", first, seen=seen, why=LOG_SHORTER)
        await world.send(*(envelope(n, unit=n % 5) for n in range(20, 80)))
        await relayed(world)
        end = (await world.reader.list_ends([second]))[second]

        async def is_there() -> bool:
            return (await rows(world))[second].next_offset == end

        await until(is_there)
    assert (await rows(world))[first].next_offset == seen.next_offset
    assert (await rows(world))[first].complete_until is None


async def test_a_position_of_an_older_version_gets_its_mark(world: World) -> None:
    await world.send(*(envelope(n) for n in range(10)))
    records = await all_records(world, 10)
    await world.consumer.apply(records)
    at = records[0].partition
    fingerprint = (await rows(world))[at].fingerprint
    assert fingerprint == compute_fingerprint(records[-1])
    async with world.engine.begin() as db:
        await db.execute(text("UPDATE tried.positions SET mark_time = NULL, mark_sum = NULL"))
    assert await world.consumer.guard.verify(at) is None
    assert (await rows(world))[at].fingerprint == fingerprint


async def test_a_log_that_begins_at_the_position_has_lost_nothing(world: World) -> None:
    await world.send(*(envelope(n) for n in range(10)))
    records = await all_records(world, 10)
    await world.consumer.apply(records)
    await cut(world, records[0].partition, 10)
    assert await world.consumer.guard.verify(records[0].partition) is None


async def test_what_a_compacted_topic_has_dropped_is_passed_over(world: World) -> None:
    world.consumer.topics[topic(world)] = replace(TASKS, compacted=True)
    await world.send(*(envelope(n) for n in range(20)))
    records = await all_records(world, 20)
    await world.consumer.apply(records[:5])
    await cut(world, records[0].partition, 15)
    await world.consumer.apply(records[17:])
    assert await world.numbers() == [*range(5), *range(15, 20)]
