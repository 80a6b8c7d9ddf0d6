"""What the relay keeps, what it does when the broker loses or refuses events, and who says so."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event, text

from shared import metrics
from shared.database.engine import create_engine
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.outbox import leader
from shared.kafka.outbox.backlog import describe_stopped, load_backlog
from shared.kafka.outbox.publishing import publish
from shared.kafka.outbox.resending import replay_lost, replay_since, retry_refused
from shared.schemas.topics import RULES, TASKS
from shared.settings import Settings
from tests.integration.shared.consuming import PATIENCE, TABLES, make_envelope
from tests.integration.shared.relaying import World, calendar

pytestmark = pytest.mark.integration


SettingsFor = Callable[..., Awaitable[Settings]]


WAITING = "SELECT count(*) FROM tried.outbox WHERE sent_at IS NULL AND refused IS NULL"


SENT = "SELECT count(*) FROM tried.outbox WHERE sent_at IS NOT NULL"


STOPPED = "SELECT count(DISTINCT topic) FROM tried.relayed WHERE stopped_for IS NOT NULL"


@pytest.fixture
async def world(make_settings: SettingsFor) -> AsyncIterator[World]:
    settings = await make_settings(Settings, poll=timedelta(milliseconds=20))
    engine = create_engine(settings, "test")
    async with engine.begin() as db:
        await db.execute(text("CREATE SCHEMA tried"))
        await db.run_sync(TABLES.outbox.metadata.create_all)
    reader = LogReader(settings)
    yield World(settings, engine, reader)
    await reader.close()
    await engine.dispose()


async def test_a_sent_row_keeps_where_it_stands(world: World) -> None:
    facts = [make_envelope(number) for number in range(3)]
    async with world.relaying():
        await world.send(*facts)
        await world.until(SENT, 3)
    async with world.engine.connect() as db:
        rows = await db.execute(
            text("SELECT sent_partition, sent_offset FROM tried.outbox ORDER BY id")
        )
        places = [tuple(row) for row in rows]
        state = await load_backlog(db, "tried")
    assert [offset for _, offset in places] == [0, 1, 2]
    assert len({partition for partition, _ in places}) == 1
    assert (state.unsent, state.oldest_seconds, state.refused, state.stopped) == (0, 0, (), ())


async def test_a_relay_with_nothing_to_send_takes_one_round_trip_a_look(world: World) -> None:
    said: list[str] = []
    looked = asyncio.Event()

    def hear(_: object, __: object, statement: str, *___: object) -> None:
        said.append(statement)
        if sum(word.startswith("SELECT EXISTS") for word in said) == 10:
            looked.set()

    async with world.relaying():
        await world.send(make_envelope(0))
        await world.until(SENT, 1)
        event.listen(world.engine.sync_engine, "before_cursor_execute", hear)
        async with asyncio.timeout(PATIENCE):
            await looked.wait()
        event.remove(world.engine.sync_engine, "before_cursor_execute", hear)
        await world.send(make_envelope(1))
        await world.until(SENT, 2)  # and it still sees what comes
    first = next(n for n, word in enumerate(said) if word.startswith("SELECT EXISTS"))
    assert not [word for word in said[first:] if "advisory" in word]


async def test_a_relay_that_looks_once_an_hour_sends_at_once_what_its_process_writes(
    world: World,
) -> None:
    world.settings = world.settings.model_copy(update={"poll": timedelta(hours=1)})
    async with world.relaying():
        for number in range(3):  # the first may be seen by the relay's first look
            await world.send(make_envelope(number))
            await world.until(SENT, number + 1)


async def test_rows_are_pruned_after_the_window_in_bounded_steps(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader, "_PRUNED", 2)
    async with world.relaying():
        await world.send(*(make_envelope(number) for number in range(8)))
        await world.until(SENT, 8)
    async with world.engine.begin() as db:
        old = text("UPDATE tried.outbox SET sent_at = now() - interval '8 days' WHERE id <= 5")
        await db.execute(old)
    async with world.relaying():
        await world.until(SENT, 3)
        await world.send(make_envelope(9))
        await world.until(SENT, 4)


async def test_a_topic_that_was_made_anew_is_noticed_before_more_is_sent(world: World) -> None:
    lost, later = [make_envelope(n) for n in range(5)], [make_envelope(n) for n in (5, 6)]
    async with world.relaying():
        await world.send(*lost)
        await world.until(SENT, 5)
        await world.make_anew(TASKS)
        await asyncio.sleep(1.1)  # the relay believes a log's end for a second
        await world.send(*later, calendar(1))
        await world.until(STOPPED, 1)
        await world.until(WAITING, 2)  # the other topic goes on
        assert await world.ids(RULES.name) == [calendar(1).id]
        assert await world.ids(TASKS.name) == []
        said = await describe_stopped(world.engine, "tried")
        assert "log-replaced" in said
        assert f"replay-outbox tried --topic {TASKS.name}" in said
        async with world.engine.begin() as db:
            assert await replay_lost(db, "tried", TASKS.name) == 5
        await world.until(WAITING, 0)
        assert await world.ids(TASKS.name) == [fact.id for fact in lost + later]
        assert await describe_stopped(world.engine, "tried") == ""
        await world.send(make_envelope(7))
        await world.until(SENT, 9)


async def test_a_lost_tail_is_noticed_by_the_relay_that_begins_to_lead(world: World) -> None:
    facts = [make_envelope(n) for n in range(5)]
    async with world.relaying():
        await world.send(*facts)
        await world.until(SENT, 5)
    await world.make_anew(TASKS)
    async with world.engine.begin() as db:  # as if only the first two had been kept
        await publish(db, TABLES.outbox, facts[:2])
        await db.execute(text("DELETE FROM tried.relayed"))
    async with world.relaying():
        await world.until(SENT, 7)
    async with world.engine.begin() as db:
        await db.execute(text("DELETE FROM tried.outbox WHERE id > 5"))
        await db.execute(text("UPDATE tried.relayed SET last_offset = 4"))
    async with world.relaying():
        await world.send(make_envelope(5))
        await world.until(STOPPED, 1)
        assert "log-lost-tail" in await describe_stopped(world.engine, "tried")
        async with world.engine.begin() as db:
            assert await replay_lost(db, "tried", TASKS.name) == 3
        await world.until(WAITING, 0)
    assert await world.ids(TASKS.name) == [fact.id for fact in [*facts, make_envelope(5)]]


async def test_an_acknowledgement_below_the_last_one_stops_the_topic(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is shorter, and the relay looked at its end a moment ago."""
    monkeypatch.setattr("shared.kafka.outbox.acknowledgements._LOOK_AGAIN", 3600.0)
    async with world.relaying():
        await world.send(make_envelope(0))
        await world.until(SENT, 1)
        await world.make_anew(TASKS)
        await world.send(make_envelope(1))
        await world.until(STOPPED, 1)
        await world.send(make_envelope(2))
        async with world.engine.begin() as db:
            await replay_lost(db, "tried", TASKS.name)
        await world.until(WAITING, 0)
    assert {make_envelope(n).id for n in range(3)} == set(await world.ids(TASKS.name))


async def test_what_was_sent_since_an_instant_is_sent_again_before_newer_events(
    world: World,
) -> None:
    async with world.relaying():
        await world.send(make_envelope(0))
        await world.until(SENT, 1)
        since = datetime.now(UTC)  # noqa: TID251 - the database's clock is this machine's
        await world.send(make_envelope(1), make_envelope(2))
        await world.until(SENT, 3)
    async with world.engine.begin() as db:
        await publish(db, TABLES.outbox, [make_envelope(3)])
        assert await replay_since(db, "tried", TASKS.name, since) == 2
    async with world.relaying():
        await world.until(WAITING, 0)
    assert await world.ids(TASKS.name) == [make_envelope(n).id for n in (0, 1, 2, 1, 2, 3)]


async def test_what_the_broker_refuses_for_good_holds_up_nothing(world: World) -> None:
    await world.limit(20_000)
    large = make_envelope(1, note="x" * 30_000)
    async with world.relaying():
        await world.send(make_envelope(0), large, make_envelope(2), calendar(1))
        await world.until(WAITING, 0)
        assert await world.ids(TASKS.name) == [make_envelope(0).id, make_envelope(2).id]
        async with world.engine.connect() as db:
            (refused,) = (await load_backlog(db, "tried")).refused
        assert refused.event_id == str(large.id)
        assert "MessageSizeTooLarge" in refused.reason
        assert refused.bytes > 30_000
        await world.limit(8 * 2**20)
        async with world.engine.begin() as db:
            assert await retry_refused(db, "tried", refused.id) == 1
        await world.until(SENT, 4)
    assert large.id in await world.ids(TASKS.name)


async def test_small_events_that_are_too_large_together_are_not_refused(world: World) -> None:
    await world.limit(20_000)
    facts = [make_envelope(n, note="x" * 15_000) for n in range(6)]
    async with world.relaying():
        await world.send(*facts)
        await world.until(SENT, 6)
    assert await world.ids(TASKS.name) == [fact.id for fact in facts]


async def test_the_age_of_what_waits_is_told_while_the_broker_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.kafka.outbox.backlog._MEASURE_EVERY", 0.05)
    world.settings = world.settings.model_copy(update={"kafka": "127.0.0.1:1"})
    await world.send(make_envelope(1))
    async with world.engine.begin() as db:
        await db.execute(text("UPDATE tried.outbox SET written_at = now() - interval '1 hour'"))
    metrics.OUTBOX_OLDEST.set(0)  # what an earlier test left
    async with world.relaying(), asyncio.timeout(PATIENCE):
        while (REGISTRY.get_sample_value("cuiban_outbox_oldest_seconds") or 0) < 3600:  # noqa: ASYNC110 - another task's work
            await asyncio.sleep(0.05)
