"""Kafka records as the consumers see them: partition, raw record, fingerprint."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """A partition of a topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as Kafka stores it."""

    partition: Partition
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    time: int = 0
    """Kafka's timestamp, in milliseconds."""


def drop_repeats(position: int, records: Sequence[RawRecord]) -> list[RawRecord] | None:
    """The records from offset `position` on, without repeats; None when an offset is missing.

    `records` are in ascending order of offset; offsets may repeat.
    """
    fresh = []
    for record in records:
        if record.offset < position:
            continue
        if record.offset > position:
            return None
        fresh.append(record)
        position += 1
    return fresh


def split_by_size(
    records: Sequence[RawRecord], most: int = 2 * 2**20
) -> Iterator[Sequence[RawRecord]]:
    """Split records, in order, into parts whose values have at most `most` bytes in total.

    A part holds at least one record, which may be larger than `most`.
    """
    start = size = 0
    for end, record in enumerate(records):
        size += len(record.value or b"")
        if size > most and end > start:
            yield records[start:end]
            start, size = end, len(record.value or b"")
    if records:
        yield records[start:]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Identifies a record at its offset: Kafka's timestamp and a checksum."""

    time: int
    sum: int


def compute_fingerprint(record: RawRecord) -> Fingerprint:
    """A record's fingerprint: its timestamp in milliseconds, and CRC-32 of key and value."""
    return Fingerprint(record.time, crc32(record.value or b"", crc32(record.key or b"")))
