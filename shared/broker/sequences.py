"""Whether a record follows what was read of its writer: so a lost record is never passed over.

A relay numbers the records of a partition and says in each which ones came before it (the header
`ce_link`). A consumer keeps in its position row which link it read last of each writer. A record
that says that others came before it, which were never read, is not applied, and a watermark that
does not fit is not believed. Why that is sound, and never stops a healthy stream, is told in
docs/adr/0074-records-name-what-came-before.md.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any, NamedTuple

from shared.broker.positions import Position
from shared.broker.records import RawRecord
from shared.broker.watermarks import is_watermark

HEADER = "ce_link"


class Link(NamedTuple):
    """What a record says of the records before it in its partition, all of one writer.

    Attributes:
        writer: the service whose relay sent it.
        run: that relay's turn as the leader; a later leader has a higher one.
        number: the record's place among those of the writer. A watermark takes none of its own:
            it has the one of the last record before it.
        first: the number with which the run began. All before it were marked as sent.
        prior: the run that marked the last of those; 0 when nothing was marked before.
    """

    writer: str
    run: int
    number: int
    first: int
    prior: int

    def to_header(self, partition: int) -> tuple[str, bytes]:
        """The header that carries the link in a partition."""
        return HEADER, " ".join(map(str, (partition, *self))).encode()


def read_link(record: RawRecord) -> Link | None:
    """The link of a record; None when it has none, or one that was meant for another partition."""
    found = next((value for name, value in record.headers if name == HEADER), None)
    if found is None:
        return None
    try:
        partition, writer, *numbers = found.decode().split(" ")
        run, number, first, prior = map(int, numbers)
        there = int(partition)
    except ValueError:
        return None  # somebody else wrote it: it is a record like any without a link
    return Link(writer, run, number, first, prior) if there == record.partition.number else None


class LinkVerdict(Enum):
    """How a record stands to what was read of its writer."""

    NEXT = auto()
    """It follows."""
    OLD = auto()
    """It was read before, or a relay sent it that leads no more: nothing follows from it."""
    GAP = auto()
    """Records before it were never read."""


def judge_link(link: Link, known: tuple[int, int], *, watermark: bool) -> LinkVerdict:
    """How a link stands to the run and number that were read last."""
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
    """What was read of each writer of a partition.

    Attributes:
        read: the run and number of each writer's last record.
        is_open: whether a writer that is not in `read` may be at any number: the partition was
            read by an older release, or was resumed.
        unsure_until: the offset below which numbers are learned and not judged, and no watermark
            is believed: an operator resumed the partition with the log as it was then.
    """

    read: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    is_open: bool = True
    unsure_until: int = 0

    def resume(self, end: int, *, passed_over: bool) -> "SequenceState":
        """The same after a stop, when the log ended at offset `end`.

        When the operator passed over records, the numbers that were read mean nothing any more.
        """
        return SequenceState({} if passed_over else self.read, is_open=True, unsure_until=end)

    def to_json(self, at: int) -> str:
        """How a position row at offset `at` keeps it."""
        words: dict[str, Any] = {"at": at, "read": self.read}
        if self.is_open:
            words["open"] = True
        if self.unsure_until > at:
            words["unsure_until"] = self.unsure_until
        return json.dumps(words)


def read_state(position: Position) -> SequenceState:
    """What a position row says was read; nothing is known when another release moved it."""
    words = json.loads(position.chains or "{}")
    if words.get("at") != position.next_offset:
        return SequenceState()
    read = {writer: (run, number) for writer, (run, number) in words.get("read", {}).items()}
    return SequenceState(read, words.get("open", False), words.get("unsure_until", 0))


@dataclass(frozen=True, slots=True)
class GapCheck:
    """What may be applied of some records.

    Attributes:
        taken: the records before the first one that does not follow; all when every one does.
        applied: those of them without the watermarks that are not to be believed.
        chains: what was read then.
        gap: the link of the one that does not follow.
    """

    taken: Sequence[RawRecord]
    applied: Sequence[RawRecord]
    chains: SequenceState
    gap: Link | None = None


def find_gap(chains: SequenceState, records: Sequence[RawRecord]) -> GapCheck:
    """Which of some records, rising by offset, follow what was read."""
    read = dict(chains.read)
    applied: list[RawRecord] = []
    for count, record in enumerate(records):
        watermark = is_watermark(record)
        unsure = record.offset < chains.unsure_until
        link = read_link(record)
        known = None if link is None else read.get(link.writer)
        if link is None:
            believed = not unsure
        elif unsure or (known is None and chains.is_open):
            read[link.writer] = max(known or (0, 0), (link.run, link.number))
            believed = not unsure
        else:
            how = judge_link(link, known or (0, 0), watermark=watermark)
            if how is LinkVerdict.GAP:
                return GapCheck(records[:count], applied, replace(chains, read=read), link)
            if how is LinkVerdict.NEXT:
                read[link.writer] = (link.run, link.number)
            believed = how is LinkVerdict.NEXT
        if believed or not watermark:
            applied.append(record)
    return GapCheck(records, applied, replace(chains, read=read))
