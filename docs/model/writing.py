"""The first half of the path: the clock, ingest's commit, the relay, and the broker's log."""

from docs.model.state import (
    END,
    FACTS,
    SLOTS,
    Acknowledged,
    Fault,
    LateSend,
    Pass,
    ProtocolRule,
    Record,
    RuleSet,
    State,
    Transition,
    Transitions,
)


def list_clock_steps(state: State) -> Transitions:
    """Time goes on, whatever is unfinished."""
    if state.now < END:
        yield Transition(
            "the clock goes to {}", (state.now + 1,), None, state._replace(now=state.now + 1)
        )


def list_commit_steps(state: State) -> Transitions:
    """Ingest commits the next fact and its outbox row in one transaction."""
    known = len(state.committed)
    if known < len(FACTS) and state.now < SLOTS[-1]:
        then = state._replace(committed=(*state.committed, state.now))
        blanks = (FACTS[known], known + 1, state.now)
        yield Transition('ingest commits "{}" with outbox row {} at {}', blanks, None, then)


def list_relay_steps(state: State, rules: RuleSet) -> Transitions:
    """Send rows in order; then the watermark, whose instant was read before the rows were."""
    if state.relay_stopped:
        return
    if state.sent < len(state.committed):
        record = state.record(0, state.sent + 1, rules)
        marked = state._replace(sent=state.sent + 1, marked=state.run)
        yield from _send(state, rules, record, marked)
    if ProtocolRule.WATERMARK not in rules:
        return
    if state.under_way is None:
        if state.now > state.announced:
            begun = Pass(state.now, len(state.committed))
            sentence = "the relay reads the clock, {}, and then finds {} rows in the outbox"
            yield Transition(sentence, begun, None, state._replace(under_way=begun))
    elif state.sent >= state.under_way.rows:
        record = state.record(state.under_way.instant, state.sent, rules)
        done = state._replace(announced=record.watermark, under_way=None)
        yield from _send(state, rules, record, done)


def _send(state: State, rules: RuleSet, record: Record, marked: State) -> Transitions:
    """Send a record. `marked` is the state with what the relay writes down afterwards."""
    offset, log = len(state.log), (*state.log, record)
    blanks = (record, offset)
    yield _acknowledge(state, rules, marked._replace(log=log), Acknowledged(offset, record))
    gone = state._replace(under_way=None).begin_run(rules)
    if state.may(Fault.CRASH):
        then = gone._replace(log=log).take(Fault.CRASH)
        sentence = "the relay sends {} to offset {} and dies before it writes that down"
        yield Transition(sentence, blanks, Fault.CRASH, then)
    if state.may(Fault.REPEAT):
        twice = marked._replace(log=(*log, record)).take(Fault.REPEAT)
        step = _acknowledge(state, rules, twice, Acknowledged(offset + 1, record))
        yield step._replace(
            sentence="a retry writes it twice: " + step.sentence, fault=Fault.REPEAT
        )
    if state.may(Fault.DELAY):
        then = gone._replace(late=LateSend(record)).take(Fault.DELAY)
        sentence = "the relay hangs before it sends {}; another takes over"
        yield Transition(sentence, (record,), Fault.DELAY, then)


def _acknowledge(state: State, rules: RuleSet, marked: State, ack: Acknowledged) -> Transition:
    """Compare the acknowledged offset with the last one; write it down, or stop."""
    blanks = (ack.record, ack.offset)
    last = state.acknowledged
    if ProtocolRule.IDENTITY in rules and last is not None and ack.offset <= last.offset:
        stopped = state._replace(
            log=marked.log, left=marked.left, more=marked.more, relay_stopped=True, under_way=None
        ).call_operator()
        sentence = (
            "the relay sends {} and gets offset {}, which is not above the last one: it stops and "
            "calls the operator"
        )
        return Transition(sentence, blanks, None, stopped)
    then = marked._replace(acknowledged=ack)
    return Transition("the relay sends {} to offset {} and writes that down", blanks, None, then)


def is_still_there(state: State) -> bool:
    """Whether the last record that was acknowledged stands in the log."""
    last = state.acknowledged
    return last is None or (last.offset < len(state.log) and state.log[last.offset] == last.record)


def list_broker_steps(state: State) -> Transitions:
    """The broker loses the end of the log, or all of it (the topic is made anew)."""
    if not state.may(Fault.LOST_TAIL):
        return
    for kept in range(len(state.log)):
        then = state._replace(log=state.log[:kept]).take(Fault.LOST_TAIL)
        sentence = (
            "the broker loses all from offset {} on" if kept else "the topic is made anew, empty"
        )
        yield Transition(sentence, (kept,) if kept else (), Fault.LOST_TAIL, then)
