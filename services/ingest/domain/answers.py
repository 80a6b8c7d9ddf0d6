"""Which answer can be taken back: the last one, by who gave it, on the same day. Pure.

The journal's entries of an obligation decide it, so that what was decided since is seen.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from services.ingest.domain.timeline import NotedChange
from services.ingest.domain.transitions import Party, Situation
from shared.schemas.life import ObligationStatus

TAKEN_BACK = "obligation.taken-back"
"""The journal's name of an answer taken back that had changed the status alone."""
ANSWERS = frozenset(
    {
        "obligation.accepted",
        "obligation.progressed",
        "obligation.submitted",
        "extension.asked",
        "objection.raised",
        "hearing.recorded",
    }
)
_UNDOES = {
    "extension.withdrawn": "extension.asked",
    "objection.withdrawn": "objection.raised",
    "hearing.taken-back": "hearing.recorded",
}
_ASIDE = frozenset({"obligation.noted", "evidence.added", "evidence.removed"})
"""What neither answers nor decides."""


class Obstacle(StrEnum):
    """Why the last step can't be taken back."""

    NO_STEP = "no-step"
    """Nothing was answered, or all of it was taken back."""
    NO_ANSWER = "no-answer"
    """The last step is none of `ANSWERS`."""
    OTHER_PARTY = "other-party"
    """The other party took it: the office decided, or the unit answered."""
    LEADING = "leading"
    """The leading unit reported for this one."""
    EARLIER_DAY = "earlier-day"
    OVERTAKEN = "overtaken"
    """What it led to no longer holds, such as after a revision of the plan."""


def find_last_step(changes: Iterable[NotedChange]) -> NotedChange | None:
    """The last change of an obligation that was not undone; `changes` begin with the newest."""
    undone: Counter[tuple[str, object]] = Counter()
    for change in changes:
        action, hearing = change.action, change.after.get("hearing_id")
        if action in _ASIDE:
            continue
        if action == TAKEN_BACK:
            undone[change.after["answer"], None] += 1
        elif action in _UNDOES:
            undone[_UNDOES[action], hearing] += 1
        elif undone[action, hearing]:
            undone[action, hearing] -= 1
        else:
            return change
    return None


def find_obstacle(
    step: NotedChange | None, situation: Situation, who: Party, day_began: datetime
) -> Obstacle | None:
    """Why `who` can't take back the last step; None where that is possible.

    Args:
        step: as `find_last_step` finds it.
        situation: of the obligation now.
        who: acts.
        day_began: when the office's present day began.
    """
    if step is None:
        return Obstacle.NO_STEP
    if step.after.get("party") != who:
        return Obstacle.OTHER_PARTY
    if step.action not in ANSWERS:
        return Obstacle.NO_ANSWER
    if "leading" in step.after:
        return Obstacle.LEADING
    if step.at < day_began:
        return Obstacle.EARLIER_DAY
    return None if _is_in_force(step, situation) else Obstacle.OVERTAKEN


def _is_in_force(step: NotedChange, situation: Situation) -> bool:
    """Whether what a step led to still is so."""
    if situation.is_dropped or situation.status is ObligationStatus.WITHDRAWN:
        return False
    match step.action:
        case "extension.asked":
            return situation.asked
        case "objection.raised":
            return situation.objected
        case _:
            return bool(step.after["status"] == situation.status)
