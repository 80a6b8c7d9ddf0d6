"""The promise, sentence by sentence, as the model checks it."""

from collections.abc import Callable

from docs.model.state import SLOTS, Slot, Stage, State, View

Holds = Callable[[State], bool]


def _list_slots(state: State) -> list[tuple[int, Slot]]:
    return list(zip(SLOTS, state.slots, strict=True))


def _was_made(progress: Slot) -> bool:
    return progress.stage not in {Stage.NONE, Stage.TIMER, Stage.ENDED} or progress.calls > 0


def _was_done_before(state: State, slot: int) -> bool:
    return len(state.committed) > 1 and state.committed[1] < slot


def is_unique(state: State) -> bool:
    """Each call of the gateway after the first repeats an attempt that is on record as unknown."""
    return all(progress.calls <= 1 + progress.unknown for progress in state.slots)


def is_silent_once_done(state: State) -> bool:
    """No reminder with a complete view is about what was committed as done before its slot."""
    return not any(
        _was_made(progress) and progress.view is View.COMPLETE and _was_done_before(state, slot)
        for slot, progress in _list_slots(state)
    )


def is_not_crossed(state: State) -> bool:
    """No reminder was made after "done" was applied."""
    return not any(
        _was_made(progress) and progress.view is View.CROSSED for progress in state.slots
    )


def is_nothing_lost(state: State) -> bool:
    """What was due by the facts before the slot was sent, or has ended with a reason."""
    return all(
        progress.stage in {Stage.SENT, Stage.ENDED}
        for slot, progress in _list_slots(state)
        if state.committed and state.committed[0] < slot and not _was_done_before(state, slot)
    )


def is_every_fact_applied(state: State) -> bool:
    """Every fact that was committed was applied."""
    return len(state.inbox) == len(state.committed)


def is_every_stop_reported(state: State) -> bool:
    """A fact that did not arrive, or a process that stopped, has called the operator."""
    standing = state.consumer_stopped or state.relay_stopped
    return state.alarmed or (is_every_fact_applied(state) and not standing)


ALWAYS: dict[str, Holds] = {
    "Nothing is sent twice, except an attempt with unknown outcome, under the same id.": is_unique,
    "What was done before the slot is not reminded of, unless the reminder is marked as made "
    "without a complete view.": is_silent_once_done,
    'A reminder and "done" do not cross.': is_not_crossed,
}
"""Holds at every moment."""

AT_THE_END: dict[str, Holds] = {
    "No stop is silent.": is_every_stop_reported,
    "No fact is swallowed.": is_every_fact_applied,
    "Nothing due is lost: each slot that was due was sent, or has a reason.": is_nothing_lost,
}
"""Holds when nothing more can happen without a new fault, and the operator did what was asked."""
