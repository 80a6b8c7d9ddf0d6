"""The relay: takes a service's outbox to Kafka, in order, at least once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from zlib import crc32

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import Table, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import metrics
from shared.clock import Clock
from shared.completeness import Watermarks
from shared.database import milliseconds
from shared.errors import CuibanError
from shared.logging import log
from shared.outbox import MESSAGE_LIMIT
from shared.settings import Settings
from shared.topics import Topic, named

_BATCH, _BATCH_BYTES = 1000, 2**20
"""What the relay holds at once: so many events, or fewer that come to so many bytes."""
_NEW_PARTITIONS = 60_000
"""Milliseconds after which a raised number of partitions is known."""


class Relay:
    """Takes a service's outbox to Kafka, one process at a time, in order, at least once.

    An advisory lock on a connection of its own chooses the active relay. Rows go only after the
    broker's acknowledgement, through that same connection: who lost it can't delete. A relay that
    hangs loses its session, and so its lock, after `hung_after`; what it sends when it comes back
    are repeats.

    To the topics in `watermarks` it also writes up to which instant of the office's clock all
    facts stand in them (`shared.completeness`).
    """

    def __init__(
        self,
        engine: AsyncEngine,
        outbox: Table,
        settings: Settings,
        *,
        watermarks: Sequence[Topic] = (),
        clock: Clock | None = None,
    ) -> None:
        self._engine = engine
        self._outbox = outbox
        self._settings = settings
        self._marked_topics = watermarks
        self._clock = clock or settings.clock()
        self._lock = crc32(f"relay {outbox.fullname}".encode())
        self._log = log(__name__)

    async def run(self) -> None:
        """Relay until cancelled; a lost broker or database is waited for."""
        while True:
            try:
                await self._lead()
            except (SQLAlchemyError, KafkaError, OSError, TimeoutError, CuibanError) as error:
                metrics.FAULTS.labels("relay").inc()
                self._log.warning("relay.interrupted", error=str(error)[:300])
                await asyncio.sleep(0.5)

    async def _lead(self) -> None:
        async with self._engine.connect() as db:
            try:
                await self._locked(db)
                watermarks = Watermarks(self._marked_topics, self._clock, self._settings)
                async with _producer(self._settings) as producer:
                    self._log.info("relay.leading", outbox=self._outbox.fullname)
                    while True:
                        if not await self._pass(db, producer, watermarks):
                            await asyncio.sleep(self._settings.poll.total_seconds())
            finally:
                # Whatever happened: back in the pool the session would keep the lock.
                await asyncio.shield(db.invalidate())

    async def _locked(self, db: AsyncConnection) -> None:
        """Return once this session is the one that relays."""
        hung = text("SELECT set_config('idle_session_timeout', :after, false)")
        await db.execute(hung, {"after": milliseconds(self._settings.hung_after)})
        locked = text("SELECT pg_try_advisory_lock(:lock)")
        while not (await db.execute(locked, {"lock": self._lock})).scalar_one():
            await db.commit()
            await asyncio.sleep(1)
        await db.commit()

    async def _pass(
        self, db: AsyncConnection, producer: AIOKafkaProducer, watermarks: Watermarks
    ) -> int:
        until = watermarks.instant()  # before the read: what it does not see was committed later
        rows = await self._oldest(db)
        if rows:
            await self._send(db, producer, rows)
        await db.commit()
        if until and _found_all(rows) and watermarks.due(until):
            await watermarks.tell(db, producer, until)
        return len(rows)

    async def _send(
        self, db: AsyncConnection, producer: AIOKafkaProducer, rows: Sequence[Any]
    ) -> None:
        prefix = self._settings.topic_prefix
        acks = [
            await producer.send(
                named(row.topic, prefix),
                key=row.key,
                value=row.value,
                headers=[(name, value.encode()) for name, value in row.headers],
            )
            for row in rows
        ]
        await asyncio.gather(*acks)
        await db.execute(
            text(f"DELETE FROM {self._outbox.fullname} WHERE id = ANY(:ids)"),  # noqa: S608 - a Table's name
            {"ids": [row.id for row in rows]},
        )
        metrics.RELAYED.inc(len(rows))

    async def _oldest(self, db: AsyncConnection) -> Sequence[Any]:
        """The oldest rows; `upto` are the bytes of a row's value and of those before it."""
        found = await db.execute(
            text(
                "SELECT id, topic, key, value, headers, upto FROM ("  # noqa: S608 - a Table's name
                "SELECT *, sum(octet_length(value)) OVER (ORDER BY id) AS upto FROM ("
                f"SELECT * FROM {self._outbox.fullname} ORDER BY id LIMIT :limit) AS oldest"
                ") AS summed WHERE upto - octet_length(value) < :most ORDER BY id"
            ).columns(headers=JSONB),
            {"limit": _BATCH, "most": _BATCH_BYTES},
        )
        return found.all()


def _found_all(rows: Sequence[Any]) -> bool:
    """Whether neither limit of a read was reached: then no row was left out."""
    return not rows or (len(rows) < _BATCH and rows[-1].upto < _BATCH_BYTES)


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that is closed even when it could not be started."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka,
        enable_idempotence=True,
        acks="all",
        linger_ms=2,
        max_batch_size=256 * 1024,
        max_request_size=MESSAGE_LIMIT,
        metadata_max_age_ms=_NEW_PARTITIONS,
        request_timeout_ms=15_000,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()
