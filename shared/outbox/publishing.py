"""The outbox: an event commits with the change that it tells of; the relay takes it to Kafka.

Events with one key leave in the order in which they were written, as long as their writers hold
that key's lock (a unit's row) until they commit: then ids rise with commits.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

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
    exists,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.broker.codec import EncodedRecord, encode
from shared.database.engine import insert_rows
from shared.errors import CuibanError
from shared.schemas.events import Envelope

MESSAGE_LIMIT = 8 * 2**20
"""Bytes of a record as Kafka counts them, with its framing."""
_LARGEST = MESSAGE_LIMIT - 64 * 1024
"""Bytes of a record; the rest is for Kafka's own framing."""

UNSENT = "sent_at IS NULL AND refused IS NULL"
"""What waits for the relay; the partial index has the same words."""


def define_outbox_table(metadata: MetaData) -> Table:
    """A service's outbox, and beside it `relayed`: how far the broker has each partition.

    A row that the broker acknowledged keeps where it stands (`sent_partition`, `sent_offset`) for
    a while, so that it can be sent again when the broker loses it. `refused` says why the broker
    will never take a row; it stays until an operator lets it be tried again. `sent_run` and
    `sent_number` are what it was sent as (`shared.outbox.sequence_numbers`).

    `relayed` holds the last acknowledged offset of each partition, the run and the number of its
    last row, and in `leader` the newest run of all. `stopped_for` says why nothing more is sent to
    the topic (docs/adr/0068-the-outbox-keeps-what-it-sent.md): what stood at `lost_from` or above
    is not in the log any more.
    """
    Table(
        "relayed",
        metadata,
        Column("topic", Text, primary_key=True),
        Column("partition", Integer, primary_key=True),
        Column("last_offset", BigInteger, nullable=False),
        Column("stopped_for", Text),
        Column("lost_from", BigInteger),
        Column("stopped_at", DateTime(timezone=True)),
        Column("run", BigInteger),
        Column("number", BigInteger),
        Column("leader", BigInteger),
    )
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
        Column("refused", Text),
        Column("sent_run", BigInteger),
        Column("sent_number", BigInteger),
        Index("outbox_unsent", "id", postgresql_where=text(UNSENT)),
        Index("outbox_refused", "id", postgresql_where=text("refused IS NOT NULL")),
        Index("outbox_sent", "sent_at", postgresql_where=text("sent_at IS NOT NULL")),
    )


Row = dict[str, Any]
"""A row of the outbox, as `put` takes it."""


def build_rows(envelopes: Iterable[Envelope]) -> list[Row]:
    """Events as rows of an outbox.

    Raises:
        TooLargeError: the broker would refuse one of them, and all behind it would wait for ever.
    """
    rows = []
    for envelope in envelopes:
        record = encode(envelope)
        if (size := _measure_size(record)) > _LARGEST:
            raise TooLargeError(type(envelope.event).__name__, size)
        headers = json.dumps([[name, value.decode()] for name, value in record.headers])
        rows.append(
            {"topic": record.topic, "key": record.key, "value": record.value, "headers": headers}
        )
    return rows


async def insert_events(db: AsyncConnection, outbox: Table, rows: Sequence[Row]) -> None:
    """Write rows into the outbox, in the caller's transaction."""
    await insert_rows(db, outbox, rows)


async def publish(db: AsyncConnection, outbox: Table, envelopes: Iterable[Envelope]) -> None:
    """Write events into the outbox, in the caller's transaction.

    Raises:
        TooLargeError: one of them is too large (`build_rows`).
    """
    await insert_events(db, outbox, build_rows(envelopes))


async def has_unsent(db: AsyncConnection, outbox: Table) -> bool:
    """Whether an event waits for the relay; one that the broker refused does not."""
    waiting = select(exists().select_from(outbox).where(text(UNSENT)))
    return bool(await db.scalar(waiting))


def _measure_size(record: EncodedRecord) -> int:
    return len(record.key) + len(record.value) + sum(len(n) + len(v) for n, v in record.headers)


class TooLargeError(CuibanError):
    """An event that no broker would take. Nothing of its transaction is kept."""

    def __init__(self, kind: str, size: int) -> None:
        super().__init__(f"A {kind} of {size} bytes is larger than Kafka takes.")
