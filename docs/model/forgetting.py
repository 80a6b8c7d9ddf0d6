"""What can't matter any more is forgotten, so that states which only differ in it are one.

That is sound because no later step and no promise looks at it. It makes the search ten times
smaller, and a trace stays a real run: each step was taken from a state that stands for it.
"""

from docs.model.applying import same_log
from docs.model.state import (
    END,
    NO_FAULTS,
    SLOTS,
    Fault,
    LateApply,
    LateCall,
    LateFire,
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
    state = _forget_slots(state)
    if Fault.LOST_TAIL in state.left or not _safe(state):
        return state
    return state._replace(
        log=_news(state),
        watermark=_useful(state),
        position=0,
        last=None,
        acknowledged=None,
    )


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


def _news(state: State) -> tuple[Record, ...]:
    """What of the log the consumer has not read, without what will change nothing when it is."""
    news, inbox, watermark = [], set(state.inbox), state.watermark
    for record in state.log[state.position :]:
        before = record.row if record.watermark else record.row - 1
        if before and before not in inbox:
            news.append(
                Record(min(record.watermark, SLOTS[-1]), record.row)
            )  # it calls the operator
        elif min(record.watermark, SLOTS[-1]) > watermark:
            watermark = min(record.watermark, SLOTS[-1])
            news.append(Record(watermark, record.row))
        elif not record.watermark and record.row not in inbox:
            news.append(record)
            inbox.add(record.row)
    return tuple(news)


def _useful(state: State) -> int:
    """The slot up to which the view is complete, if a reminder may still ask for it."""
    waiting = [
        slot
        for slot, found in zip(SLOTS, state.slots, strict=True)
        if found.stage in {Stage.NONE, Stage.TIMER} and slot <= state.watermark
    ]
    return max(waiting, default=0)
