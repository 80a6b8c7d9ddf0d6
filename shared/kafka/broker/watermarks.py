"""Watermarks: a writer states that all its facts before an instant precede this record.

A watermark is a Kafka record in each partition of a topic. It is no event: it has no id, is not in
an inbox, and changes only the consumer's position row. A decision about an instant waits until the
partition's watermark has reached that instant.
"""

from datetime import UTC, datetime

from shared.errors import PoisonError
from shared.kafka.broker.records import RawRecord

WATERMARK_TYPE = "cuiban.Watermark.v1"
_TYPE = ("ce_type", WATERMARK_TYPE.encode())


def encode_watermark(until: datetime) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers of a watermark: all facts committed before `until` precede it."""
    return until.astimezone(UTC).isoformat().encode(), [_TYPE]


def is_watermark(record: RawRecord) -> bool:
    """Whether a record is a watermark, by its header alone."""
    return _TYPE in record.headers


def read_watermark(record: RawRecord) -> datetime:
    """Read the instant in a watermark.

    Raises:
        PoisonError: `bad-value`, the record holds no instant with a UTC offset.
    """
    try:
        until = datetime.fromisoformat((record.value or b"").decode("ascii"))
    except ValueError as error:
        raise PoisonError("bad-value", "the watermark holds no instant") from error
    if until.tzinfo is None:
        raise PoisonError("bad-value", "the watermark's instant has no offset")
    return until
