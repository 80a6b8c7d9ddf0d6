"""Detects that the database is older than the log: it was restored from a backup, or failed over.

A row stays in the outbox until its record is acknowledged, and its mark is committed with the last
acknowledged offset (`relayed`). So every record of a service beyond that offset has a row
in its outbox. A record without one was sent by a state of the database that is gone.

What was found is a row of `restores` until an operator has accepted it (`cuiban restore`).
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import metrics
from shared.kafka.broker.log_reader import LogReader, OffsetRange
from shared.kafka.broker.provisioning import list_partitions
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.broker.sequences import read_link
from shared.logging import log
from shared.schemas.topics import (
    DELIVERIES,
    DIRECTORY,
    RECEIPTS,
    REMINDERS,
    RULES,
    TASKS,
    Topic,
    apply_prefix,
)
from shared.settings import Settings

WRITTEN: Mapping[str, tuple[Topic, ...]] = {
    "ingest": (TASKS, RULES, DIRECTORY, RECEIPTS),
    "scheduler": (REMINDERS,),
    "notifier": (DELIVERIES,),
}
"""The topics of each service's facts. Dead letters are left out: no state depends on them."""
RESTORED = "the log holds events that this database does not know: run `cuiban restore check`"
_ID, _SOURCE = "ce_id", "ce_source"
_KNOWN = (
    "SELECT h.value ->> 1 FROM {outbox} o, LATERAL jsonb_array_elements(o.headers) h "  # noqa: S608 - constants
    f"WHERE h.value ->> 0 = '{_ID}' AND h.value ->> 1 = ANY(CAST(:ids AS text[]))"
)


async def look_for_restore(
    engine: AsyncEngine,
    schema: str,
    settings: Settings,
    reader: LogReader,
) -> bool:
    """Compare the database with the log, and note a restore; whether one is not accepted yet.

    Args:
        engine: of the service.
        schema: the name of the service, and of its schema.
        settings: of the service.
        reader: reads the log.

    Raises:
        BrokerUnavailableError: the broker did not answer.
        NotReadyError: a topic is missing.
    """
    async with engine.begin() as db:
        if await is_open(db, schema):
            return True
        ahead = await _list_ahead(db, schema, settings, reader)
        if not await _read_unknown(db, schema, reader, ahead, most=1):
            return False
        await db.execute(
            text(
                f"INSERT INTO {schema}.restores (topic, partition, first_offset, end_offset) "  # noqa: S608 - a service's name
                "VALUES (:topic, :partition, :begin, :end)"
            ),
            [
                {"topic": at.topic, "partition": at.number, "begin": span.begin, "end": span.end}
                for at, span in ahead.items()
            ],
        )
    metrics.RESTORED.set(1)
    log(__name__).error("database.restored", service=schema, hint=RESTORED)
    return True


async def is_open(db: AsyncConnection, schema: str) -> bool:
    """Whether a restore was found that no operator has accepted."""
    query = text(f"SELECT EXISTS (SELECT 1 FROM {schema}.restores WHERE accepted_at IS NULL)")  # noqa: S608 - a service's name
    return bool(await db.scalar(query))


async def describe_restore(engine: AsyncEngine, schema: str) -> str:
    """What an operator does about a restore; empty when none waits."""
    async with engine.connect() as db:
        is_waiting = await is_open(db, schema)
    metrics.RESTORED.set(is_waiting)
    return RESTORED if is_waiting else ""


async def list_lost_records(
    db: AsyncConnection, schema: str, settings: Settings, reader: LogReader
) -> list[RawRecord]:
    """The records of a service that its database does not know, by partition and offset.

    Since a restore was found, the relay has gone on: what it found then is read.
    """
    rows = await db.execute(text(f"SELECT * FROM {schema}.restores WHERE accepted_at IS NULL"))  # noqa: S608 - a service's name
    spans = {
        Partition(row.topic, row.partition): OffsetRange(row.first_offset, row.end_offset)
        for row in rows
    }
    if not spans:
        spans = await _list_ahead(db, schema, settings, reader)
    return await _read_unknown(db, schema, reader, spans)


async def _list_ahead(
    db: AsyncConnection, schema: str, settings: Settings, reader: LogReader
) -> dict[Partition, OffsetRange]:
    """The parts of the logs beyond the last acknowledged offsets."""
    ranges = await reader.list_ranges(await list_partitions(settings, WRITTEN[schema]))
    last = await _load_acknowledged(db, schema, settings)
    ahead = {
        at: OffsetRange(max(last.get(at, -1) + 1, span.begin), span.end)
        for at, span in sorted(ranges.items(), key=_get_partition)
    }
    return {at: span for at, span in ahead.items() if span.begin < span.end}


def _get_partition(pair: tuple[Partition, OffsetRange]) -> Partition:
    return pair[0]


async def _read_unknown(
    db: AsyncConnection,
    schema: str,
    reader: LogReader,
    spans: Mapping[Partition, OffsetRange],
    *,
    most: int | None = None,
) -> list[RawRecord]:
    """The service's records in some parts of the logs whose event its outbox does not hold.

    With `most`, it stops once it has so many.
    """
    unknown: list[RawRecord] = []
    for at, span in spans.items():
        start = span.begin
        while start < span.end and not (most and len(unknown) >= most):
            records = await reader.read(at, start, span.end)
            if not records:
                break
            unknown += await _select_unknown(db, schema, records)
            start = records[-1].offset + 1
    return unknown


async def accept(
    db: AsyncConnection,
    schema: str,
    settings: Settings,
    reader: LogReader,
    reason: str,
) -> None:
    """End a restore: what the log holds now counts as acknowledged."""
    ranges = await reader.list_ranges(await list_partitions(settings, WRITTEN[schema]))
    for partition, span in ranges.items():
        if span.end:
            await db.execute(
                text(
                    f"INSERT INTO {schema}.relayed AS r (topic, partition, last_offset, leader) "  # noqa: S608 - a service's name
                    f"SELECT :topic, :partition, :last, max(leader) FROM {schema}.relayed "
                    "ON CONFLICT (topic, partition) DO UPDATE "
                    "SET last_offset = greatest(r.last_offset, EXCLUDED.last_offset)"
                ),
                {
                    "topic": partition.topic.removeprefix(settings.topic_prefix),
                    "partition": partition.number,
                    "last": span.end - 1,
                },
            )
    await db.execute(
        text(
            f"UPDATE {schema}.restores SET accepted_at = now(), reason = :reason "  # noqa: S608 - a service's name
            "WHERE accepted_at IS NULL"
        ),
        {"reason": reason},
    )


async def _load_acknowledged(
    db: AsyncConnection, schema: str, settings: Settings
) -> dict[Partition, int]:
    rows = await db.execute(text(f"SELECT topic, partition, last_offset FROM {schema}.relayed"))  # noqa: S608 - a service's name
    return {
        Partition(apply_prefix(row.topic, settings.topic_prefix), row.partition): row.last_offset
        for row in rows
    }


async def _select_unknown(
    db: AsyncConnection, schema: str, records: Sequence[RawRecord]
) -> list[RawRecord]:
    """Those records of the service whose event its outbox does not hold."""
    named = {
        headers[_ID].decode(): record
        for record in records
        if _is_own(record, headers := dict(record.headers), schema) and headers.get(_ID)
    }
    if not named:
        return []
    query = text(_KNOWN.format(outbox=f"{schema}.outbox"))
    known = set(await db.scalars(query, {"ids": list(named)}))
    return [record for event_id, record in named.items() if event_id not in known]


def _is_own(record: RawRecord, headers: Mapping[str, bytes | None], schema: str) -> bool:
    """Whether the service's relay sent a record; ingest sends a replayed one for its writer."""
    link = read_link(record)
    if link is not None:
        return link.writer == schema
    return headers.get(_SOURCE) == f"/cuiban/{schema}".encode()
