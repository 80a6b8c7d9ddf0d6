"""Gap detection by sequence numbers, so that a record that the log lost is never skipped.

A relay numbers its records in each partition, and each record names its predecessor (the header
`ce_link`). A consumer stores in its position row the last number that it read of each writer. A
record whose predecessors were not read is not applied, and a watermark out of sequence is ignored.
docs/adr/0074-records-name-what-came-before.md proves that this is sound and never stops a healthy
stream.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any, NamedTuple

from shared.kafka.broker.positions import Position
from shared.kafka.broker.records import RawRecord
from shared.kafka.broker.watermarks import is_watermark

HEADER = "ce_link"


class Link(NamedTuple):
    """A record's sequence number in its partition, and its predecessors of the same writer.

    Attributes:
        writer: the service whose relay sent the record.
        run: the epoch of that relay as the leader; a later leader has a higher one.
        number: the sequence number. A watermark takes no number of its own; it has that of the
            last record before it.
        first: the first number of the run. All records before it were marked as sent.
        prior: the run that marked the last of those; 0 when none was marked.
    """

    writer: str
    run: int
    number: int
    first: int
    prior: int

    def to_header(self, partition: int) -> tuple[str, bytes]:
        """The header, as name and value, for a partition."""
        return HEADER, " ".join(map(str, (partition, *self))).encode()


def read_link(record: RawRecord) -> Link | None:
    """The link of a record; None when it has none, or the link of another partition."""
    value = next((value for name, value in record.headers if name == HEADER), None)
    if value is None:
        return None
    try:
        partition, writer, *numbers = value.decode().split(" ")
        run, number, first, prior = map(int, numbers)
        there = int(partition)
    except ValueError:
        return None  # another program wrote it: the record counts as one without a link
    return Link(writer, run, number, first, prior) if there == record.partition.number else None


class LinkVerdict(Enum):
    """How a record relates to what was read of its writer."""

    NEXT = auto()
    """It is the next one."""
    OLD = auto()
    """It was read before, or comes from a relay that is no longer the leader."""
    GAP = auto()
    """Records before it were not read."""


def judge_link(link: Link, known: tuple[int, int], *, watermark: bool) -> LinkVerdict:
    """Compare a link with the run and number that were read last."""
    run, number = known
    if link.run < run:
        return LinkVerdict.OLD
    begins = link.number == (link.first - 1 if watermark else link.first)
    if link.run > run:
        whole = begins and link.prior <= run and link.first - 1 <= number
        return LinkVerdict.NEXT if whole else LinkVerdict.GAP
    following = number if watermark else number + 1
    if link.number < following:
        return LinkVerdict.OLD
    return LinkVerdict.NEXT if link.number == following else LinkVerdict.GAP


@dataclass(frozen=True, slots=True)
class SequenceState:
    """The last sequence numbers that were read in a partition.

    Attributes:
        read: the run and number of each writer's last record.
        is_open: whether a writer that is not in `read` may be at any number, because an older
            release read the partition, or an operator resumed it.
        unsure_until: below this offset numbers are stored without a check, and watermarks are
            ignored, because an operator accepted the log up to there.
    """

    read: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    is_open: bool = True
    unsure_until: int = 0

    def resume(self, end: int, *, passed_over: bool) -> "SequenceState":
        """The state after an operator resumed the partition, when its log ended at offset `end`.

        With `passed_over` the operator skipped records, so the stored numbers are discarded.
        """
        return SequenceState({} if passed_over else self.read, is_open=True, unsure_until=end)

    def to_json(self, at: int) -> str:
        """The JSON that a position row at offset `at` stores."""
        content: dict[str, Any] = {"at": at, "read": self.read}
        if self.is_open:
            content["open"] = True
        if self.unsure_until > at:
            content["unsure_until"] = self.unsure_until
        return json.dumps(content)


def read_state(position: Position) -> SequenceState:
    """Read the state in a position row; unknown when an older release moved the position."""
    content = json.loads(position.chains or "{}")
    if content.get("at") != position.next_offset:
        return SequenceState()
    read = {writer: (run, number) for writer, (run, number) in content.get("read", {}).items()}
    return SequenceState(read, content.get("open", False), content.get("unsure_until", 0))


@dataclass(frozen=True, slots=True)
class GapCheck:
    """The records that may be applied.

    Attributes:
        taken: the records before the first gap; all records when there is no gap.
        applied: `taken` without the watermarks that are ignored.
        state: the state after `taken`.
        gap: the link of the record after the gap; None when there is no gap.
    """

    taken: Sequence[RawRecord]
    applied: Sequence[RawRecord]
    state: SequenceState
    gap: Link | None = None


def find_gap(state: SequenceState, records: Sequence[RawRecord]) -> GapCheck:
    """Check the sequence numbers of records, in ascending order of offset."""
    read = dict(state.read)
    applied: list[RawRecord] = []
    for count, record in enumerate(records):
        watermark = is_watermark(record)
        is_unsure = record.offset < state.unsure_until
        link = read_link(record)
        known = None if link is None else read.get(link.writer)
        if link is None:
            is_believed = not is_unsure
        elif is_unsure or (known is None and state.is_open):
            read[link.writer] = max(known or (0, 0), (link.run, link.number))
            is_believed = not is_unsure
        else:
            verdict = judge_link(link, known or (0, 0), watermark=watermark)
            if verdict is LinkVerdict.GAP:
                return GapCheck(records[:count], applied, replace(state, read=read), link)
            if verdict is LinkVerdict.NEXT:
                read[link.writer] = (link.run, link.number)
            is_believed = verdict is LinkVerdict.NEXT
        if is_believed or not watermark:
            applied.append(record)
    return GapCheck(records, applied, replace(state, read=read))
