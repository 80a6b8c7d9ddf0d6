"""An event that its handler fails on waits, with what follows it; everything else flows."""

import asyncio
from collections.abc import Awaitable, Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import metrics
from shared.kafka.broker.records import Partition
from shared.kafka.consuming import parking
from shared.kafka.consuming.parked import ParkReason
from shared.kafka.delivery.faust_agents import add_agent, create_faust_app
from shared.kafka.delivery.watcher import watch
from shared.schemas.envelope import Envelope
from shared.schemas.events import StatusReported
from shared.schemas.topics import TASKS, apply_prefix
from tests.integration.shared.consuming import PATIENCE, TABLES, World, make_envelope, store
from tests.integration.shared.test_consuming import letters, list_records
from tests.integration.shared.test_log_guard import run_consumer, wait_until

pytestmark = pytest.mark.integration
RARE = "rare"


class Handler:
    """Fails on a rare kind of event, until it is mended; remembers the order in which it stored."""

    def __init__(self, fault: str = "SELECT no_such_column FROM tried.effects") -> None:
        self.fault, self.mended, self.stored = fault, False, list[int]()

    async def __call__(self, db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        for one in envelopes:
            assert isinstance(one.event, StatusReported)
            if one.event.note == RARE and not self.mended:
                await db.execute(text(self.fault))
        await store(db, envelopes)
        self.stored += [one.event.number for one in envelopes]


@pytest.fixture
def handler(world: World) -> Handler:
    world.consumer.handle = handler = Handler()
    return handler


async def parked(world: World) -> list[tuple[int, str]]:
    """The offsets and reasons of what is parked."""
    async with world.engine.connect() as db:
        found = await db.execute(
            text("SELECT record_offset, reason FROM tried.parked ORDER BY partition, record_offset")
        )
        return [(row.record_offset, row.reason) for row in found]


async def test_one_failing_event_and_its_key_wait_and_the_others_flow(
    world: World, handler: Handler
) -> None:
    async with run_consumer(world):
        await world.send(
            make_envelope(0, unit=2), make_envelope(1, RARE, unit=2), make_envelope(2, unit=2)
        )
        await world.send(*(make_envelope(10 + n, unit=3 + n % 20) for n in range(60)))
        wanted = [0, *range(10, 70)]
        assert await world.wait_for_numbers(wanted) == wanted
        await world.send(make_envelope(3, unit=2), make_envelope(70, unit=3))
        assert await world.wait_for_numbers([*wanted, 70]) == [*wanted, 70]
        await wait_until(lambda: same(parked(world), 3))
        assert [reason for _, reason in await parked(world)] == [
            "handler-failed",
            "behind",
            "behind",
        ]
        assert await letters(world) == []

        async def is_told() -> bool:
            return "3 events of tried are parked" in world.consumer.progress.describe_parked()

        await wait_until(is_told)
        assert metrics.PARKED.labels("tried")._value.get() == 3


async def same(found: Awaitable[Sequence[object]], number: int) -> bool:
    return len(await found) == number


async def test_faust_delivers_on_while_an_event_waits(world: World, handler: Handler) -> None:
    app = create_faust_app(world.settings, "parking")
    add_agent(
        app, world.consumer, apply_prefix(TASKS.name, world.settings.topic_prefix), within=0.02
    )
    app.finalize()
    await app.start()
    try:
        await world.send(
            make_envelope(0, RARE), *(make_envelope(n, unit=3 + n % 9) for n in range(1, 60))
        )
        assert await world.wait_for_numbers(list(range(1, 60))) == list(range(1, 60))
        assert [reason for _, reason in await parked(world)] == ["handler-failed"]
        owned = world.consumer.assigned
        assert owned is not None
        assert {at.number for at in owned()} == set(range(world.settings.partitions))
    finally:
        await app.stop()


async def test_what_waits_is_applied_in_order_when_an_operator_asks(
    world: World, handler: Handler
) -> None:
    async with run_consumer(world):
        await world.send(make_envelope(0, RARE), *(make_envelope(n) for n in range(1, 5)))
        await wait_until(lambda: same(parked(world), 5))
        handler.mended = True
        async with world.engine.begin() as db:
            assert await parking.request_replay(db, TABLES.parked, "tried") == 5
        assert await world.wait_for_numbers(list(range(5))) == list(range(5))
        await world.send(make_envelope(5))
        assert await world.wait_for_numbers(list(range(6))) == list(range(6))
    assert await parked(world) == []
    assert handler.stored == list(range(6))


async def test_a_replay_that_fails_again_leaves_all_of_the_key_as_it_was(
    world: World, handler: Handler
) -> None:
    async with run_consumer(world):
        await world.send(make_envelope(0, RARE), make_envelope(1))
        await wait_until(lambda: same(parked(world), 2))
        handler.fault = "SELECT another_column FROM tried.effects"
        async with world.engine.begin() as db:
            await parking.request_replay(db, TABLES.parked, "tried")

        async def is_told() -> bool:
            return "another_column" in (await details(world))[0]

        await wait_until(is_told)
    async with world.engine.connect() as db:
        rows = (await db.execute(text("SELECT tries, replay FROM tried.parked"))).all()
    assert sorted((row.tries, row.replay) for row in rows) == [(0, False), (2, False)]
    assert await world.list_numbers() == []


async def details(world: World) -> list[str]:
    async with world.engine.connect() as db:
        found = await db.execute(text("SELECT detail FROM tried.parked ORDER BY record_offset"))
        return list(found.scalars())


async def test_a_service_that_starts_tries_what_is_parked(world: World, handler: Handler) -> None:
    await world.send(make_envelope(0, RARE), make_envelope(1))
    async with asyncio.timeout(PATIENCE):
        await world.consumer.apply(await list_records(world, 2))
    assert len(await parked(world)) == 2
    handler.mended = True
    watcher = asyncio.create_task(watch(world.consumer, world.settings, world.reader))
    try:
        assert await world.wait_for_numbers([0, 1]) == [0, 1]
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)


async def test_what_stood_behind_a_discarded_event_goes_on_by_itself(
    world: World, handler: Handler
) -> None:
    async with run_consumer(world):
        await world.send(make_envelope(0, RARE), make_envelope(1), make_envelope(2))
        await wait_until(lambda: same(parked(world), 3))
        async with world.engine.begin() as db:
            await db.execute(text("DELETE FROM tried.parked WHERE reason = 'handler-failed'"))
        assert await world.wait_for_numbers([1, 2]) == [1, 2]


async def test_memory_pressure_is_waited_out(world: World) -> None:
    pressed = 3

    async def pressing(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        nonlocal pressed
        if pressed:
            pressed -= 1
            raise MemoryError
        await store(db, envelopes)

    world.consumer.handle = pressing
    await world.send(make_envelope(0), make_envelope(1))
    await world.consumer.apply(await list_records(world, 2))
    assert await world.list_numbers() == [0, 1]
    assert await letters(world) == []
    assert await parked(world) == []


async def test_a_parked_record_keeps_every_byte(world: World, handler: Handler) -> None:
    record = (await sent(world))[0]
    hostile = (*record.headers, ("nul \0", b"\x00\xff"))
    async with world.engine.begin() as db:
        kept = type(record)(
            record.partition, record.offset, b"\xff\x00", record.value, hostile, record.time
        )
        await parking.park(db, TABLES.parked, "tried", [kept], reason=ParkReason.BEHIND, detail="x")
        found = await parking.list_parked_of_key(
            db, TABLES.parked, "tried", kept.partition.topic, key=b"\xff\x00", limit=9
        )
    assert [one.record for one in found] == [kept]


async def test_parked_records_stay_apart_from_those_of_a_new_log(
    world: World, handler: Handler
) -> None:
    records = await sent(world)
    at = Partition(records[0].partition.topic, records[0].partition.number)
    async with world.engine.begin() as db:
        for _ in range(2):
            await parking.park(
                db, TABLES.parked, "tried", records, reason=ParkReason.BEHIND, detail="x"
            )
            await parking.renumber_below_zero(db, TABLES.parked, "tried", at)
        rows = await db.execute(text("SELECT record_offset FROM tried.parked ORDER BY 1"))
        assert len(offsets := list(rows.scalars())) == 2 * len(records)
        assert max(offsets) < 0


async def sent(world: World) -> list:
    await world.send(*(make_envelope(n) for n in range(3)))
    return await list_records(world, 3)
