"""The one consuming pattern on a real broker and database: nothing lost, nothing doubled."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from shared import metrics
from shared.kafka.broker.codec import encode
from shared.kafka.broker.records import Partition
from shared.kafka.consuming import inbox
from shared.kafka.delivery.group import run_group
from shared.kafka.delivery.watcher import watch
from shared.schemas.events import RecordDeadLettered
from shared.schemas.topics import DEAD_LETTERS, TASKS, apply_prefix
from tests.integration.shared.consuming import PATIENCE, TABLES, World, make_envelope

pytestmark = pytest.mark.integration


async def send_raw(world: World, value: bytes, headers: Sequence[tuple[str, bytes]]) -> None:
    """Write a record past the codec, in order with what the relay sends."""
    row = {
        "topic": TASKS.name,
        "key": b"k",
        "value": value,
        "headers": [[name, text.decode("latin-1")] for name, text in headers],
    }
    async with world.engine.begin() as db:
        await db.execute(TABLES.outbox.insert().values(row))


async def letters(world: World, least: int = 0) -> list[RecordDeadLettered]:
    """All dead letters, read from Kafka's beginning once there are so many and all have left."""
    async with asyncio.timeout(PATIENCE):
        while len(found := await letters_now(world)) < least:  # noqa: ASYNC110 - another task's work
            await asyncio.sleep(0.05)
    return found


async def letters_now(world: World) -> list[RecordDeadLettered]:
    name = apply_prefix(DEAD_LETTERS.name, world.settings.topic_prefix)
    async with asyncio.timeout(PATIENCE):
        while True:
            async with world.engine.connect() as db:
                if not (
                    await db.execute(
                        select(TABLES.outbox.c.id).where(TABLES.outbox.c.sent_at.is_(None))
                    )
                ).first():
                    break
            await asyncio.sleep(0.05)
    found: list[RecordDeadLettered] = []
    partitions = [Partition(name, n) for n in range(world.settings.partitions)]
    for at, end in (await world.reader.list_ends(partitions)).items():
        if end:
            records = await world.reader.read(at, 0, end)
            found += [RecordDeadLettered.model_validate_json(r.value or b"") for r in records]
    return found


@pytest.fixture
async def group(world: World) -> AsyncIterator[None]:
    task = asyncio.create_task(run_group(world.consumer, world.settings, "tried"))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_events_are_applied_once_in_order(world: World, group: None) -> None:
    await world.send(*(make_envelope(n, unit=n % 5) for n in range(300)))
    assert await world.wait_for_numbers(list(range(300))) == list(range(300))


async def test_events_larger_than_the_relay_holds_at_once_leave_too(
    world: World, group: None
) -> None:
    large = "x" * (3 * 2**19)
    await world.send(
        make_envelope(0), *(make_envelope(n, note=large) for n in (1, 2)), make_envelope(3)
    )
    assert await world.wait_for_numbers(list(range(4))) == list(range(4))


async def test_an_upstream_repeat_is_a_no_op(world: World, group: None) -> None:
    await world.send(make_envelope(1), make_envelope(2), make_envelope(1))
    await world.send(make_envelope(2), make_envelope(3))
    assert await world.wait_for_numbers([1, 2, 3]) == [1, 2, 3]
    assert await letters(world) == []


async def test_poison_goes_to_the_dead_letters_and_the_stream_goes_on(
    world: World, group: None
) -> None:
    await world.send(make_envelope(1))
    await send_raw(world, b"\x00not json", encode(make_envelope(0)).headers)
    await send_raw(world, b"{}", [("ce_id", b"x")])
    await world.send(
        make_envelope(2, note="nul \x00"), make_envelope(3), make_envelope(4, note="nul \x00")
    )
    await world.send(make_envelope(5))
    assert await world.wait_for_numbers([1, 3, 5]) == [1, 3, 5]
    told = await letters(world, 4)  # not all of them stand in the partition of the others
    found = {letter.reason: letter for letter in told}
    assert sorted(letter.reason for letter in told) == [
        "bad-headers",
        "bad-value",
        "handler-failed",
        "handler-failed",
    ]
    assert base64.b64decode(found["bad-value"].record_value or "") == b"\x00not json"
    kept = json.loads(base64.b64decode(found["handler-failed"].record_value or ""))
    assert kept["note"] == "nul \x00"


async def test_a_batch_with_a_hole_is_read_again_and_nothing_is_lost(world: World) -> None:
    await world.send(*(make_envelope(n) for n in range(50)))
    records = await list_records(world, 50)
    await world.consumer.apply([r for r in records if r.offset not in {0, 7, 8, 30}])
    assert await world.list_numbers() == list(range(50))


async def test_the_watcher_finds_what_was_never_delivered(world: World) -> None:
    await world.send(*(make_envelope(n) for n in range(20)))
    records = await list_records(world, 20)
    await world.consumer.apply(records[:10])
    watcher = asyncio.create_task(watch(world.consumer, world.settings, world.reader))
    try:
        assert await world.wait_for_numbers(list(range(20))) == list(range(20))
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)


async def test_two_workers_on_one_partition_do_not_double(world: World) -> None:
    await world.send(*(make_envelope(n) for n in range(200)))
    records = await list_records(world, 200)
    chunks = [records[i : i + 20] for i in range(0, 200, 20)]

    async def work() -> None:
        for chunk in chunks:
            await world.consumer.apply(chunk)

    await asyncio.gather(work(), work(), work())
    assert await world.list_numbers() == list(range(200))
    assert await letters(world) == []


async def test_what_is_applied_too_late_is_counted(world: World) -> None:
    await world.send(*(make_envelope(n) for n in range(2)))
    first, second = await list_records(world, 2)
    long_ago = first.time - round(metrics.LATE_AFTER * 1000) - 1
    in_time = first.time + 3_600_000  # however slow this machine is
    await world.consumer.apply([replace(first, time=long_ago), replace(second, time=in_time)])
    late = metrics.APPLIED_LATE.labels("tried", first.partition.topic)
    assert late._value.get() == 1


async def list_records(world: World, number: int) -> list:
    """The records of unit 2's partition, once the relay has sent them all."""
    name = apply_prefix(TASKS.name, world.settings.topic_prefix)
    partitions = [Partition(name, n) for n in range(world.settings.partitions)]
    async with asyncio.timeout(PATIENCE):
        while True:
            ends = await world.reader.list_ends(partitions)
            full = [at for at, end in ends.items() if end == number]
            if full:
                return await world.reader.read(full[0], 0, number)
            await asyncio.sleep(0.05)


async def test_only_old_event_ids_are_forgotten(world: World, group: None) -> None:
    await world.send(make_envelope(1), make_envelope(2))
    await world.wait_for_numbers([1, 2])
    async with world.engine.begin() as db:
        old = make_envelope(1).id
        aged = TABLES.inbox.update().where(TABLES.inbox.c.event_id == old)
        await db.execute(aged.values(seen_at=text("now() - interval '31 days'")))
        assert await inbox.prune(db, TABLES.inbox, "tried", 30) == 1
        assert await inbox.claim_new(db, TABLES.inbox, "tried", [old, make_envelope(2).id]) == {old}


async def test_an_event_with_a_word_of_a_later_release_waits_for_it(
    world: World, group: None
) -> None:
    record = encode(make_envelope(1))
    value = record.value.replace(b'"done"', b'"done-elsewhere"')
    await send_raw(world, value, record.headers)
    await world.send(make_envelope(2, unit=3))
    assert await world.wait_for_numbers([2]) == [2]
    async with asyncio.timeout(PATIENCE):  # it may stand in the other partition
        while not (parked := await reasons(world)):  # noqa: ASYNC110 - another task's work
            await asyncio.sleep(0.05)
    assert parked == ["not-understood"]
    assert await letters(world) == []


async def reasons(world: World) -> list[str]:
    """Why events are parked."""
    async with world.engine.connect() as db:
        return list((await db.execute(select(TABLES.parked.c.reason))).scalars())
