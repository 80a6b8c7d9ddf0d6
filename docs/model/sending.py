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
    ProtocolRule,
    RuleSet,
    Slot,
    Stage,
    State,
    Transition,
    Transitions,
    View,
)

UNDER_WAY = frozenset({Stage.REMINDER, Stage.ATTEMPT, Stage.CALLED, Stage.UNKNOWN})


def list_notifier_steps(state: State, rules: RuleSet) -> Transitions:
    """Offer reminders: the attempt is committed before the gateway is called."""
    for slot, progress in zip(SLOTS, state.slots, strict=True):
        match progress.stage:
            case Stage.REMINDER:
                if ProtocolRule.WRITE_FIRST in rules:
                    yield _write(state, slot, progress)
                else:
                    yield from _call(state, rules, slot, progress)
            case Stage.UNKNOWN:
                yield _write(state, slot, progress)
            case Stage.ATTEMPT:
                yield from _call(state, rules, slot, progress)
            case Stage.CALLED:
                sent = state.with_slot(slot, progress._replace(stage=Stage.SENT))
                yield Transition("the notifier commits that slot {} was sent", (slot,), None, sent)
                if state.may(Fault.CRASH):
                    then = _abandon(state, rules, slot, progress)
                    sentence = "the notifier dies after the call for slot {}, before its outcome"
                    then = then.take(Fault.CRASH)
                    yield Transition(sentence, (slot,), Fault.CRASH, then)
            case _:
                pass


def is_under_way(state: State) -> bool:
    """Whether an attempt is on record that has not ended."""
    return any(progress.stage in UNDER_WAY for progress in state.slots)


def _write(state: State, slot: int, progress: Slot) -> Transition:
    then = state.with_slot(slot, progress._replace(stage=Stage.ATTEMPT))
    return Transition("the notifier commits an attempt for slot {}", (slot,), None, then)


def _call(state: State, rules: RuleSet, slot: int, progress: Slot) -> Transitions:
    called = progress._replace(stage=Stage.CALLED, calls=progress.calls + 1)
    then = state.with_slot(slot, called)
    yield Transition("the gateway takes the message of slot {}", (slot,), None, then)
    if state.may(Fault.CRASH):
        then = _abandon(state, rules, slot, progress).take(Fault.CRASH)
        yield Transition(
            "the notifier dies before the call for slot {}", (slot,), Fault.CRASH, then
        )
    if state.may(Fault.DELAY):
        then = _abandon(state, rules, slot, progress)
        then = then._replace(late=LateCall(slot)).take(Fault.DELAY)
        sentence = "a notifier hangs before the call for slot {}; its lease ends"
        yield Transition(sentence, (slot,), Fault.DELAY, then)


def _abandon(state: State, rules: RuleSet, slot: int, progress: Slot) -> State:
    """The lease is over. An attempt on record has an unknown outcome; without one, nothing."""
    if ProtocolRule.WRITE_FIRST in rules:
        return state.with_slot(
            slot, progress._replace(stage=Stage.UNKNOWN, unknown=progress.unknown + 1)
        )
    return state.with_slot(slot, progress._replace(stage=Stage.REMINDER))


def list_late_steps(state: State, rules: RuleSet) -> Transitions:
    """A process that hung goes on from where it was, believing what it knew then."""
    if state.late is None:
        return
    back = state._replace(late=None)
    match state.late:
        case LateSend(record):
            then = back._replace(log=(*state.log, record))
            sentence = "the relay that hung comes back and sends {} to offset {}"
            yield Transition(sentence, (record, len(state.log)), None, then)
        case LateApply(offset, record, turn):
            fenced = offset != state.position or turn != state.turn or state.consumer_stopped
            if ProtocolRule.FENCE in rules and fenced:
                sentence = "the consumer that hung comes back and finds that the position moved"
                yield Transition(sentence, (), None, back)
            else:
                step = apply_record(back, rules, offset, record)
                yield step._replace(sentence="one that hung comes back: " + step.sentence)
        case LateFire(slot, view):
            yield _fire_late(back, rules, slot, view)
        case LateCall(slot):
            progress = state.slots[SLOTS.index(slot)]
            then = back.with_slot(slot, progress._replace(calls=progress.calls + 1))
            sentence = "the notifier that hung comes back: the gateway takes slot {} under its id"
            yield Transition(sentence, (slot,), None, then)


def _fire_late(back: State, rules: RuleSet, slot: int, view: View) -> Transition:
    """The unit's lock went with the session, so the transaction can't commit. Without: it does."""
    progress = back.slots[SLOTS.index(slot)]
    if ProtocolRule.FENCE in rules or progress.stage not in {Stage.TIMER, Stage.ENDED}:
        return Transition(
            "the scheduler that hung comes back and has lost its lock", (), None, back
        )
    crossed = View.CROSSED if DONE in back.inbox else view
    then = back.with_slot(slot, Slot(Stage.REMINDER, crossed))
    sentence = "the scheduler that hung comes back and fires slot {} by what it read"
    return Transition(sentence, (slot,), None, then)
