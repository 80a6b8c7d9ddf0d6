"""Which action leads from which status to which, and who may take it. Pure.

`TRANSITIONS` is the whole table: what it does not contain is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from shared.schemas.facts import Status
from shared.schemas.life import Action, ObligationStatus
from shared.schemas.rules import ObligationKind


class Party(StrEnum):
    """Party acts: the unit that owes it, or the office. The office may also act for the unit."""

    UNIT = "unit"
    OFFICE = "office"


_S, _A = ObligationStatus, Action
_WORKABLE: Mapping[Action, ObligationStatus] = {
    _A.PROGRESS: _S.IN_PROGRESS,
    _A.SUBMIT: _S.SUBMITTED,
    _A.COMPLETE: _S.DONE,
    _A.WITHDRAW: _S.WITHDRAWN,
}
TRANSITIONS: Mapping[ObligationStatus, Mapping[Action, ObligationStatus]] = {
    _S.ASSIGNED: {
        **_WORKABLE,
        _A.ACCEPT: _S.ACCEPTED,
        _A.EXTEND: _S.ASSIGNED,
        _A.OBJECT: _S.ASSIGNED,
    },
    _S.ACCEPTED: {**_WORKABLE, _A.EXTEND: _S.ACCEPTED, _A.OBJECT: _S.ACCEPTED},
    _S.IN_PROGRESS: {**_WORKABLE, _A.EXTEND: _S.IN_PROGRESS, _A.OBJECT: _S.IN_PROGRESS},
    _S.RETURNED: {**_WORKABLE, _A.EXTEND: _S.RETURNED, _A.OBJECT: _S.RETURNED},
    _S.SUBMITTED: {
        _A.COMPLETE: _S.DONE,
        _A.RETURN: _S.RETURNED,
        _A.REOPEN: _S.IN_PROGRESS,
        _A.WITHDRAW: _S.WITHDRAWN,
    },
    _S.DONE: {_A.RETURN: _S.RETURNED, _A.REOPEN: _S.IN_PROGRESS},
    _S.WITHDRAWN: {_A.REOPEN: _S.ASSIGNED},
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides about the actions on an obligation.

    Attributes:
        is_dated: it has a date that can be moved.
        is_past: its date has passed; a later one is asked for before.
        is_dropped: it is done, and a revision of the plan no longer asks for it.
        asked: an extension is asked for and not decided yet.
        objected: an objection is not decided yet.
        follows: another unit leads this joint duty, and reports for it.
    """

    status: ObligationStatus
    kind: ObligationKind
    is_dated: bool = True
    is_past: bool = False
    is_dropped: bool = False
    asked: bool = False
    objected: bool = False
    follows: bool = False


def find_next_status(
    situation: Situation, action: Action, who: Party, *, review: bool = True
) -> ObligationStatus | None:
    """The status after an action; None when it is refused.

    Without `review` what a unit submits is done at once.
    """
    status = TRANSITIONS[situation.status].get(action)
    if status is None or not _may_take(situation, action, who, review=review):
        return None
    if status is _S.SUBMITTED and not review:
        return _S.DONE
    return status


def _may_take(situation: Situation, action: Action, who: Party, *, review: bool) -> bool:
    """Whether the table's transition is open to an actor in a situation."""
    status, is_office = situation.status, who is Party.OFFICE
    is_hearing = situation.kind is ObligationKind.HEARING
    match action:
        case Action.ACCEPT | Action.PROGRESS:
            may = True
        case Action.SUBMIT:
            may = not is_hearing and (is_office or not situation.follows)
        case Action.COMPLETE | Action.RETURN:
            may = is_office and not is_hearing
        case Action.REOPEN:
            is_report = status is _S.SUBMITTED or (status is _S.DONE and not review)
            is_own_report = is_report and not situation.follows
            is_by_record = status is _S.DONE and is_hearing
            may = (is_office or is_own_report) and not is_by_record
        case Action.EXTEND:
            may_ask = not situation.follows and not situation.is_past
            may = situation.is_dated and not situation.asked and (is_office or may_ask)
        case Action.OBJECT:
            may = not situation.objected
        case Action.WITHDRAW:
            may = is_office
        case _:
            assert_never(action)
    return may and not situation.is_dropped


def list_allowed(situation: Situation, who: Party, *, review: bool = True) -> tuple[Action, ...]:
    """The actions that are possible now, in the order of a life (`Action`)."""
    return tuple(
        action
        for action in Action
        if find_next_status(situation, action, who, review=review) is not None
    )


def to_wire(status: ObligationStatus) -> Status:
    """The status that events carry: one of the three that every reader knows."""
    match status:
        case ObligationStatus.ASSIGNED | ObligationStatus.ACCEPTED:
            return Status.OPEN
        case (
            ObligationStatus.IN_PROGRESS
            | ObligationStatus.SUBMITTED
            | ObligationStatus.RETURNED
            | ObligationStatus.WITHDRAWN
        ):
            return Status.IN_PROGRESS
        case ObligationStatus.DONE:
            return Status.DONE
        case _:
            assert_never(status)


NOT_OWED = frozenset({ObligationStatus.DONE, ObligationStatus.WITHDRAWN})
"""Statuses in which reminders always stop."""


def is_reminded(status: ObligationStatus, quiet: frozenset[ObligationStatus]) -> bool:
    """Whether reminders are sent in a status; `quiet` are the office's own that stop them."""
    return status not in NOT_OWED and status not in quiet


def choose_action(
    situation: Situation, reported: Status, who: Party, *, has_note: bool
) -> Action | None:
    """The action that a report of one of the three old statuses means; None changes nothing."""
    status = situation.status
    is_closed = status in {_S.SUBMITTED, _S.DONE}
    match reported:
        case Status.DONE:
            repeats = status is _S.DONE or (status is _S.SUBMITTED and who is Party.UNIT)
            if repeats and situation.kind is ObligationKind.DEADLINE:
                return None
            return Action.COMPLETE if who is Party.OFFICE else Action.SUBMIT
        case Status.OPEN | Status.IN_PROGRESS if is_closed:
            return Action.REOPEN
        case Status.OPEN if status is not _S.WITHDRAWN and not has_note:
            return None
        case Status.IN_PROGRESS if status is _S.IN_PROGRESS and not has_note:
            return None
        case Status.OPEN | Status.IN_PROGRESS:
            return Action.PROGRESS
        case _:
            assert_never(reported)


@dataclass(frozen=True, slots=True)
class Stamps:
    """When and by whom an obligation was submitted, and when and by whom it was fulfilled."""

    submitted_at: datetime | None = None
    submitted_by: str | None = None
    done_at: datetime | None = None
    done_by: str | None = None


def stamp(before: Stamps, status: ObligationStatus, actor: str, now: datetime) -> Stamps:
    """The stamps after a change to `status`.

    What a unit submitted and the office confirmed was fulfilled when it was submitted, and by whom
    submitted it.
    """
    match status:
        case ObligationStatus.SUBMITTED:
            return Stamps(now, actor)
        case ObligationStatus.DONE:
            submitted_at, submitted_by = before.submitted_at, before.submitted_by
            return Stamps(submitted_at, submitted_by, submitted_at or now, submitted_by or actor)
        case _:
            return Stamps()
