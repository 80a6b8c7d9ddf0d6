"""An obligation as the scheduler knows it, and what each event changes about it. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from shared.planning.timers import get_later
from shared.rules.occurrences import Dates
from shared.schemas.events import (
    ExtensionGranted,
    HearingRecorded,
    ObligationsAmended,
    ObligationsAssigned,
    ObligationsWithdrawn,
    StatusReported,
)
from shared.schemas.facts import ObligationFacts, ObligationProgress, Status
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import ObligationKind
from shared.schemas.topics import TaskEvent


class Standing(StrEnum):
    """The status of an obligation. Reminders may be sent for the first two."""

    OPEN = "open"
    IN_PROGRESS = "in-progress"
    DONE = "done"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """The fields of an obligation that planning needs.

    Attributes:
        number: of the newest applied change.
        reminded: False while reminders pause though it is not done.
        planned_from: only slots after this instant are planned.
        fired_until: the newest slot that fired; only slots after it are planned.
        progress: how far it is, as rules ask; None where its standing says all that is known.
    """

    obligation_id: UUID
    office_id: UUID
    unit_id: UUID
    measure_id: UUID
    kind: ObligationKind
    due_on: date | None
    known_on: date
    lead: bool
    number: int
    planned_from: datetime = field(compare=False)
    standing: Standing = Standing.OPEN
    reminded: bool = True
    fired_until: datetime | None = field(default=None, compare=False)
    progress: ObligationProgress | None = None

    @property
    def planned_after(self) -> datetime:
        """Only slots after this instant may be planned."""
        return get_later(self.planned_from, self.fired_until)

    @property
    def owed(self) -> bool:
        """Whether reminders are still sent for it."""
        return self.reminded and self.standing in {Standing.OPEN, Standing.IN_PROGRESS}

    @property
    def dates(self) -> Dates:
        """The dates that its occurrences depend on."""
        return Dates(self.kind, self.due_on, self.known_on)


def derive_status(standing: Standing, *, reminded: bool) -> ObligationStatus:
    """The status in the ledger of what nobody told more of than its standing.

    That is so of what was only assigned, and of the facts of older releases, which do not tell 签收
    from 交办, nor 退回 from 在办.
    """
    match standing:
        case Standing.OPEN:
            return ObligationStatus.ASSIGNED
        case Standing.IN_PROGRESS:
            return ObligationStatus.IN_PROGRESS if reminded else ObligationStatus.SUBMITTED
        case Standing.DONE:
            return ObligationStatus.DONE
        case Standing.WITHDRAWN:
            return ObligationStatus.WITHDRAWN


class Ignored(StrEnum):
    """Why an event changes nothing."""

    OLDER = "older-than-known"
    UNKNOWN = "obligation-unknown"
    WITHDRAWN = "obligation-withdrawn"
    NO_CHANGE = "no-change"


@dataclass(frozen=True, slots=True)
class ObligationChange:
    """What an event changes about one obligation.

    Attributes:
        obligation: its new state; None when the event is ignored.
        replan: whether its timers are replaced: replanned if it is still owed, else deleted.
        withdraw: why its pending reminders are withdrawn; empty when they are not.
        ignored: why nothing changes; None when something does.
    """

    obligation_id: UUID
    obligation: Obligation | None = None
    replan: bool = False
    withdraw: str = ""
    ignored: Ignored | None = None


def decide_changes(
    known: Callable[[UUID], Obligation | None], event: TaskEvent, planned_from: datetime
) -> Iterator[ObligationChange]:
    """What `event` changes about each obligation that it names, in order.

    An event with a lower number than the newest known one is ignored. One with the same number is
    applied, and has no effect if it is a repeat. New timers are planned after `planned_from`.

    Args:
        known: gives the current state of an obligation; None when it is unknown.
        event: the event.
        planned_from: the instant after which new timers are planned.
    """
    match event:
        case ObligationsAssigned() | ObligationsAmended():
            for facts in event.obligations:
                yield _apply_facts(known(facts.obligation_id), facts, event, planned_from)
        case ObligationsWithdrawn():
            for obligation_id in event.obligation_ids:
                yield _withdraw(known(obligation_id), obligation_id, event.reason)
        case StatusReported():
            standing = _STANDING[event.status]
            yield _apply_status(known(event.obligation_id), event, standing, planned_from)
        case HearingRecorded():
            yield _apply_status(known(event.obligation_id), event, Standing.DONE, planned_from)
        case ExtensionGranted():
            yield _extend(known(event.obligation_id), event, planned_from)
        case _:
            assert_never(event)


_STANDING = {
    Status.OPEN: Standing.OPEN,
    Status.IN_PROGRESS: Standing.IN_PROGRESS,
    Status.DONE: Standing.DONE,
}


def list_obligation_ids(event: TaskEvent) -> tuple[UUID, ...]:
    """The ids of the obligations that an event names."""
    match event:
        case ObligationsAssigned() | ObligationsAmended():
            return tuple(facts.obligation_id for facts in event.obligations)
        case ObligationsWithdrawn():
            return event.obligation_ids
        case StatusReported() | HearingRecorded() | ExtensionGranted():
            return (event.obligation_id,)
        case _:
            assert_never(event)


def from_facts(
    facts: ObligationFacts,
    event: ObligationsAssigned | ObligationsAmended,
    planned_from: datetime,
) -> Obligation:
    """An open obligation, as an event assigns it."""
    return Obligation(
        obligation_id=facts.obligation_id,
        office_id=event.office_id,
        unit_id=event.unit_id,
        measure_id=facts.measure_id,
        kind=facts.kind,
        due_on=facts.due_on,
        known_on=facts.known_on,
        lead=facts.lead,
        number=facts.number,
        planned_from=planned_from,
        progress=facts.progress,
    )


def _apply_facts(
    known: Obligation | None,
    facts: ObligationFacts,
    event: ObligationsAssigned | ObligationsAmended,
    planned_from: datetime,
) -> ObligationChange:
    fresh = from_facts(facts, event, planned_from)
    if known is None:
        return ObligationChange(facts.obligation_id, fresh, replan=True)
    fresh = replace(fresh, fired_until=known.fired_until)
    if facts.number < known.number:
        return ObligationChange(facts.obligation_id, ignored=Ignored.OLDER)
    if known.standing is Standing.WITHDRAWN:
        if facts.number == known.number:
            return ObligationChange(facts.obligation_id, ignored=Ignored.WITHDRAWN)
        fresh = replace(fresh, progress=facts.progress or _assign_again(known.progress))
        return ObligationChange(facts.obligation_id, fresh, replan=True)  # owed again
    fresh = replace(
        fresh,
        standing=known.standing,
        reminded=known.reminded,
        progress=facts.progress or known.progress,
    )
    if fresh == known:
        return ObligationChange(facts.obligation_id, ignored=Ignored.NO_CHANGE)
    moved = known.owed and fresh.dates != known.dates
    if not moved:
        fresh = replace(fresh, planned_from=known.planned_from)
    return ObligationChange(
        facts.obligation_id, fresh, replan=moved, withdraw="amended" if moved else ""
    )


def _assign_again(progress: ObligationProgress | None) -> ObligationProgress | None:
    """What is assigned again keeps what was reported of it."""
    return progress and progress.model_copy(update={"status": ObligationStatus.ASSIGNED})


def _withdraw(known: Obligation | None, obligation_id: UUID, reason: str) -> ObligationChange:
    if known is None:
        return ObligationChange(obligation_id, ignored=Ignored.UNKNOWN)
    if known.standing is Standing.WITHDRAWN:
        return ObligationChange(obligation_id, ignored=Ignored.NO_CHANGE)
    gone = replace(known, standing=Standing.WITHDRAWN)
    return ObligationChange(
        obligation_id, gone, replan=known.owed, withdraw=reason if known.owed else ""
    )


def _apply_status(
    known: Obligation | None,
    event: StatusReported | HearingRecorded,
    standing: Standing,
    planned_from: datetime,
) -> ObligationChange:
    if (ignored := _find_reason_to_ignore(known, event.number)) or known is None:
        return ObligationChange(event.obligation_id, ignored=ignored)
    reminded = isinstance(event, HearingRecorded) or event.reminded
    fresh = replace(
        known,
        standing=standing,
        reminded=reminded,
        number=event.number,
        progress=None if isinstance(event, HearingRecorded) else event.progress,
    )
    if known.owed == fresh.owed:
        return ObligationChange(event.obligation_id, fresh)
    if fresh.owed:
        reopened = replace(fresh, planned_from=planned_from)
        return ObligationChange(event.obligation_id, reopened, replan=True)
    reason = "done" if standing is Standing.DONE else "submitted"
    if isinstance(event, HearingRecorded):
        reason = "heard"
    return ObligationChange(event.obligation_id, fresh, replan=True, withdraw=reason)


def _extend(
    known: Obligation | None, event: ExtensionGranted, planned_from: datetime
) -> ObligationChange:
    if (ignored := _find_reason_to_ignore(known, event.number)) or known is None:
        return ObligationChange(event.obligation_id, ignored=ignored)
    fresh = replace(
        known,
        due_on=event.due_on,
        known_on=event.known_on or known.known_on,
        number=event.number,
    )
    if not known.owed or fresh.due_on == known.due_on:
        return ObligationChange(event.obligation_id, fresh)
    moved = replace(fresh, planned_from=planned_from)
    return ObligationChange(event.obligation_id, moved, replan=True, withdraw="extended")


def _find_reason_to_ignore(known: Obligation | None, number: int) -> Ignored | None:
    if known is None:
        return Ignored.UNKNOWN
    if number < known.number:
        return Ignored.OLDER
    return Ignored.WITHDRAWN if known.standing is Standing.WITHDRAWN else None
