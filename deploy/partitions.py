"""`cuiban topics --partitions N`: more partitions, while no event is under way.

A key's events stand in one partition, which depends on how many there are. When that changes while
some of them are not applied, later ones may be applied first. So no relay sends meanwhile: their
locks are taken here, and who held one begins anew afterwards, with the new number.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zlib import crc32

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import clock
from shared.database.engine import create_engine
from shared.errors import CuibanError
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.provisioning import describe_topics, list_partitions, raise_partitions
from shared.kafka.broker.records import Partition
from shared.kafka.outbox.publishing import UNSENT
from shared.schemas.topics import DEAD_LETTERS, TOPICS, apply_prefix
from shared.settings import Settings

_PATIENCE = 30.0
"""Seconds in which consumers must have come to the end, while nothing more is sent."""
_LOOK = 0.2
SERVICES = ("ingest", "scheduler", "notifier")


async def add_partitions(settings: Settings, number: int) -> list[str]:
    """Give every topic at least `number` partitions; nothing is under way meanwhile.

    Returns:
        The names of the topics that have more partitions now.

    Raises:
        CuibanError: events are under way (it says which), or the broker refused.
        NotReadyError: the broker does not answer, or lacks a topic.
    """
    engine, reader = create_engine(settings, "cuiban-topics"), LogReader(settings)
    try:
        if waiting := await _list_waiting(engine):
            raise _report_under_way(waiting)
        async with _hold_relays(engine):
            until = clock.monotonic() + _PATIENCE
            while late := await _list_late(engine, settings, reader):
                if clock.monotonic() > until:
                    raise _report_under_way(late)
                await asyncio.sleep(_LOOK)
            raised = await raise_partitions(settings, TOPICS, number)
            await _wait_for_partitions(settings, number)
    finally:
        await reader.close()
        await engine.dispose()
    return raised


def _report_under_way(what: list[str]) -> CuibanError:
    return CuibanError(
        "Events are under way, so no partition was added: " + "; ".join(what[:10]) + ".",
        "`cuiban ops streams`, `parked` and `outbox` show them. Try again once all are applied.",
    )


async def _list_waiting(engine: AsyncEngine) -> list[str]:
    """What stands in the outboxes, is parked, or is stopped."""
    obstacles = []
    questions = {
        f"SELECT count(*) FROM {{}}.outbox WHERE {UNSENT}": "events in the outbox of {}",  # noqa: S608 - ours
        "SELECT count(*) FROM {}.outbox WHERE refused IS NOT NULL": "refused events of {}",
        "SELECT count(*) FROM {}.parked": "parked events of {}",
        "SELECT count(*) FROM {}.positions WHERE stopped_for IS NOT NULL": "stopped partitions "
        "that {} reads",
        "SELECT count(*) FROM {}.relayed WHERE stopped_for IS NOT NULL": "stopped partitions "
        "that {} writes",
    }
    async with engine.connect() as db:
        for service in SERVICES:
            for question, words in questions.items():
                number = (await db.execute(text(question.format(service)))).scalar_one()
                if number:
                    obstacles.append(f"{number} {words.format(service)}")
    return obstacles


async def _list_late(engine: AsyncEngine, settings: Settings, reader: LogReader) -> list[str]:
    """Where consumers are not at the end of the log."""
    topics = [topic for topic in TOPICS if topic is not DEAD_LETTERS]  # that nobody consumes
    ends = await reader.list_ends(await list_partitions(settings, topics))
    positions: dict[Partition, dict[str, int]] = {at: {} for at in ends}
    readers: dict[str, set[str]] = {
        apply_prefix(t.name, settings.topic_prefix): set() for t in topics
    }
    async with engine.connect() as db:
        for service in SERVICES:
            rows = await db.execute(
                text(f"SELECT consumer, topic, partition, next_offset FROM {service}.positions")  # noqa: S608 - a service's name
            )
            for row in rows:
                readers.setdefault(row.topic, set()).add(row.consumer)
                at = positions.get(Partition(row.topic, row.partition))
                if at is not None:
                    at[row.consumer] = row.next_offset
    late = [
        f"{consumer} is at {positions[at].get(consumer, 0)} of {end} in {at.topic}/{at.number}"
        for at, end in ends.items()
        for consumer in sorted(readers[at.topic])
        if positions[at].get(consumer, 0) < end
    ]
    unread = [at for at, end in ends.items() if end and not readers[at.topic]]
    return late + [f"nobody has read {at.topic}/{at.number} yet" for at in unread]


@asynccontextmanager
async def _hold_relays(engine: AsyncEngine) -> AsyncIterator[None]:
    """Hold every relay's lock; who has one loses its session, and waits for the lock."""
    async with engine.connect() as db:
        try:
            for service in SERVICES:
                await _take_lock(db, crc32(f"relay {service}.outbox".encode()))
            yield
        finally:
            await db.invalidate()  # and with the session its locks


async def _take_lock(db: AsyncConnection, lock: int) -> None:
    holders = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' "
        "AND granted AND classid = 0 AND objid = CAST(:lock AS bigint)::oid "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND pid <> pg_backend_pid()"
    )
    take = text("SELECT pg_try_advisory_lock(:lock)")
    while not (await db.execute(take, {"lock": lock})).scalar_one():
        await db.execute(holders, {"lock": lock})
        await db.commit()
        await asyncio.sleep(_LOOK)
    await db.commit()


async def _wait_for_partitions(settings: Settings, number: int) -> None:
    """Wait until the broker tells the new number: a relay that begins now must learn it."""
    async with asyncio.timeout(_PATIENCE):
        while any(each.partitions < number for each in await describe_topics(settings, TOPICS)):  # noqa: ASYNC110 - the broker's work
            await asyncio.sleep(_LOOK)
