"""A log that lost records which nobody had read stops its readers; a healthy one stops nobody."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from shared.clock import SteppedClock, SystemClock
from shared.database.engine import create_engine
from shared.kafka.broker import positions
from shared.kafka.broker.codec import encode
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.broker.sequences import HEADER, read_state
from shared.kafka.broker.watermarks import is_watermark
from shared.kafka.consuming.consumer import Consumer
from shared.kafka.consuming.stop_reasons import LOG_GAP
from shared.kafka.outbox import leader
from shared.kafka.outbox.publishing import publish
from shared.kafka.outbox.resending import replay_lost, replay_since
from shared.schemas.topics import TASKS, apply_prefix
from shared.settings import Settings
from tests.integration.shared.consuming import METADATA, TABLES, listen, make_envelope, store
from tests.integration.shared.lossy_stream import Stream, is_event, told
from tests.integration.shared.test_log_guard import (
    describe_stalls,
    get_topic_name,
    load_positions,
    recreate_topic,
    run_consumer,
    wait_until,
    wait_until_stopped,
)

pytestmark = pytest.mark.integration


SettingsFor = Callable[..., Awaitable[Settings]]


NINE = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)


MINUTE = timedelta(minutes=1)


UNSENT = (
    "UPDATE tried.outbox SET sent_at = NULL, sent_partition = NULL, sent_offset = NULL, "
    "sent_run = NULL, sent_number = NULL"
)


@pytest.fixture
async def stream(make_settings: SettingsFor, tmp_path: Path) -> AsyncIterator[Stream]:
    settings = await make_settings(Settings, poll=timedelta(milliseconds=20))
    engine, reader = create_engine(settings, "test"), LogReader(settings)
    async with engine.begin() as db:
        await db.execute(text("CREATE SCHEMA tried"))
        await db.run_sync(METADATA.create_all)
    consumer = Consumer(
        "tried",
        "/cuiban/test",
        {apply_prefix(TASKS.name, settings.topic_prefix): TASKS},
        store,
        engine,
        TABLES,
        reader,
        SystemClock(),
    )
    clock = SteppedClock(tmp_path / "clock")
    clock.set(NINE)
    async with listen(engine) as committed:
        yield Stream(settings, engine, reader, consumer, committed, clock)
    await reader.close()
    await engine.dispose()


async def test_a_watermark_in_the_place_of_a_lost_fact_is_not_believed(stream: Stream) -> None:
    """The broker lost 2 before anyone read it, and the next watermark stands at its offset."""
    log = await told(stream, range(3))
    at = log[0].partition
    assert [is_watermark(one) for one in log] == [False, False, False, True]
    await recreate_topic(stream)
    await stream.write(one for one in log if not is_event(one, 2))
    async with run_consumer(stream):
        assert await wait_until_stopped(stream, LOG_GAP) == at
        assert await stream.list_numbers() == [0, 1]
        position = await stream.position(at)
        assert (position.next_offset, position.complete_until) == (2, None)

        async def is_named() -> bool:
            return LOG_GAP in describe_stalls(stream)

        await wait_until(is_named)
        assert "cuiban ops replay-outbox" in describe_stalls(stream)
        async with stream.engine.begin() as db:
            since = datetime(2020, 1, 1, tzinfo=UTC)
            assert await replay_since(db, "tried", TASKS.name, since) == 3
            chains = read_state(position).resume(3, passed_over=False).to_json(0)
            await positions.resume(db, TABLES.positions, "tried", at, to=0, chains=chains)
        stream.clock.set(NINE + MINUTE)
        async with stream.relaying():
            assert await stream.wait_for_numbers([0, 1, 2]) == [0, 1, 2]
            await stream.believes(at, NINE + MINUTE)
        assert (await stream.position(at)).stopped_for is None


async def test_a_lost_fact_between_others_stops_before_what_follows_it(stream: Stream) -> None:
    log = await told(stream, range(4))
    await recreate_topic(stream)
    await stream.write(one for one in log if not is_event(one, 1))
    async with run_consumer(stream):
        await wait_until_stopped(stream, LOG_GAP)
        assert await stream.list_numbers() == [0]


async def test_a_watermark_is_not_sent_after_a_loss(stream: Stream) -> None:
    """It would name records that nobody can read any more, and stop the readers too."""
    log = await told(stream, range(5))
    await recreate_topic(stream)
    await stream.write(log[:2])
    async with stream.relaying():
        await wait_until(lambda: _counted(stream, "stopped_for IS NOT NULL", 1))
    assert len(await stream.log(log[0].partition)) == 2


async def test_what_the_relay_sends_again_after_a_loss_stops_nobody(stream: Stream) -> None:
    """The reader had read what is left, so nothing is missing once the lost rows came again."""
    log = await told(stream, range(5))
    await recreate_topic(stream)
    await stream.write(log[:2])
    async with run_consumer(stream):
        assert await stream.wait_for_numbers([0, 1]) == [0, 1]
        async with stream.relaying():
            await stream.send(make_envelope(5))
            await wait_until(lambda: _counted(stream, "stopped_for IS NOT NULL", 1))
            async with stream.engine.begin() as db:
                assert await replay_lost(db, "tried", TASKS.name) == 3
            assert await stream.wait_for_numbers(list(range(6))) == list(range(6))
            stream.clock.set(NINE + MINUTE)
            await stream.believes(log[0].partition, NINE + MINUTE)


async def test_what_the_relay_sends_again_does_not_hide_what_it_does_not_send(
    stream: Stream,
) -> None:
    """The relay saw only that the end is lost; 2 was lost before it, and is not sent again."""
    log = await told(stream, range(5))
    await recreate_topic(stream)
    await stream.write([*log[:2], log[0]])
    async with run_consumer(stream):
        assert await stream.wait_for_numbers([0, 1]) == [0, 1]
        async with stream.relaying():
            await stream.send(make_envelope(5))
            await wait_until(lambda: _counted(stream, "stopped_for IS NOT NULL", 1))
            async with stream.engine.begin() as db:
                assert await replay_lost(db, "tried", TASKS.name) == 2
            await wait_until_stopped(stream, LOG_GAP)
            assert await stream.list_numbers() == [0, 1]


async def test_rows_that_are_sent_twice_with_a_late_one_between_stop_nobody(
    stream: Stream,
) -> None:
    """A relay died before its mark; a row with a lower id was committed meanwhile."""
    async with run_consumer(stream):
        first = await told(stream, [0])
        at = first[0].partition
        await stream.change("CREATE TABLE tried.before AS SELECT * FROM tried.relayed")
        log = await told(stream, [1, 2])
        await stream.change(
            UNSENT + " WHERE id > 1",
            "DELETE FROM tried.relayed",
            "INSERT INTO tried.relayed SELECT * FROM tried.before",
        )
        await stream.send(make_envelope(3))
        await stream.change("UPDATE tried.outbox SET id = -1 WHERE id = 4")
        stream.clock.set(NINE + MINUTE)
        log = await told(stream, [])
        assert [n for one in log for n in range(4) if is_event(one, n)] == [0, 1, 2, 3, 1, 2]
        await stream.believes(at, NINE + MINUTE)
        # The one that died had only hung: it sends the same once more, and its watermark.
        await stream.write(log[len(first) : len(first) + 3])
        await stream.write([log[0], _poison(at)])  # told twice, and from outside
        stream.clock.set(NINE + 2 * MINUTE)
        await told(stream, [4])
        assert await stream.wait_for_numbers([0, 1, 2, 3, 4]) == [0, 1, 2, 3, 4]
        await stream.believes(at, NINE + 2 * MINUTE)
        position = await stream.position(at)
        assert position.stopped_for is None
        assert not read_state(position).is_open  # every record was judged


async def test_an_event_that_is_refused_is_not_counted(stream: Stream) -> None:
    large = make_envelope(1, note="x" * 9 * 2**20)
    record = encode(large)
    async with stream.engine.begin() as db:  # larger than a writer may, so that it is refused
        await publish(db, TABLES.outbox, [make_envelope(0)])
        headers = [[name, value.decode()] for name, value in record.headers]
        row = {"topic": TASKS.name, "key": record.key, "value": record.value, "headers": headers}
        await db.execute(TABLES.outbox.insert().values(row))
        await publish(db, TABLES.outbox, [make_envelope(2)])
    async with run_consumer(stream), stream.relaying():
        assert await stream.wait_for_numbers([0, 2]) == [0, 2]
        assert await stream.number("SELECT count(refused) FROM tried.outbox") == 1
        at = await stream.place()
        await stream.believes(at, NINE)
        assert (await stream.position(at)).stopped_for is None


async def test_relays_that_end_at_any_moment_stop_nobody(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader, "_BATCH", 5)
    chosen = random.Random(7)  # noqa: S311 - not a secret

    async def write(number: int) -> None:
        await asyncio.sleep(chosen.random() * 4)
        async with stream.engine.begin() as db:
            await publish(db, TABLES.outbox, [make_envelope(number, unit=number % 7)])
            await asyncio.sleep(chosen.random() * 0.3)

    async def relay_and_die() -> None:
        while True:
            async with stream.relaying():
                await asyncio.sleep(0.1 + chosen.random() * 0.5)
            stream.clock.set(stream.clock.now() + MINUTE)

    async with run_consumer(stream):
        relays = asyncio.create_task(relay_and_die())
        await asyncio.gather(*(write(number) for number in range(60)))
        relays.cancel()
        await asyncio.gather(relays, return_exceptions=True)
        end = NINE + timedelta(days=1)
        stream.clock.set(end)
        async with stream.relaying():
            assert await stream.wait_for_numbers(list(range(60))) == list(range(60))
            for number in range(stream.settings.partitions):
                await stream.believes(Partition(get_topic_name(stream), number), end)
        for position in (await load_positions(stream)).values():
            assert position.stopped_for is None
            assert not read_state(position).is_open


async def _counted(stream: Stream, where: str, wanted: int) -> bool:
    return await stream.number(f"SELECT count(*) FROM tried.relayed WHERE {where}") == wanted  # noqa: S608


def _poison(at: Partition) -> RawRecord:
    return RawRecord(at, 0, b"poison", b"not even JSON", ((HEADER, b"0 tried 1 1 1 0"),))
