"""The promise, sentence by sentence, as the model checks it."""

from collections.abc import Callable

from docs.model.state import SLOTS, Slot, Stage, State, View

Holds = Callable[[State], bool]


def _each(state: State) -> list[tuple[int, Slot]]:
    return list(zip(SLOTS, state.slots, strict=True))


def _made(found: Slot) -> bool:
    return found.stage not in {Stage.NONE, Stage.TIMER, Stage.ENDED} or found.calls > 0


def _done_before(state: State, slot: int) -> bool:
    return len(state.committed) > 1 and state.committed[1] < slot


def not_twice(state: State) -> bool:
    """Each call of the gateway after the first repeats an attempt that is on record as unknown."""
    return all(found.calls <= 1 + found.unknown for found in state.slots)


def not_done_before(state: State) -> bool:
    """No reminder with a complete view is about what was committed as done before its slot."""
    return not any(
        _made(found) and found.view is View.COMPLETE and _done_before(state, slot)
        for slot, found in _each(state)
    )


def not_crossed(state: State) -> bool:
    """No reminder was made after "done" was applied."""
    return not any(_made(found) and found.view is View.CROSSED for found in state.slots)


def not_lost(state: State) -> bool:
    """What was due by the facts before the slot was sent, or has ended with a reason."""
    return all(
        found.stage in {Stage.SENT, Stage.ENDED}
        for slot, found in _each(state)
        if state.committed and state.committed[0] < slot and not _done_before(state, slot)
    )


def not_swallowed(state: State) -> bool:
    """Every fact that was committed was applied."""
    return len(state.inbox) == len(state.committed)


def not_silent(state: State) -> bool:
    """A fact that did not arrive, or a process that stopped, has called the operator."""
    standing = state.consumer_stopped or state.relay_stopped
    return state.alarmed or (not_swallowed(state) and not standing)


ALWAYS: dict[str, Holds] = {
    "Nothing is sent twice, except an attempt with unknown outcome, under the same id.": not_twice,
    "What was done before the slot is not reminded of, unless the reminder is marked as made "
    "without a complete view.": not_done_before,
    'A reminder and "done" do not cross.': not_crossed,
}
"""Holds at every moment."""

AT_THE_END: dict[str, Holds] = {
    "No stop is silent.": not_silent,
    "No fact is swallowed.": not_swallowed,
    "Nothing due is lost: each slot that was due was sent, or has a reason.": not_lost,
}
"""Holds when nothing more can happen without a new fault, and the operator did what was asked."""
