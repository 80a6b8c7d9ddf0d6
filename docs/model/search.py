"""A plain breadth-first search over all runs: the first broken promise is a shortest one."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from docs.model.applying import consumer_steps, fire_steps, operator_steps
from docs.model.forgetting import forget
from docs.model.promise import ALWAYS, AT_THE_END, Holds
from docs.model.sending import late_steps, notifier_steps, under_way
from docs.model.state import END, NO_FAULTS, WHOLE, Fault, Rules, State, Step
from docs.model.writing import broker_steps, clock_steps, commit_steps, relay_steps

Came = dict[State, State | None]
"""Each state that was seen, and the one from which it was first reached."""


@dataclass
class Found:
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
    trace: list[Step] = field(default_factory=list)


def steps_from(state: State, rules: Rules) -> Iterator[Step]:
    """Everything that can happen next, in any order; two orders are fixed.

    What follows a reminder touches nothing but its slot: it comes first. At the last instant
    nothing fails any more, so what is left is finished from the back of the path to its front.
    """
    if under_way(state):
        return notifier_steps(state, rules)
    if state.now == END:
        return _settling(state, rules)
    return chain(
        clock_steps(state),
        commit_steps(state),
        relay_steps(state, rules),
        broker_steps(state),
        consumer_steps(state, rules),
        fire_steps(state, rules),
        late_steps(state, rules),
        operator_steps(state, rules),
    )


def _settling(state: State, rules: Rules) -> Iterator[Step]:
    return iter(
        list(operator_steps(state, rules))
        or [*late_steps(state, rules), *relay_steps(state, rules)]
        or list(consumer_steps(state, rules))
        or list(fire_steps(state, rules))
    )


def explore(rules: Rules = WHOLE, faults: int = 2) -> Found:
    """Visit every state that the protocol with these rules can reach, or stop at a broken one."""
    found = Found()
    start = State(left=frozenset(Fault) if faults else NO_FAULTS, more=faults)
    came: Came = {start: None}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        found.states += 1
        over = True
        for step in steps_from(state, rules):
            found.steps += 1
            if step.fault:
                found.faults[step.fault] += 1
            else:
                over = False
            then = forget(step.then, rules)
            if then in came:
                continue
            came[then] = state
            if step.then.slots != state.slots and (broken := broken_in(step.then, ALWAYS)):
                return _broken(found, broken, rules, came, then)
            waiting.append(then)
        found.ends += over
        if over and (broken := broken_in(state, AT_THE_END)):
            return _broken(found, broken, rules, came, state)
    return found


def broken_in(state: State, promises: dict[str, Holds]) -> str | None:
    """The first sentence that a state breaks; None when all hold."""
    return next((told for told, holds in promises.items() if not holds(state)), None)


def _broken(found: Found, broken: str, rules: Rules, came: Came, state: State) -> Found:
    """Tell the run that leads to a state, from the start and with nothing forgotten."""
    found.broken = broken
    path = [state]
    while before := came[path[-1]]:
        path.append(before)
    real = path[-1]
    for following in path[-2::-1]:
        tried = steps_from(real, rules)
        step = next(step for step in tried if forget(step.then, rules) == following)
        found.trace.append(step)
        real = step.then
    return found
