"""The notifier: attempt, gateway, outcome; and every process that hung and comes back."""

from docs.model.applying import apply_record
from docs.model.state import (
    DONE,
    SLOTS,
    Fault,
    LateApply,
    LateCall,
    LateFire,
    LateSend,
    Rule,
    Rules,
    Slot,
    Stage,
    State,
    Step,
    Steps,
    View,
)

UNDER_WAY = frozenset({Stage.REMINDER, Stage.ATTEMPT, Stage.CALLED, Stage.UNKNOWN})


def notifier_steps(state: State, rules: Rules) -> Steps:
    """Offer reminders: the attempt is committed before the gateway is called."""
    for slot, found in zip(SLOTS, state.slots, strict=True):
        match found.stage:
            case Stage.REMINDER:
                if Rule.WRITE_FIRST in rules:
                    yield _write(state, slot, found)
                else:
                    yield from _call(state, rules, slot, found)
            case Stage.UNKNOWN:
                yield _write(state, slot, found)
            case Stage.ATTEMPT:
                yield from _call(state, rules, slot, found)
            case Stage.CALLED:
                sent = state.with_slot(slot, found._replace(stage=Stage.SENT))
                yield Step("the notifier commits that slot {} was sent", (slot,), None, sent)
                if state.may(Fault.CRASH):
                    then = _abandoned(state, rules, slot, found)
                    sentence = "the notifier dies after the call for slot {}, before its outcome"
                    then = then.take(Fault.CRASH)
                    yield Step(sentence, (slot,), Fault.CRASH, then)
            case _:
                pass


def under_way(state: State) -> bool:
    """Whether an attempt is on record that has not ended."""
    return any(found.stage in UNDER_WAY for found in state.slots)


def _write(state: State, slot: int, found: Slot) -> Step:
    then = state.with_slot(slot, found._replace(stage=Stage.ATTEMPT))
    return Step("the notifier commits an attempt for slot {}", (slot,), None, then)


def _call(state: State, rules: Rules, slot: int, found: Slot) -> Steps:
    called = found._replace(stage=Stage.CALLED, calls=found.calls + 1)
    then = state.with_slot(slot, called)
    yield Step("the gateway takes the message of slot {}", (slot,), None, then)
    if state.may(Fault.CRASH):
        then = _abandoned(state, rules, slot, found).take(Fault.CRASH)
        yield Step("the notifier dies before the call for slot {}", (slot,), Fault.CRASH, then)
    if state.may(Fault.DELAY):
        then = _abandoned(state, rules, slot, found)
        then = then._replace(late=LateCall(slot)).take(Fault.DELAY)
        sentence = "a notifier hangs before the call for slot {}; its lease ends"
        yield Step(sentence, (slot,), Fault.DELAY, then)


def _abandoned(state: State, rules: Rules, slot: int, found: Slot) -> State:
    """The lease is over. An attempt on record has an unknown outcome; without one, nothing."""
    if Rule.WRITE_FIRST in rules:
        return state.with_slot(slot, found._replace(stage=Stage.UNKNOWN, unknown=found.unknown + 1))
    return state.with_slot(slot, found._replace(stage=Stage.REMINDER))


def late_steps(state: State, rules: Rules) -> Steps:
    """A process that hung goes on from where it was, believing what it knew then."""
    back = state._replace(late=None)
    match state.late:
        case LateSend(record):
            then = back._replace(log=(*state.log, record))
            sentence = "the relay that hung comes back and sends {} to offset {}"
            yield Step(sentence, (record, len(state.log)), None, then)
        case LateApply(offset, record, turn):
            fenced = offset != state.position or turn != state.turn or state.consumer_stopped
            if Rule.FENCE in rules and fenced:
                sentence = "the consumer that hung comes back and finds that the position moved"
                yield Step(sentence, (), None, back)
            else:
                step = apply_record(back, rules, offset, record)
                yield step._replace(sentence="one that hung comes back: " + step.sentence)
        case LateFire(slot, view):
            yield _fire_late(back, rules, slot, view)
        case LateCall(slot):
            found = state.slots[SLOTS.index(slot)]
            then = back.with_slot(slot, found._replace(calls=found.calls + 1))
            sentence = "the notifier that hung comes back: the gateway takes slot {} under its id"
            yield Step(sentence, (slot,), None, then)
        case None:
            pass


def _fire_late(back: State, rules: Rules, slot: int, view: View) -> Step:
    """The unit's lock went with the session, so the transaction can't commit. Without: it does."""
    found = back.slots[SLOTS.index(slot)]
    if Rule.FENCE in rules or found.stage not in {Stage.TIMER, Stage.ENDED}:
        return Step("the scheduler that hung comes back and has lost its lock", (), None, back)
    crossed = View.CROSSED if DONE in back.inbox else view
    then = back.with_slot(slot, Slot(Stage.REMINDER, crossed))
    sentence = "the scheduler that hung comes back and fires slot {} by what it read"
    return Step(sentence, (slot,), None, then)
