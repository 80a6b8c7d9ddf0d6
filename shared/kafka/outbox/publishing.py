"""The outbox: an event commits with the change that it reports; the relay sends it to Kafka.

Events of one key are sent in the order in which they were written, if their writers hold that
key's lock (a unit's row) until they commit, so that ids rise in the order of commits.
"""

import json
from collections.abc import Iterable, Sequence
from typing import TypedDict

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

from shared.database.engine import insert_rows
from shared.database.news import Subject, tell
from shared.errors import CuibanError
from shared.kafka.broker.codec import EncodedRecord, encode
from shared.kafka.outbox.event_spans import trace_published
from shared.schemas.envelope import Envelope

MESSAGE_LIMIT = 8 * 2**20
"""Bytes of a record as Kafka counts them, with its framing."""
_LARGEST = MESSAGE_LIMIT - 64 * 1024
"""Bytes of a record; the rest is for Kafka's own framing."""

UNSENT = "sent_at IS NULL AND refused IS NULL"
"""The condition of rows that wait for the relay; the partial index has the same text."""


def define_outbox_table(metadata: MetaData) -> Table:
    """A service's outbox, `relayed`, the state of each partition that it sends to, and `restores`.

    An acknowledged row stays for a while with its place in the log (`sent_partition`,
    `sent_offset`), so that it can be sent again when the broker loses it. `sent_run` and
    `sent_number` are its sequence number (`shared.kafka.outbox.sequence_numbers`). `refused` is the
    reason why the broker refused a row permanently, until an operator lets it be tried again.

    `relayed` holds the last acknowledged offset of each partition, the run and the number of its
    last row, and in `leader` the newest run of all. `stopped_for` is the reason why nothing is sent
    to the topic (docs/adr/0068-the-outbox-keeps-what-it-sent.md): its log lost the records at
    `lost_from` and above.

    `restores` holds what `shared.kafka.outbox.restored` found: the part of each log that the
    database may not know, from `first_offset` to before `end_offset`. `accepted_at` is empty until
    an operator has accepted it.
    """
    _define_relayed(metadata)
    _define_restores(metadata)
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


def _define_relayed(metadata: MetaData) -> None:
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


def _define_restores(metadata: MetaData) -> None:
    Table(
        "restores",
        metadata,
        Column("restore_id", BigInteger, Identity(), primary_key=True),
        Column("found_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("first_offset", BigInteger, nullable=False),
        Column("end_offset", BigInteger, nullable=False),
        Column("accepted_at", DateTime(timezone=True)),
        Column("reason", Text, nullable=False, server_default=""),
    )


class NewRow(TypedDict):
    """An event as a row for `insert_events`."""

    topic: str
    key: bytes
    value: bytes
    headers: str


def build_rows(envelopes: Iterable[Envelope]) -> list[NewRow]:
    """Encode events as rows of an outbox. Where the process traces, they carry their spans.

    Raises:
        TooLargeError: an event is larger than the broker accepts.
    """
    rows: list[NewRow] = []
    for envelope in envelopes:
        record = encode(trace_published(envelope))
        if (size := _measure_size(record)) > _LARGEST:
            raise TooLargeError(type(envelope.event).__name__, size)
        headers = encode_headers((name, value.decode()) for name, value in record.headers)
        rows.append(
            {"topic": record.topic, "key": record.key, "value": record.value, "headers": headers}
        )
    return rows


def encode_headers(headers: Iterable[tuple[str, str]]) -> str:
    """Headers as a row has them: pairs of name and text."""
    return json.dumps([[name, text] for name, text in headers])


async def insert_events(db: AsyncConnection, outbox: Table, rows: Sequence[NewRow]) -> None:
    """Write rows into the outbox, in the caller's transaction."""
    await insert_rows(db, outbox, rows)
    tell(db, Subject.OUTBOX)


async def publish(db: AsyncConnection, outbox: Table, envelopes: Iterable[Envelope]) -> None:
    """Write events into the outbox, in the caller's transaction.

    Raises:
        TooLargeError: an event is larger than the broker accepts.
    """
    await insert_events(db, outbox, build_rows(envelopes))


async def has_unsent(db: AsyncConnection, outbox: Table) -> bool:
    """Whether an event waits for the relay; refused events do not count."""
    waiting = select(exists().select_from(outbox).where(text(UNSENT)))
    return bool(await db.scalar(waiting))


def _measure_size(record: EncodedRecord) -> int:
    return len(record.key) + len(record.value) + sum(len(n) + len(v) for n, v in record.headers)


class TooLargeError(CuibanError):
    """An event is larger than the broker accepts. Its transaction is rolled back."""

    def __init__(self, kind: str, size: int) -> None:
        super().__init__(f"A {kind} of {size} bytes is larger than Kafka takes.")
