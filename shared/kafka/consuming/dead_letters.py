"""Dead letters: a record that can never be applied is published, whole, as an event."""

import base64
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from shared.errors import PoisonError
from shared.kafka.broker.codec import read_traceparent
from shared.kafka.broker.records import RawRecord
from shared.schemas import identity
from shared.schemas.envelope import Envelope
from shared.schemas.events import RecordDeadLettered

_NO_OFFICE = UUID(int=0)
_LETTER = 256 * 1024
"""Bytes of the largest record that is embedded; the relay holds 1,000 dead letters in memory."""


def build_dead_letter(
    consumer: str, source: str, record: RawRecord, error: PoisonError, now: datetime
) -> Envelope:
    """The event for a dead record. A record that is too large is left out of it."""
    at = record.partition
    kept = record if _measure_size(record) <= _LETTER else replace(record, value=None, headers=())
    detail = error.detail
    if kept is not record:
        where = "fetch the record by topic, partition and offset"
        detail = f"{detail}; {_measure_size(record)} bytes, too large to embed: {where}"
    event = RecordDeadLettered(
        office_id=_NO_OFFICE,
        consumer=consumer,
        topic=at.topic,
        partition=at.number,
        offset=record.offset,
        reason=error.reason,
        detail=detail,
        record_key=_encode_base64((kept.key or b"")[:_LETTER]) if kept.key is not None else None,
        record_value=_encode_base64(kept.value),
        record_headers=tuple((k, _encode_base64(v) or "") for k, v in kept.headers),
    )
    event_id = identity.derive_event_id("dead", consumer, at.topic, at.number, record.offset)
    traceparent = read_traceparent(record.headers)
    return Envelope(event_id, source, now, event_id, event, traceparent=traceparent)


def _measure_size(record: RawRecord) -> int:
    headers = sum(len(name) * 4 + len(value or b"") for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers


def _encode_base64(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()
