"""The scheduler: it applies records, fires slots, and an operator resumes what stopped."""

from enum import Enum, auto

from docs.model.state import (
    DONE,
    SLOTS,
    Fault,
    LateApply,
    LateFire,
    ProtocolRule,
    Record,
    RuleSet,
    Slot,
    Stage,
    State,
    Transition,
    Transitions,
    View,
)


def list_consumer_steps(state: State, rules: RuleSet) -> Transitions:
    """Compare the log with the position, then apply the next record in one transaction.

    A crash here is a rollback, which is the state before: it needs no step.
    """
    if state.consumer_stopped:
        return
    if ProtocolRule.IDENTITY in rules and not is_same_log(state):
        sentence = (
            "the consumer finds another log than its position speaks of: it stops and calls the "
            "operator"
        )
        yield Transition(sentence, (), None, state._replace(consumer_stopped=True).call_operator())
        return
    if state.position >= len(state.log):
        return
    record, offset = state.log[state.position], state.position
    yield apply_record(state, rules, offset, record)
    if state.may(Fault.DELAY):
        late = LateApply(offset, record, state.turn)
        then = state._replace(late=late).take(Fault.DELAY)
        sentence = "a consumer reads {} at offset {} and hangs; another takes over"
        yield Transition(sentence, (record, offset), Fault.DELAY, then)


def is_same_log(state: State) -> bool:
    """Whether the record before the position is the one that was applied there."""
    if not state.position:
        return True
    return state.position <= len(state.log) and state.log[state.position - 1] == state.last


def apply_record(state: State, rules: RuleSet, offset: int, record: Record) -> Transition:
    """Apply one record: its effects, the inbox and the position commit together."""
    blanks = (record, offset)
    moved = state._replace(position=offset + 1, last=record)
    if ProtocolRule.NAMED in rules:
        verdict = fit(state, offset, record)
        if verdict is Fit.GAP:
            stopped = state._replace(consumer_stopped=True).call_operator()
            sentence = (
                "the consumer reads {} at offset {} and lacks what came before it: it stops and "
                "calls the operator"
            )
            return Transition(sentence, blanks, None, stopped)
        if verdict is not Fit.OLD:
            moved = moved._replace(read=max(state.read, (record.run, record.row)))
        if verdict is Fit.NEXT:
            moved = moved._replace(read=(record.run, record.row))
        elif record.watermark:
            sentence = "the consumer passes over {} at offset {}, which proves nothing"
            return Transition(sentence, blanks, None, moved)
    if record.watermark:
        then = moved._replace(watermark=max(state.watermark, record.watermark))
        return Transition("the consumer believes {} at offset {}", blanks, None, then)
    if record.row in state.inbox:
        return Transition("the consumer passes over {} at offset {}, a repeat", blanks, None, moved)
    inbox = tuple(sorted((*state.inbox, record.row)))
    slots = tuple(
        _plan_slot(state, inbox, slot, progress)
        for slot, progress in zip(SLOTS, state.slots, strict=True)
    )
    then = moved._replace(inbox=inbox, slots=slots)
    return Transition("the consumer applies {} from offset {}", blanks, None, then)


class Fit(Enum):
    """How a record stands to what was read."""

    NEXT = auto()
    """It follows."""
    OLD = auto()
    """It was read before, or its relay leads no more."""
    UNSURE = auto()
    """It was in the log when the operator resumed: what it says is learned."""
    GAP = auto()
    """What came before it was not read."""


def fit(state: State, offset: int, record: Record) -> Fit:
    """How a record stands to what was read, as `shared.kafka.broker.sequences` judges it."""
    if offset < state.unsure:
        return Fit.UNSURE
    run, row = state.read
    if record.run < run:
        return Fit.OLD
    if record.run > run:
        begins = record.row == (record.first - 1 if record.watermark else record.first)
        whole = begins and record.prior <= run and record.first - 1 <= row
        return Fit.NEXT if whole else Fit.GAP
    following = row if record.watermark else row + 1
    if record.row < following:
        return Fit.OLD
    return Fit.NEXT if record.row == following else Fit.GAP


def _plan_slot(state: State, inbox: tuple[int, ...], slot: int, progress: Slot) -> Slot:
    """What a slot becomes by the facts that are known. "Done" without "assigned" waits."""
    if 1 not in inbox or state.committed[0] >= slot:
        return progress
    if DONE in inbox:
        ended = progress.stage in {Stage.NONE, Stage.TIMER}
        return progress._replace(stage=Stage.ENDED) if ended else progress
    return progress._replace(stage=Stage.TIMER) if progress.stage is Stage.NONE else progress


def list_fire_steps(state: State, rules: RuleSet) -> Transitions:
    """Make the reminder of a slot that is due, once the view of the facts is complete.

    The view is waited for until the clock has gone on; then the reminder is marked.
    """
    for slot, progress in zip(SLOTS, state.slots, strict=True):
        if progress.stage is not Stage.TIMER or state.now < slot:
            continue
        if ProtocolRule.WATERMARK not in rules or state.watermark >= slot:
            view = View.COMPLETE
        elif state.now > slot:
            view = View.INCOMPLETE
        else:
            continue
        then = state.with_slot(slot, Slot(Stage.REMINDER, view))
        yield Transition(
            "the scheduler fires slot {} with a view that is {}", (slot, view.value), None, then
        )
        if state.may(Fault.DELAY):
            then = state._replace(late=LateFire(slot, view)).take(Fault.DELAY)
            sentence = "a scheduler decides to fire slot {} and hangs; another takes over"
            yield Transition(sentence, (slot,), Fault.DELAY, then)


def list_operator_steps(state: State, rules: RuleSet) -> Transitions:
    """The operator does what the alarm asks: all kept rows are sent again.

    A consumer that stopped begins at the start of the log as it is now.
    """
    if not state.alarm:
        return
    then = state._replace(
        sent=0,
        marked=0,
        acknowledged=None,
        announced=0,
        under_way=None,
        relay_stopped=False,
        consumer_stopped=False,
        alarm=False,
    ).begin_run(rules)
    if ProtocolRule.NAMED in rules and state.consumer_stopped:
        then = then._replace(unsure=len(state.log))
    if ProtocolRule.IDENTITY in rules and not is_same_log(state):
        then = then._replace(position=0, last=None, turn=state.turn + 1)
    yield Transition(
        "the operator resumes, and lets the relay send all kept rows again", (), None, then
    )
