"""What the model knows at one moment: the three databases, the log, and what is under way.

Time is a small number. The office's clock stands at 0, 1, 2 or 3; the slots are at 1 and 2. A
fact was committed before a slot when its time is smaller than the slot's.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from typing_extensions import override

SLOTS = (1, 2)
END = 3
"""The last instant. Nothing fails any more and no fact comes, so every run settles."""
FACTS = ("assigned", "done")
"""The facts about the unit, in the order of their outbox rows 1 and 2."""
DONE = 2
"""The row of "done"."""


class ProtocolRule(StrEnum):
    """A rule of the protocol that the model can leave out."""

    WATERMARK = "watermark"
    IDENTITY = "identity"
    FENCE = "fence"
    WRITE_FIRST = "write-first"
    NAMED = "named"


RuleSet = frozenset[ProtocolRule]
WHOLE: RuleSet = frozenset(ProtocolRule)


class Fault(StrEnum):
    """What may go wrong; each at most once in a run."""

    CRASH = "crash"
    DELAY = "delay"
    REPEAT = "repeat"
    LOST_TAIL = "lost tail"


NO_FAULTS: frozenset[Fault] = frozenset()


class Record(NamedTuple):
    """A record of the log.

    With `watermark` 0 it is the fact of outbox row `row`. Otherwise it says: every fact committed
    before `watermark` stands before this record, and the last of them is that of `row` (0: none).

    `run` is the relay's turn that sent it, which began with row `first`, after what the turn
    `prior` had marked last. (Rows are sent in order, so a row's number is its place as well.)
    """

    watermark: int
    row: int
    run: int = 0
    first: int = 0
    prior: int = 0

    @override
    def __str__(self) -> str:
        if not self.watermark:
            return f'row {self.row} ("{FACTS[self.row - 1]}")'
        named = f"after row {self.row}" if self.row else "after no row"
        return f"watermark {self.watermark} ({named})"


class Acknowledged(NamedTuple):
    """The last record that the broker acknowledged and the relay wrote down."""

    offset: int
    record: Record


class Pass(NamedTuple):
    """A pass of the relay: the instant that it read first, and the rows that it found then."""

    instant: int
    rows: int


class Stage(StrEnum):
    """How far a slot has come."""

    NONE = "nothing is planned"
    TIMER = "planned"
    REMINDER = "reminder made"
    ATTEMPT = "attempt written"
    CALLED = "gateway called, outcome not written"
    UNKNOWN = "outcome unknown"
    SENT = "sent"
    ENDED = "ended, reason: done"


class View(StrEnum):
    """What the scheduler knew when it made a reminder."""

    COMPLETE = "complete"
    INCOMPLETE = "marked as incomplete"
    CROSSED = 'made after "done" was applied'


class Slot(NamedTuple):
    """What became of a slot. `calls` are the gateway's, `unknown` the attempts so recorded."""

    stage: Stage = Stage.NONE
    view: View = View.COMPLETE
    calls: int = 0
    unknown: int = 0


class LateSend(NamedTuple):
    """A relay hung before it sent this record."""

    record: Record


class LateApply(NamedTuple):
    """A consumer hung after it read this record; `turn` is the position's at that moment."""

    offset: int
    record: Record
    turn: int


class LateFire(NamedTuple):
    """A scheduler hung after it decided to make the reminder of this slot."""

    slot: int
    view: View


class LateCall(NamedTuple):
    """A notifier hung before it called the gateway for this slot."""

    slot: int


Late = LateSend | LateApply | LateFire | LateCall


class State(NamedTuple):
    """One moment of a run.

    Attributes:
        now: the office's clock.
        committed: the times of the facts that ingest committed, in the order of their rows.
        sent: how many rows are marked as sent; they are kept for a replay.
        acknowledged: the last acknowledgement that the relay wrote down.
        announced: the newest watermark that was acknowledged.
        under_way: the relay's pass, None between two.
        run: the relay's turn; each one that takes over, or is let go on, has a higher one.
        first: the row with which the turn began.
        prior: the turn that marked the row before that; 0 when none was marked.
        marked: the turn that marked the last row that is marked as sent.
        relay_stopped: it saw that the log lost its tail, and waits for the operator.
        log: the partition's records; the offset is the place in the tuple.
        position: the next offset that the consumer applies.
        last: the record before the position, as it was when it was applied.
        turn: how often the operator has set the position back.
        consumer_stopped: it saw another log than its position speaks of, or a gap in it.
        read: the turn and the row of the last record that was read.
        unsure: the end of the log when the operator resumed: what is below is learned, not judged.
        inbox: the rows that were applied, rising.
        watermark: the newest watermark that was believed.
        slots: one for each of SLOTS.
        late: a process that hung and will come back.
        alarm: the operator has been called and has not come yet.
        alarmed: the operator was called at least once.
        left: the faults that may still happen.
        more: how many of them.
    """

    now: int = 0
    committed: tuple[int, ...] = ()
    sent: int = 0
    acknowledged: Acknowledged | None = None
    announced: int = 0
    under_way: Pass | None = None
    run: int = 1
    first: int = 1
    prior: int = 0
    marked: int = 0
    relay_stopped: bool = False
    log: tuple[Record, ...] = ()
    position: int = 0
    last: Record | None = None
    turn: int = 0
    consumer_stopped: bool = False
    read: tuple[int, int] = (0, 0)
    unsure: int = 0
    inbox: tuple[int, ...] = ()
    watermark: int = 0
    slots: tuple[Slot, ...] = (Slot(),) * len(SLOTS)
    late: Late | None = None
    alarm: bool = False
    alarmed: bool = False
    left: frozenset[Fault] = frozenset(Fault)
    more: int = 2

    def record(self, watermark: int, row: int, rules: RuleSet) -> Record:
        """A record as the relay sends it now; it names what came before, by that rule."""
        if ProtocolRule.NAMED not in rules:
            return Record(watermark, row)
        return Record(watermark, row, self.run, self.first, self.prior)

    def may(self, fault: Fault) -> bool:
        """Whether a fault can happen now."""
        return self.now < END and fault in self.left

    def take(self, fault: Fault) -> "State":
        """The same after a fault."""
        left = self.left - {fault} if self.more > 1 else NO_FAULTS
        return self._replace(left=left, more=self.more - 1)

    def call_operator(self) -> "State":
        """The same with the alarm raised."""
        return self._replace(alarm=True, alarmed=True)

    def begin_run(self, rules: RuleSet) -> "State":
        """The same with another relay in the lead; it knows what is marked."""
        if ProtocolRule.NAMED not in rules:
            return self
        return self._replace(run=self.run + 1, first=self.sent + 1, prior=self.marked)

    def with_slot(self, slot: int, progress: Slot) -> "State":
        """The same with another state of a slot."""
        return self._replace(
            slots=tuple(
                progress if at == slot else old for at, old in zip(SLOTS, self.slots, strict=True)
            )
        )


class Transition(NamedTuple):
    """A sentence and what fills its blanks, the fault if it is one, and the state then."""

    sentence: str
    blanks: tuple[object, ...]
    fault: Fault | None
    then: State

    @override
    def __str__(self) -> str:
        text = self.sentence.format(*self.blanks)
        return f"[{self.fault.value}] {text}" if self.fault else text


Transitions = Iterator[Transition]
