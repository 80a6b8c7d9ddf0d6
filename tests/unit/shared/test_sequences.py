"""Records name what came before them: every healthy stream goes on, and no loss is passed over."""

import random
from dataclasses import dataclass, field

import pytest

from shared.kafka.broker.positions import Position
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.broker.sequences import (
    HEADER,
    Link,
    LinkVerdict,
    SequenceState,
    find_gap,
    judge_link,
    read_link,
    read_state,
)
from shared.kafka.broker.watermarks import WATERMARK_TYPE
from shared.kafka.outbox.sequence_numbers import SequenceNumbers

TOPIC = "cuiban.tasks.v1"
AT = (TOPIC, 0)
NOTHING_READ = SequenceState(is_open=False)


def record(offset: int, link: Link | None, row: int = 0) -> RawRecord:
    """A row's record; with row 0 a watermark."""
    headers = [link.to_header(0)] if link else []
    if not row:
        headers.append(("ce_type", WATERMARK_TYPE.encode()))
    return RawRecord(Partition(TOPIC, 0), offset, b"k", str(row).encode(), tuple(headers))


def event(offset: int, run: int, number: int, first: int, prior: int) -> RawRecord:
    return record(offset, Link("ingest", run, number, first, prior), number)


def mark(offset: int, run: int, number: int, first: int, prior: int) -> RawRecord:
    return record(offset, Link("ingest", run, number, first, prior))


def test_a_link_is_read_as_it_was_written():
    link = Link("ingest", 1_795_753_775_594_000, 12, 3, 9)
    assert read_link(record(0, link)) == link
    assert read_link(record(0, None)) is None
    for foreign in (b"1 ingest 9 1 1 0", b"", b"0 ingest 9 1", b"0 ingest x 1 1 0", b"\xff"):
        headers = ((HEADER, foreign),)
        assert read_link(RawRecord(Partition(TOPIC, 0), 0, b"", b"", headers)) is None


def test_a_position_keeps_what_was_read_while_only_this_release_moves_it():
    chains = SequenceState({"ingest": (5, 7), "notifier": (6, 1)}, is_open=False)
    assert read_state(Position(3, chains=chains.to_json(3))) == chains
    assert read_state(Position(4, chains=chains.to_json(3))) == SequenceState()
    assert read_state(Position(4)) == SequenceState()
    assert read_state(Position(0, chains='{"at": 0}')) == NOTHING_READ
    unsure = chains.resume(9, passed_over=False)
    assert read_state(Position(3, chains=unsure.to_json(3))) == unsure
    assert read_state(Position(9, chains=unsure.to_json(9))).unsure_until == 0


@pytest.mark.parametrize(
    ("known", "link", "watermark", "wanted"),
    [
        ((0, 0), (5, 1, 1, 0), False, LinkVerdict.NEXT),  # the first record of all
        ((0, 0), (5, 0, 1, 0), True, LinkVerdict.NEXT),
        ((0, 0), (5, 2, 1, 0), False, LinkVerdict.GAP),  # the first one is lost
        ((0, 0), (5, 1, 1, 0), True, LinkVerdict.GAP),
        ((5, 1), (5, 2, 1, 0), False, LinkVerdict.NEXT),
        ((5, 1), (5, 3, 1, 0), False, LinkVerdict.GAP),
        ((5, 1), (5, 2, 1, 0), True, LinkVerdict.GAP),
        ((5, 2), (5, 2, 1, 0), False, LinkVerdict.OLD),  # told twice
        ((5, 2), (5, 1, 1, 0), True, LinkVerdict.OLD),
        ((5, 2), (6, 3, 3, 5), False, LinkVerdict.NEXT),  # the next leader
        ((5, 4), (6, 3, 3, 5), False, LinkVerdict.NEXT),  # run 5 had sent more than it marked
        ((5, 4), (6, 4, 3, 5), False, LinkVerdict.GAP),  # the first of run 6 is lost
        ((5, 1), (6, 3, 3, 5), False, LinkVerdict.GAP),
        ((5, 1), (6, 2, 3, 5), True, LinkVerdict.GAP),
        ((5, 2), (6, 2, 3, 5), True, LinkVerdict.NEXT),
        ((6, 3), (5, 4, 1, 0), False, LinkVerdict.OLD),  # a relay that hung comes back
        ((6, 3), (5, 2, 1, 0), True, LinkVerdict.OLD),
        (
            (5, 9),
            (7, 4, 4, 6),
            False,
            LinkVerdict.GAP,
        ),  # all of run 6 is lost, which marked something
        ((6, 4), (7, 3, 3, 5), False, LinkVerdict.NEXT),  # run 6 marked nothing
    ],
)
def test_how_a_record_stands_to_what_was_read(known, link, watermark, wanted):
    run, number, first, prior = link
    assert (
        judge_link(Link("ingest", run, number, first, prior), known, watermark=watermark) is wanted
    )


def test_what_stands_behind_a_gap_is_not_taken():
    log = [event(0, 5, 1, 1, 0), event(1, 5, 3, 1, 0), mark(2, 5, 3, 1, 0)]
    found = find_gap(NOTHING_READ, log)
    assert found.taken == log[:1]
    assert found.gap == Link("ingest", 5, 3, 1, 0)
    assert found.state.read == {"ingest": (5, 1)}


def test_writers_are_counted_apart_and_records_without_a_link_pass():
    other = Link("notifier", 9, 1, 1, 0)
    log = [event(0, 5, 1, 1, 0), record(1, None, 7), record(2, other, 1), event(3, 5, 2, 1, 0)]
    found = find_gap(NOTHING_READ, [*log, record(4, None)])
    assert found.gap is None
    assert len(found.applied) == 5
    assert found.state.read == {"ingest": (5, 2), "notifier": (9, 1)}


def test_an_old_watermark_is_not_believed():
    log = [mark(0, 5, 4, 1, 0), event(1, 6, 8, 3, 5)]
    found = find_gap(SequenceState({"ingest": (6, 7)}, is_open=False), log)
    assert found.gap is None
    assert list(found.applied) == log[1:]


def test_after_a_resume_the_log_as_it_was_is_learned_and_its_watermarks_are_not_believed():
    stopped = SequenceState({"ingest": (5, 1)}, is_open=False)
    log = [event(1, 5, 4, 1, 0), mark(2, 5, 4, 1, 0), mark(3, 4, 9, 1, 0), event(4, 6, 2, 2, 5)]
    found = find_gap(stopped.resume(3, passed_over=False), log)
    assert found.gap is None
    assert list(found.applied) == [log[0], log[3]]
    assert found.state.read == {"ingest": (6, 2)}
    assert find_gap(stopped.resume(0, passed_over=False), log).gap
    assert find_gap(stopped.resume(0, passed_over=True), [event(9, 5, 4, 1, 0)]).gap is None


@dataclass
class Stream:
    """A partition with relays that lead in turn, some of which die or hang, and its log."""

    chosen: random.Random
    log: list[RawRecord] = field(default_factory=list)
    unsent: list[int] = field(default_factory=list)
    marked: tuple[int, int] = (0, 0)
    run: int = 100
    rows: int = 0
    late: list[RawRecord] = field(default_factory=list)
    sent: set[bytes] = field(default_factory=set)
    promised: dict[bytes, frozenset[bytes]] = field(default_factory=dict)
    links: SequenceNumbers = field(init=False)

    def __post_init__(self) -> None:
        self.lead()

    def lead(self) -> None:
        self.run += self.chosen.randrange(1, 4)
        self.links = SequenceNumbers("ingest")
        self.links.begin_run(self.run, {AT: self.marked} if self.marked[1] else {})

    def write(self) -> None:
        """Rows become visible out of order."""
        for _ in range(self.chosen.randrange(4)):
            self.rows += 1
            self.unsent.insert(self.chosen.randrange(len(self.unsent) + 1), self.rows)

    def append(self, record: RawRecord) -> None:
        place = RawRecord(record.partition, len(self.log), b"k", record.value, record.headers)
        self.log.append(place)

    def linked(self, row: int, number: int) -> RawRecord:
        _, value = self.links.build_headers(AT, number)[0]
        made = record(0, None, row)
        return RawRecord(made.partition, 0, b"k", made.value, (*made.headers, (HEADER, value)))

    def relay(self) -> None:
        """One pass: rows in whole batches, marks, a watermark; it may die or hang before each."""
        batch = self.unsent[: self.chosen.randrange(1, 5)]
        sent = [self.linked(row, self.links.get_last(AT) + 1 + n) for n, row in enumerate(batch)]
        fate = self.chosen.random()
        if fate < 0.1:  # it hangs before it sends
            self.late += sent
            self.lead()
            return
        for one in sent:
            self.append(one)
        if fate < 0.25:  # it dies before its mark
            self.lead()
            return
        self.links.advance(AT, len(batch))
        del self.unsent[: len(batch)]
        if batch:
            self.marked = (self.links.run, self.links.get_last(AT))
        self.sent |= {str(row).encode() for row in batch}
        told = self.linked(0, self.links.get_last(AT))
        self.promised.setdefault(dict(told.headers)[HEADER], frozenset(self.sent))
        if fate < 0.35:
            self.late.append(told)
            self.lead()
        elif not self.unsent and fate < 0.8:
            self.append(told)

    def disturb(self) -> None:
        """What comes late, is told twice, was written from outside, or is sent again."""
        if self.late and self.chosen.random() < 0.5:
            self.append(self.late.pop(0))
        if self.log and self.chosen.random() < 0.2:
            self.append(self.chosen.choice(self.log))
        if self.chosen.random() < 0.1:
            self.append(record(0, None, 9_999))
        if self.rows and self.chosen.random() < 0.05:
            self.unsent.insert(0, self.chosen.randrange(1, self.rows + 1))


def drawn(seed: int) -> Stream:
    stream = Stream(random.Random(seed))  # noqa: S311 - not a secret
    for _ in range(60):
        stream.write()
        stream.relay()
        stream.disturb()
    return stream


@pytest.mark.parametrize("seed", range(40))
def test_no_healthy_stream_is_stopped(seed):
    stream = drawn(seed)
    chains, start = NOTHING_READ, 0
    while start < len(stream.log):
        end = start + stream.chosen.randrange(1, 9)
        found = find_gap(chains, stream.log[start:end])
        assert found.gap is None
        chains, start = read_state(Position(end, chains=found.state.to_json(end))), end
    assert chains.read["ingest"] >= stream.marked


@pytest.mark.parametrize("seed", range(40))
def test_no_watermark_is_believed_when_a_row_before_it_was_lost(seed):
    """Any stretch of the log is lost; what was marked before a believed watermark was read."""
    stream = drawn(1000 + seed)
    lost_from = stream.chosen.randrange(len(stream.log))
    lost_to = lost_from + stream.chosen.randrange(1, 12)
    chains, applied = NOTHING_READ, set()
    for one in stream.log[:lost_from] + stream.log[lost_to:]:
        found = find_gap(chains, [one])
        if found.gap:
            return
        chains = found.state
        link = read_link(one)
        if one.value != b"0":
            applied.add(one.value)
        elif link and found.applied:
            assert stream.promised[dict(one.headers)[HEADER]] <= applied
