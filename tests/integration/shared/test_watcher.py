"""What is measured stays true while something waits; what nobody delivers is found."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
from aiohttp import ClientSession
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewPartitions
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import metrics
from shared.kafka.broker import positions
from shared.kafka.broker.codec import encode
from shared.kafka.broker.records import Partition
from shared.kafka.consuming.stop_reasons import LOG_SHORTER
from shared.kafka.delivery import watcher
from shared.kafka.delivery.group import run_group
from shared.kafka.delivery.watcher import watch
from shared.process.service import build_health_port
from shared.schemas.envelope import Envelope
from tests.integration.running import run_loops
from tests.integration.shared.consuming import PATIENCE, TABLES, World, make_envelope, store
from tests.integration.shared.test_log_guard import (
    get_topic_name,
    load_positions,
    open_admin,
    recreate_topic,
    run_consumer,
    wait_until,
    wait_until_relayed,
)

pytestmark = pytest.mark.integration
STALLED = timedelta(seconds=3)


@asynccontextmanager
async def readiness(world: World) -> AsyncIterator[tuple[ClientSession, str]]:
    settings = world.settings.model_copy(update={"stalled_after": STALLED})
    health = build_health_port(settings, world.engine, consumers=[world.consumer])
    port = await health.start()
    async with ClientSession() as session:
        yield session, f"http://{settings.metrics_host}:{port}/health/ready"
    await health.stop()


async def send_one(world: World) -> Partition:
    """Send one event; the partition of its record."""
    await world.send(make_envelope(0))
    await wait_until_relayed(world)
    every = [Partition(get_topic_name(world), n) for n in range(world.settings.partitions)]
    spans = await world.reader.list_ranges(every)
    (at,) = [each for each, span in spans.items() if span.end]
    return at


async def test_a_consumer_that_waits_makes_its_service_not_ready_and_the_lag_rise(
    world: World,
) -> None:
    """The handler is refused again and again by what it stands on, also while it heals."""
    lets_through = False

    async def refused(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        if not lets_through:
            raise ConnectionRefusedError("no route to what the handler needs")
        await store(db, envelopes)

    world.consumer.handle = refused
    async with run_consumer(world), readiness(world) as (session, url):
        await world.send(*(make_envelope(n) for n in range(5)))
        await wait_until_relayed(world)

        async def is_told() -> bool:
            async with session.get(url) as answer:
                said = (await answer.json()).get("streams", "")
            return answer.status == 503 and "no route" in said and "offset 0 of 5" in said

        await wait_until(is_told)
        await world.send(*(make_envelope(n) for n in range(5, 30)))
        gauge = metrics.BEHIND.labels("tried", get_topic_name(world))

        async def has_risen() -> bool:
            return gauge._value.get() == 30

        await wait_until(has_risen)
        lets_through = True
        assert await world.wait_for_numbers(list(range(30))) == list(range(30))

        async def is_ready() -> bool:
            async with session.get(url) as answer:
                return answer.status == 200

        await wait_until(is_ready)


async def test_parked_events_are_a_warning_that_leaves_the_service_ready(world: World) -> None:
    async def failing(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        raise KeyError("plan")

    world.consumer.handle = failing
    async with run_consumer(world), readiness(world) as (session, url):
        await world.send(make_envelope(0))

        async def is_told() -> bool:
            async with session.get(url) as answer:
                said = await answer.json()
            return answer.status == 200 and "1 events" in said.get("warnings", {}).get("parked", "")

        await wait_until(is_told)


async def test_a_partition_that_is_new_is_consumed_from_its_beginning(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_TOPICS_EVERY", 1.0)
    async with run_loops(watch(world.consumer, world.settings, world.reader)):
        await world.send(make_envelope(0))
        await world.wait_for_numbers([0])
        async with open_admin(world) as client:
            await client.create_partitions({get_topic_name(world): NewPartitions(total_count=3)})
        async with AIOKafkaProducer(bootstrap_servers=world.settings.kafka) as producer:
            for number in (1, 2):
                record = encode(make_envelope(number))
                await producer.send_and_wait(
                    get_topic_name(world),
                    record.value,
                    key=record.key,
                    headers=list(record.headers),
                    partition=2,
                )
        assert await world.wait_for_numbers([0, 1, 2]) == [0, 1, 2]


async def test_what_another_process_owns_is_healed_only_after_longer(world: World) -> None:
    """The owner is stopped in the middle: it holds its partitions and does nothing."""
    world.consumer.assigned = set
    await world.send(*(make_envelope(n) for n in range(5)))
    await wait_until_relayed(world)
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with run_loops(watch(world.consumer, world.settings, world.reader)):
        assert await world.wait_for_numbers(list(range(5))) == list(range(5))
        assert loop.time() - began >= watcher._OWNER_RESTS


async def test_a_partition_without_a_delivery_is_read_on_before_the_next_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a rebalance nothing is delivered for minutes; each record would come a look late."""
    healed = asyncio.Event()
    heal = world.consumer.heal

    async def note(at: Partition, upto: int) -> bool:
        monkeypatch.setattr(watcher, "_LOOK_AGAIN", 3600.0)
        done = await heal(at, upto)
        healed.set()
        return done

    monkeypatch.setattr(world.consumer, "heal", note)
    async with run_loops(watch(world.consumer, world.settings, world.reader)):
        await world.send(make_envelope(0))
        await healed.wait()
        await world.send(make_envelope(1))
        assert await world.wait_for_numbers([0, 1]) == [0, 1]


async def test_a_partition_is_read_directly_only_until_it_is_delivered_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_FOLLOWS", 3600.0)
    at = await send_one(world)
    async with asyncio.TaskGroup() as tasks:
        started = watcher._Watcher(world.consumer, world.settings, world.reader, tasks)
        healing = tasks.create_task(started._heal(at, 1))
        await world.wait_for_numbers([0])
        assert not healing.done()
        world.consumer.deliveries[at] += 1
        async with asyncio.timeout(PATIENCE):
            await healing


async def test_a_log_that_got_shorter_is_not_read_on_but_left_to_be_verified(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_FOLLOWS", 3600.0)
    at = await send_one(world)
    async with asyncio.TaskGroup() as tasks:
        started = watcher._Watcher(world.consumer, world.settings, world.reader, tasks)
        healing = tasks.create_task(started._heal(at, 1))
        await world.wait_for_numbers([0])
        await recreate_topic(world)
        async with asyncio.timeout(PATIENCE):
            await healing


async def test_the_watch_ends_although_a_library_swallowed_its_cancellation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiokafka does, when a client is closed at that instant."""
    looking = asyncio.Event()

    async def swallow(_: object) -> None:
        looking.set()
        with suppress(asyncio.CancelledError):
            await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(watcher._Watcher, "_look", swallow)
    watching = asyncio.create_task(watch(world.consumer, world.settings, world.reader))
    await looking.wait()
    watching.cancel()
    ended, _ = await asyncio.wait({watching}, timeout=PATIENCE)
    watching.cancel()
    assert watching in ended


async def test_a_group_tells_which_partitions_it_is_given(world: World) -> None:
    task = asyncio.create_task(run_group(world.consumer, world.settings, "assigned"))
    try:

        async def are_given() -> bool:
            owned = world.consumer.assigned
            return owned is not None and len(owned()) == world.settings.partitions

        await wait_until(are_given)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_partition_that_the_topic_has_no_more_is_stopped_and_a_new_one_is_not(
    world: World,
) -> None:
    """The topic was made anew with fewer; or it got one more since the watcher listed them."""
    new, gone = Partition(get_topic_name(world), 0), Partition(get_topic_name(world), 9)
    async with world.engine.begin() as db:
        for at in (new, gone):
            await positions.lock(db, TABLES.positions, "tried", at)
            await positions.resume(db, TABLES.positions, "tried", at, to=1)
    async with asyncio.TaskGroup() as tasks:
        started = watcher._Watcher(world.consumer, world.settings, world.reader, tasks)
        await started._verify(new, gone=True)
        await started._verify(gone, gone=True)
    found = await load_positions(world)
    assert found[new].stopped_for is None
    assert found[gone].stopped_for == LOG_SHORTER
