"""Watermarks: a writer's word that every fact up to an instant stands before this record.

A watermark is a Kafka record among a topic's events, one for each partition. It is no event: it
has no id, enters no inbox, and changes nothing but the consumer's position row. Whoever decides at
an instant waits until the watermark of the partition has reached that instant.
"""

from datetime import UTC, datetime

from shared.broker.records import RawRecord
from shared.errors import PoisonError

WATERMARK_TYPE = "cuiban.Watermark.v1"
_TYPE = ("ce_type", WATERMARK_TYPE.encode())


def encode_watermark(until: datetime) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers of the record that says: all facts committed before `until` are behind."""
    return until.astimezone(UTC).isoformat().encode(), [_TYPE]


def is_watermark(record: RawRecord) -> bool:
    """Whether a record is a watermark, by its header alone."""
    return _TYPE in record.headers


def read_watermark(record: RawRecord) -> datetime:
    """The instant in a watermark.

    Raises:
        PoisonError: `bad-value`, it holds no instant with an offset.
    """
    try:
        until = datetime.fromisoformat((record.value or b"").decode("ascii"))
    except ValueError as error:
        raise PoisonError("bad-value", "the watermark holds no instant") from error
    if until.tzinfo is None:
        raise PoisonError("bad-value", "the watermark's instant has no offset")
    return until
