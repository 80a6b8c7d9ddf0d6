"""What stands in an outbox and does not leave: gauges, readiness, and the operator's view."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, TextClause, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import metrics
from shared.outbox.acknowledgements import hint
from shared.outbox.publishing import UNSENT

_MEASURE_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class Stopped:
    """A partition whose broker lost what it had acknowledged; nothing is sent to its topic."""

    topic: str
    partition: int
    reason: str
    lost_from: int
    last_offset: int
    stopped_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that the broker will not take as it is."""

    id: int
    topic: str
    type: str
    event_id: str
    bytes: int
    written_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class OutboxState:
    """An outbox as it stands.

    Attributes:
        unsent: how many rows wait for the relay.
        oldest_seconds: the age of the oldest of them by the database's clock; 0 when none waits.
    """

    unsent: int
    oldest_seconds: float
    refused: tuple[Refused, ...]
    stopped: tuple[Stopped, ...]


async def state_of(db: AsyncConnection, service: str) -> OutboxState:
    """The outbox of a service."""
    outbox = f"{service}.outbox"
    count = text(f"SELECT count(*) FROM {outbox} WHERE {UNSENT}")  # noqa: S608 - a service's name
    refused = await db.execute(
        text(
            "SELECT id, topic, octet_length(value) AS bytes, written_at, refused, headers "  # noqa: S608 - a service's name
            f"FROM {outbox} WHERE refused IS NOT NULL ORDER BY id LIMIT 1000"
        )
    )
    return OutboxState(
        (await db.execute(count)).scalar_one(),
        await _oldest_seconds(db, outbox),
        tuple(
            Refused(
                row.id,
                row.topic,
                _header(row.headers, "ce_type"),
                _header(row.headers, "ce_id"),
                row.bytes,
                row.written_at,
                row.refused,
            )
            for row in refused
        ),
        tuple(await stops(db, service)),
    )


async def stops(db: AsyncConnection, service: str) -> list[Stopped]:
    """The partitions for which a service's relay stopped."""
    rows = await db.execute(
        text(
            "SELECT topic, partition, stopped_for, lost_from, last_offset, stopped_at "  # noqa: S608 - a service's name
            f"FROM {service}.relayed WHERE stopped_for IS NOT NULL ORDER BY topic, partition"
        )
    )
    return [Stopped(*row) for row in rows]


async def what_is_stopped(engine: AsyncEngine, service: str) -> str:
    """For readiness: empty while the relay sends to every topic, else why not and what to type."""
    async with engine.connect() as db:
        found = await stops(db, service)
    return " ".join(
        f"Nothing is sent to {stop.topic}: {stop.reason}, partition {stop.partition} lacks offsets "
        f"{stop.lost_from} to {stop.last_offset}. {hint(service, stop.topic)}"
        for stop in found
    )


async def what_is_refused(engine: AsyncEngine, service: str) -> str:
    """For readiness, as a warning: how many events the broker refused; empty when none."""
    async with engine.connect() as db:
        number = (await db.execute(_refused(f"{service}.outbox"))).scalar_one()
    if not number:
        return ""
    return f"The broker refused {number} events for good. `cuiban ops outbox` lists them."


async def measure(engine: AsyncEngine, outbox: Table) -> None:
    """Keep the gauges of an outbox until cancelled, whatever its relay waits for."""
    while True:
        try:
            async with engine.connect() as db:
                metrics.OUTBOX_OLDEST.set(await _oldest_seconds(db, outbox.fullname))
                refused = await db.execute(_refused(outbox.fullname))
                metrics.OUTBOX_REFUSED.set(refused.scalar_one())
                metrics.TOPICS_STOPPED.set(len(await stops(db, outbox.schema or "public")))
        except (SQLAlchemyError, OSError):  # the relay tells of it; the gauges stay
            pass
        await asyncio.sleep(_MEASURE_EVERY)


def _refused(outbox: str) -> TextClause:
    return text(f"SELECT count(*) FROM {outbox} WHERE refused IS NOT NULL")  # noqa: S608 - a Table's name


async def _oldest_seconds(db: AsyncConnection, outbox: str) -> float:
    oldest = text(
        f"SELECT extract(epoch FROM clock_timestamp() - written_at) FROM {outbox} "  # noqa: S608 - a Table's name
        f"WHERE {UNSENT} ORDER BY id LIMIT 1"
    )
    return float((await db.execute(oldest)).scalar() or 0)


def _header(headers: Any, name: str) -> str:  # noqa: ANN401 - JSON
    return next((value for each, value in headers if each == name), "")
