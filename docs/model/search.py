"""A plain breadth-first search over all runs: the first broken promise is a shortest one."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from docs.model.applying import list_consumer_steps, list_fire_steps, list_operator_steps
from docs.model.forgetting import forget
from docs.model.promise import ALWAYS, AT_THE_END, Holds
from docs.model.sending import is_under_way, list_late_steps, list_notifier_steps
from docs.model.state import END, NO_FAULTS, WHOLE, Fault, RuleSet, State, Transition
from docs.model.writing import (
    list_broker_steps,
    list_clock_steps,
    list_commit_steps,
    list_relay_steps,
)

Came = dict[State, State | None]
"""Each state that was seen, and the one from which it was first reached."""


@dataclass
class Exploration:
    """What a search found.

    Attributes:
        states: how many different states were seen.
        steps: how many steps were tried from them.
        ends: how many of the states were the end of a run.
        faults: how often each fault was taken.
        broken: the sentence that does not hold; None when all hold.
        trace: the steps that lead there.
    """

    states: int = 0
    steps: int = 0
    ends: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    broken: str | None = None
    trace: list[Transition] = field(default_factory=list)


def list_steps(state: State, rules: RuleSet) -> Iterator[Transition]:
    """Everything that can happen next, in any order; two orders are fixed.

    What follows a reminder touches nothing but its slot: it comes first. At the last instant
    nothing fails any more, so what is left is finished from the back of the path to its front.
    """
    if is_under_way(state):
        return list_notifier_steps(state, rules)
    if state.now == END:
        return _list_settling_steps(state, rules)
    return chain(
        list_clock_steps(state),
        list_commit_steps(state),
        list_relay_steps(state, rules),
        list_broker_steps(state),
        list_consumer_steps(state, rules),
        list_fire_steps(state, rules),
        list_late_steps(state, rules),
        list_operator_steps(state, rules),
    )


def _list_settling_steps(state: State, rules: RuleSet) -> Iterator[Transition]:
    return iter(
        list(list_operator_steps(state, rules))
        or [*list_late_steps(state, rules), *list_relay_steps(state, rules)]
        or list(list_consumer_steps(state, rules))
        or list(list_fire_steps(state, rules))
    )


def explore(rules: RuleSet = WHOLE, faults: int = 2) -> Exploration:
    """Visit every state that the protocol with these rules can reach, or stop at a broken one."""
    exploration = Exploration()
    start = State(left=frozenset(Fault) if faults else NO_FAULTS, more=faults)
    came: Came = {start: None}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        exploration.states += 1
        is_end = True
        for step in list_steps(state, rules):
            exploration.steps += 1
            if step.fault:
                exploration.faults[step.fault] += 1
            else:
                is_end = False
            then = forget(step.then, rules)
            if then in came:
                continue
            came[then] = state
            if step.then.slots != state.slots and (broken := find_broken(step.then, ALWAYS)):
                return _trace_broken(exploration, broken, rules, came, then)
            waiting.append(then)
        exploration.ends += is_end
        if is_end and (broken := find_broken(state, AT_THE_END)):
            return _trace_broken(exploration, broken, rules, came, state)
    return exploration


def find_broken(state: State, promises: dict[str, Holds]) -> str | None:
    """The first sentence that a state breaks; None when all hold."""
    return next((sentence for sentence, holds in promises.items() if not holds(state)), None)


def _trace_broken(
    exploration: Exploration, broken: str, rules: RuleSet, came: Came, state: State
) -> Exploration:
    """Tell the run that leads to a state, from the start and with nothing forgotten."""
    exploration.broken = broken
    path = [state]
    while before := came[path[-1]]:
        path.append(before)
    real = path[-1]
    for following in path[-2::-1]:
        tried = list_steps(real, rules)
        step = next(step for step in tried if forget(step.then, rules) == following)
        exploration.trace.append(step)
        real = step.then
    return exploration
