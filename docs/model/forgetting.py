"""What can't matter any more is forgotten, so that states which only differ in it are one.

That is sound because no later step and no promise looks at it. It makes the search ten times
smaller, and a trace stays a real run: each step was taken from a state that stands for it.
"""

from functools import cache

from docs.model.applying import apply_record, is_same_log
from docs.model.state import (
    END,
    FACTS,
    NO_FAULTS,
    SLOTS,
    Fault,
    LateApply,
    LateCall,
    LateFire,
    LateSend,
    ProtocolRule,
    Record,
    RuleSet,
    Slot,
    Stage,
    State,
    View,
)
from docs.model.writing import is_still_there

_CLOSED = Slot(Stage.SENT, View.INCOMPLETE)
_OVER = frozenset({Stage.SENT, Stage.ENDED})


def forget(state: State, rules: RuleSet) -> State:
    """The same state without what nothing looks at any more.

    The search does it for each step that it tries, so a copy is made only where something goes.
    """
    if state.now == END and state.left:
        state = state._replace(left=NO_FAULTS, more=0)
    if ProtocolRule.FENCE in rules and _is_fenced(state):
        state = state._replace(late=None)
    if 0 < state.announced < state.now:
        state = state._replace(announced=0)
    slots = _forget_slots(state)
    if Fault.LOST_TAIL in state.left or not _is_safe(state):
        return _rank_runs(state if slots == state.slots else state._replace(slots=slots))
    return _rank_runs(_forget_log(state, slots, rules))


def _rank_runs(state: State) -> State:
    """Of the relay's turns only the order matters: number those anew that are still named."""
    runs = {0, state.run, state.prior, state.marked, state.read[0]}
    late, acknowledged = state.late, state.acknowledged
    for record in state.log:
        runs.add(record.run)
        runs.add(record.prior)
    if isinstance(late, LateSend | LateApply):
        runs |= {late.record.run, late.record.prior}
    if state.last is not None:
        runs |= {state.last.run, state.last.prior}
    if acknowledged is not None:
        runs |= {acknowledged.record.run, acknowledged.record.prior}
    if len(runs) == state.run + 1:  # none is higher, so each one up to it is named
        return state
    rank = {run: number for number, run in enumerate(sorted(runs))}

    def rename(record: Record) -> Record:
        return _renamed(record, rank[record.run], rank[record.prior])

    if isinstance(late, LateSend | LateApply):
        late = late._replace(record=rename(late.record))
    return state._replace(
        run=rank[state.run],
        prior=rank[state.prior],
        marked=rank[state.marked],
        read=(rank[state.read[0]], state.read[1]),
        log=tuple(map(rename, state.log)),
        last=state.last and rename(state.last),
        acknowledged=acknowledged and acknowledged._replace(record=rename(acknowledged.record)),
        late=late,
    )


@cache
def _renamed(record: Record, run: int, prior: int) -> Record:
    return record._replace(run=run, prior=prior)


def _forget_slots(state: State) -> tuple[Slot, ...]:
    """How a slot that is over came to its end has been judged; its calls may still grow."""
    if isinstance(state.late, LateCall | LateFire):
        return state.slots
    return _close_slots(state.slots)


@cache
def _close_slots(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    return tuple(_CLOSED if progress.stage in _OVER else progress for progress in slots)


def _is_safe(state: State) -> bool:
    """No tail can be lost any more, and both ends know the log: offsets will never differ again."""
    if state.consumer_stopped or isinstance(state.late, LateApply) or not is_same_log(state):
        return False
    return state.relay_stopped or is_still_there(state)


def _is_fenced(state: State) -> bool:
    """Whether the one that hung will find that it can't do anything."""
    match state.late:
        case LateFire():
            return True
        case LateApply(offset=offset, turn=turn):
            return offset < state.position or turn < state.turn
        case _:
            return False


def _forget_log(state: State, slots: tuple[Slot, ...], rules: RuleSet) -> State:
    """Keep of the log what was not read, without what will change nothing when it is."""
    read, log, unsure = _drop_useless(
        state.log,
        state.position,
        state.read,
        state.unsure,
        state.inbox,
        state.watermark,
        rules,
    )
    return state._replace(
        read=read,
        log=log,
        unsure=unsure,
        position=0,
        last=None,
        slots=slots,
        watermark=_find_useful_watermark(slots, state.watermark),
        acknowledged=None,
    )


@cache
def _drop_useless(  # noqa: PLR0917 - all that it depends on, so that it is worked out once
    log: tuple[Record, ...],
    position: int,
    read: tuple[int, int],
    unsure: int,
    inbox: tuple[int, ...],
    watermark: int,
    rules: RuleSet,
) -> tuple[tuple[int, int], tuple[Record, ...], int]:
    """What was read, the log, and the unsure part of it, once nothing useless is left in it.

    What only moves the count at the position is counted now: nothing else looks at the count.
    """
    state = State(
        committed=(0,) * len(FACTS),
        log=log,
        position=position,
        read=read,
        unsure=unsure,
        inbox=inbox,
        watermark=watermark,
    )
    kept: list[tuple[int, Record]] = []
    for offset in range(position, len(log)):
        record = log[offset]
        record = record._replace(watermark=min(record.watermark, SLOTS[-1]))
        then = apply_record(state, rules, offset, record).then
        if then.consumer_stopped:
            kept += list(enumerate(log))[offset:]
            break
        before = state._replace(position=then.position, last=then.last)
        counted = before._replace(read=then.read)
        state = then._replace(watermark=max(state.watermark, then.watermark))
        if then == before:
            continue
        if then == counted and not kept:
            read = then.read
        else:
            kept.append((offset, record))
    return read, tuple(record for _, record in kept), sum(at < unsure for at, _ in kept)


@cache
def _find_useful_watermark(slots: tuple[Slot, ...], watermark: int) -> int:
    """The slot up to which the view is complete, if a reminder may still ask for it."""
    waiting = [
        slot
        for slot, progress in zip(SLOTS, slots, strict=True)
        if progress.stage in {Stage.NONE, Stage.TIMER} and slot <= watermark
    ]
    return max(waiting, default=0)
