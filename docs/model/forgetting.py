"""What can't matter any more is forgotten, so that states which only differ in it are one.

That is sound because no later step and no promise looks at it. It makes the search ten times
smaller, and a trace stays a real run: each step was taken from a state that stands for it.
"""

from functools import cache

from docs.model.applying import apply_record, same_log
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
    Record,
    Rule,
    Rules,
    Slot,
    Stage,
    State,
    View,
)
from docs.model.writing import still_there

_CLOSED = Slot(Stage.SENT, View.INCOMPLETE)
_OVER = frozenset({Stage.SENT, Stage.ENDED})


def forget(state: State, rules: Rules) -> State:
    """The same state without what nothing looks at any more."""
    if state.now == END and state.left:
        state = state._replace(left=NO_FAULTS, more=0)
    if Rule.FENCE in rules and _fenced(state):
        state = state._replace(late=None)
    if 0 < state.told < state.now:
        state = state._replace(told=0)
    state = _rank_runs(_forget_slots(state))
    if Fault.LOST_TAIL in state.left or not _safe(state):
        return state
    then = _forget_log(state, rules)
    return _rank_runs(then._replace(watermark=_useful(state), acknowledged=None))


def _rank_runs(state: State) -> State:
    """Of the relay's turns only the order matters: number those anew that are still named."""
    hung = (state.late.record,) if isinstance(state.late, LateSend | LateApply) else ()
    last = () if state.last is None else (state.last,)
    known = () if state.acknowledged is None else (state.acknowledged.record,)
    runs = {0, state.run, state.prior, state.marked, state.read[0]}
    for record in {*state.log, *hung, *last, *known}:
        runs |= {record.run, record.prior}
    rank = {run: number for number, run in enumerate(sorted(runs))}
    if rank[state.run] == state.run:
        return state

    def renamed(record: Record) -> Record:
        return _renamed(record, rank[record.run], rank[record.prior])

    late = state.late
    if isinstance(late, LateSend | LateApply):
        late = late._replace(record=renamed(late.record))
    acknowledged = state.acknowledged
    return state._replace(
        run=rank[state.run],
        prior=rank[state.prior],
        marked=rank[state.marked],
        read=(rank[state.read[0]], state.read[1]),
        log=tuple(map(renamed, state.log)),
        last=state.last and renamed(state.last),
        acknowledged=acknowledged and acknowledged._replace(record=renamed(acknowledged.record)),
        late=late,
    )


@cache
def _renamed(record: Record, run: int, prior: int) -> Record:
    return record._replace(run=run, prior=prior)


def _forget_slots(state: State) -> State:
    """How a slot that is over came to its end has been judged; its calls may still grow."""
    if isinstance(state.late, LateCall | LateFire):
        return state
    slots = tuple(_CLOSED if one.stage in _OVER else one for one in state.slots)
    return state._replace(slots=slots)


def _safe(state: State) -> bool:
    """No tail can be lost any more, and both ends know the log: offsets will never differ again."""
    if state.consumer_stopped or isinstance(state.late, LateApply) or not same_log(state):
        return False
    return state.relay_stopped or still_there(state)


def _fenced(state: State) -> bool:
    """Whether the one that hung will find that it can't do anything."""
    match state.late:
        case LateFire():
            return True
        case LateApply(offset=offset, turn=turn):
            return offset < state.position or turn < state.turn
        case _:
            return False


def _forget_log(state: State, rules: Rules) -> State:
    """Keep of the log what was not read, without what will change nothing when it is."""
    read, log, unsure = _unread(
        state.log,
        state.position,
        state.read,
        state.unsure,
        state.inbox,
        state.watermark,
        rules,
    )
    return state._replace(read=read, log=log, unsure=unsure, position=0, last=None)


@cache
def _unread(  # noqa: PLR0917 - all that it depends on, so that it is worked out once
    log: tuple[Record, ...],
    position: int,
    read: tuple[int, int],
    unsure: int,
    inbox: tuple[int, ...],
    watermark: int,
    rules: Rules,
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


def _useful(state: State) -> int:
    """The slot up to which the view is complete, if a reminder may still ask for it."""
    waiting = [
        slot
        for slot, found in zip(SLOTS, state.slots, strict=True)
        if found.stage in {Stage.NONE, Stage.TIMER} and slot <= state.watermark
    ]
    return max(waiting, default=0)
