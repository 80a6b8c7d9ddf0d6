"""The rows that wait in an outbox: gauges, readiness, and the operator's view."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, TextClause, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import metrics
from shared.kafka.outbox.acknowledgements import suggest_replay
from shared.kafka.outbox.publishing import UNSENT

_MEASURE_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class StoppedPartition:
    """A partition that lost acknowledged records; nothing is sent to its topic."""

    topic: str
    partition: int
    reason: str
    lost_from: int
    last_offset: int
    stopped_at: datetime


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that the broker refused permanently."""

    id: int
    topic: str
    type: str
    event_id: str
    bytes: int
    written_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """The state of an outbox.

    Attributes:
        unsent: the number of rows that wait for the relay.
        oldest_seconds: the age of the oldest of them on the database's clock; 0 when none waits.
    """

    unsent: int
    oldest_seconds: float
    refused: tuple[RefusedRow, ...]
    stopped: tuple[StoppedPartition, ...]


async def load_backlog(db: AsyncConnection, service: str) -> Backlog:
    """Read the backlog of a service's outbox."""
    outbox = f"{service}.outbox"
    count = text(f"SELECT count(*) FROM {outbox} WHERE {UNSENT}")  # noqa: S608 - a service's name
    refused = await db.execute(
        text(
            "SELECT id, topic, octet_length(value) AS bytes, written_at, refused, headers "  # noqa: S608 - a service's name
            f"FROM {outbox} WHERE refused IS NOT NULL ORDER BY id LIMIT 1000"
        )
    )
    return Backlog(
        (await db.execute(count)).scalar_one(),
        await _measure_oldest(db, outbox),
        tuple(
            RefusedRow(
                row.id,
                row.topic,
                _get_header(row.headers, "ce_type"),
                _get_header(row.headers, "ce_id"),
                row.bytes,
                row.written_at,
                row.refused,
            )
            for row in refused
        ),
        tuple(await list_stopped(db, service)),
    )


async def list_stopped(db: AsyncConnection, service: str) -> list[StoppedPartition]:
    """The partitions for which a service's relay stopped."""
    rows = await db.execute(
        text(
            "SELECT topic, partition, stopped_for, lost_from, last_offset, stopped_at "  # noqa: S608 - a service's name
            f"FROM {service}.relayed WHERE stopped_for IS NOT NULL ORDER BY topic, partition"
        )
    )
    return [StoppedPartition(*row) for row in rows]


async def describe_stopped(engine: AsyncEngine, service: str) -> str:
    """For readiness: why nothing is sent to some topics, and what to type; empty if to all."""
    async with engine.connect() as db:
        stopped = await list_stopped(db, service)
    return " ".join(
        f"Nothing is sent to {stop.topic}: {stop.reason}, partition {stop.partition} lacks offsets "
        f"{stop.lost_from} to {stop.last_offset}. {suggest_replay(service, stop.topic)}"
        for stop in stopped
    )


async def describe_refused(engine: AsyncEngine, service: str) -> str:
    """For readiness, as a warning: how many events the broker refused; empty if none."""
    async with engine.connect() as db:
        number = (await db.execute(_count_refused(f"{service}.outbox"))).scalar_one()
    if not number:
        return ""
    return f"The broker refused {number} events for good. `cuiban ops outbox` lists them."


async def measure_backlog(engine: AsyncEngine, outbox: Table) -> None:
    """Update the gauges of an outbox until cancelled, independently of its relay."""
    while True:
        try:
            async with engine.connect() as db:
                metrics.OUTBOX_OLDEST.set(await _measure_oldest(db, outbox.fullname))
                refused = await db.execute(_count_refused(outbox.fullname))
                metrics.OUTBOX_REFUSED.set(refused.scalar_one())
                metrics.TOPICS_STOPPED.set(len(await list_stopped(db, outbox.schema or "public")))
        except (SQLAlchemyError, OSError):  # the relay logs it; the gauges keep their values
            pass
        await asyncio.sleep(_MEASURE_EVERY)


def _count_refused(outbox: str) -> TextClause:
    return text(f"SELECT count(*) FROM {outbox} WHERE refused IS NOT NULL")  # noqa: S608 - a Table's name


async def _measure_oldest(db: AsyncConnection, outbox: str) -> float:
    oldest = text(
        f"SELECT extract(epoch FROM clock_timestamp() - written_at) FROM {outbox} "  # noqa: S608 - a Table's name
        f"WHERE {UNSENT} ORDER BY id LIMIT 1"
    )
    return float((await db.execute(oldest)).scalar() or 0)


def _get_header(headers: Any, name: str) -> str:  # noqa: ANN401 - JSON
    return next((value for each, value in headers if each == name), "")
