"""The outbox: an event commits with the change that it tells of; the relay takes it to Kafka.

Events with one key leave in the order in which they were written, as long as their writers hold
that key's lock (a unit's row) until they commit: then ids rise with commits.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from zlib import crc32

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import metrics
from shared.codec import Record, encode
from shared.database import insert_rows, milliseconds
from shared.errors import CuibanError
from shared.events import Envelope
from shared.logging import log
from shared.settings import Settings
from shared.topics import named

_BATCH, _BATCH_BYTES = 1000, 2**20
"""What the relay holds at once: so many events, or fewer that come to so many bytes."""
_MESSAGE_LIMIT = 8 * 2**20
_LARGEST = _MESSAGE_LIMIT - 64 * 1024
"""Bytes of a record; the rest is for Kafka's own framing."""


def outbox_table(metadata: MetaData) -> Table:
    """A service's outbox.

    A row that the broker acknowledged keeps where it stands (`sent_partition`, `sent_offset`) for
    a while, so that it can be sent again when the broker loses it.
    """
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(), primary_key=True),
        Column("topic", Text, nullable=False),
        Column("key", LargeBinary, nullable=False),
        Column("value", LargeBinary, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("written_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("sent_at", DateTime(timezone=True)),
        Column("sent_partition", Integer),
        Column("sent_offset", BigInteger),
        Index("outbox_unsent", "id", postgresql_where=text("sent_at IS NULL")),
        Index("outbox_sent", "sent_at", postgresql_where=text("sent_at IS NOT NULL")),
    )


Row = dict[str, Any]
"""A row of the outbox, as `put` takes it."""


def rows_of(envelopes: Iterable[Envelope]) -> list[Row]:
    """Events as rows of an outbox.

    Raises:
        TooLargeError: the broker would refuse one of them, and all behind it would wait for ever.
    """
    rows = []
    for envelope in envelopes:
        record = encode(envelope)
        if (size := _size(record)) > _LARGEST:
            raise TooLargeError(type(envelope.event).__name__, size)
        headers = json.dumps([[name, value.decode()] for name, value in record.headers])
        rows.append(
            {"topic": record.topic, "key": record.key, "value": record.value, "headers": headers}
        )
    return rows


async def put(db: AsyncConnection, outbox: Table, rows: Sequence[Row]) -> None:
    """Write rows into the outbox, in the caller's transaction."""
    await insert_rows(db, outbox, rows)


async def publish(db: AsyncConnection, outbox: Table, envelopes: Iterable[Envelope]) -> None:
    """Write events into the outbox, in the caller's transaction.

    Raises:
        TooLargeError: one of them is too large (`rows_of`).
    """
    await put(db, outbox, rows_of(envelopes))


def _size(record: Record) -> int:
    return len(record.key) + len(record.value) + sum(len(n) + len(v) for n, v in record.headers)


class TooLargeError(CuibanError):
    """An event that no broker would take. Nothing of its transaction is kept."""

    def __init__(self, kind: str, size: int) -> None:
        super().__init__(f"A {kind} of {size} bytes is larger than Kafka takes.")


class Relay:
    """Takes a service's outbox to Kafka, one process at a time, in order, at least once.

    An advisory lock on a connection of its own chooses the active relay. Rows go only after the
    broker's acknowledgement, through that same connection: who lost it can't delete. A relay that
    hangs loses its session, and so its lock, after `hung_after`; what it sends when it comes back
    are repeats.
    """

    def __init__(self, engine: AsyncEngine, outbox: Table, settings: Settings) -> None:
        self._engine = engine
        self._outbox = outbox
        self._settings = settings
        self._lock = crc32(f"relay {outbox.fullname}".encode())
        self._log = log(__name__)

    async def run(self) -> None:
        """Relay until cancelled; a lost broker or database is waited for."""
        while True:
            try:
                await self._lead()
            except (SQLAlchemyError, KafkaError, OSError, TimeoutError) as error:
                metrics.FAULTS.labels("relay").inc()
                self._log.warning("relay.interrupted", error=str(error)[:300])
                await asyncio.sleep(0.5)

    async def _lead(self) -> None:
        async with self._engine.connect() as db:
            try:
                await self._locked(db)
                async with _producer(self._settings) as producer:
                    self._log.info("relay.leading", outbox=self._outbox.fullname)
                    while True:
                        if not await self._pass(db, producer):
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

    async def _pass(self, db: AsyncConnection, producer: AIOKafkaProducer) -> int:
        rows = await self._oldest(db)
        if not rows:
            await db.commit()
            return 0
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
        await db.commit()
        metrics.RELAYED.inc(len(rows))
        return len(rows)

    async def _oldest(self, db: AsyncConnection) -> Sequence[Any]:
        found = await db.execute(
            text(
                "SELECT id, topic, key, value, headers FROM ("  # noqa: S608 - a Table's name
                "SELECT *, sum(octet_length(value)) OVER (ORDER BY id) AS upto FROM ("
                f"SELECT * FROM {self._outbox.fullname} ORDER BY id LIMIT :limit) AS oldest"
                ") AS summed WHERE upto - octet_length(value) < :most ORDER BY id"
            ).columns(headers=JSONB),
            {"limit": _BATCH, "most": _BATCH_BYTES},
        )
        return found.all()


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that is closed even when it could not be started."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka,
        enable_idempotence=True,
        acks="all",
        linger_ms=2,
        max_batch_size=256 * 1024,
        max_request_size=_MESSAGE_LIMIT,
        request_timeout_ms=15_000,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()
