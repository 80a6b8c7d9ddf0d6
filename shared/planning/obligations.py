"""What an obligation is to the scheduler, and what each event changes about it. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from shared.planning.timers import get_later
from shared.schemas.events import (
    ExtensionGranted,
    HearingRecorded,
    ObligationsAmended,
    ObligationsAssigned,
    ObligationsWithdrawn,
    StatusReported,
)
from shared.schemas.facts import ObligationFacts, Status
from shared.schemas.rules import Dates, ObligationKind
from shared.schemas.topics import TaskEvent


class Standing(StrEnum):
    """How an obligation stands. The first two are reminded of."""

    OPEN = "open"
    IN_PROGRESS = "in-progress"
    DONE = "done"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Obligation:
    """One obligation, as far as planning needs it.

    Attributes:
        number: of the newest change applied.
        planned_from: nothing is planned for it up to this instant.
        fired_until: the newest slot that fired for it, up to which nothing is planned either.
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
    fired_until: datetime | None = field(default=None, compare=False)

    @property
    def planned_after(self) -> datetime:
        """The instant up to which none of its slots may be planned."""
        return get_later(self.planned_from, self.fired_until)

    @property
    def owed(self) -> bool:
        """Whether it is still to be reminded of."""
        return self.standing in {Standing.OPEN, Standing.IN_PROGRESS}

    @property
    def dates(self) -> Dates:
        """What its occurrences depend on."""
        return Dates(self.kind, self.due_on, self.known_on)


class Ignored(StrEnum):
    """Why a fact changes nothing."""

    OLDER = "older-than-known"
    UNKNOWN = "obligation-unknown"
    WITHDRAWN = "obligation-withdrawn"
    NO_CHANGE = "no-change"


@dataclass(frozen=True, slots=True)
class ObligationChange:
    """What a fact does to one obligation.

    Attributes:
        obligation: as it is from now on; None when the fact is ignored.
        replan: its timers are void: it is planned anew if still owed, else they end.
        withdraw: why reminders of it that are on their way must not go out; empty if they may.
        ignored: why nothing changes.
    """

    obligation_id: UUID
    obligation: Obligation | None = None
    replan: bool = False
    withdraw: str = ""
    ignored: Ignored | None = None


def decide_changes(
    known: Callable[[UUID], Obligation | None], event: TaskEvent, planned_from: datetime
) -> Iterator[ObligationChange]:
    """What `event` changes about the obligations that it names, one after the other.

    A fact whose number is lower than the newest that is known is ignored. One with the same
    number is applied, and changes nothing if it is the same fact. What is planned because of the
    event is planned after `planned_from`.
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
    """The obligations that an event is about."""
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
    """An obligation that nobody has reported on yet."""
    return Obligation(
        facts.obligation_id,
        event.office_id,
        event.unit_id,
        facts.measure_id,
        facts.kind,
        facts.due_on,
        facts.known_on,
        facts.lead,
        facts.number,
        planned_from,
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
        return ObligationChange(facts.obligation_id, fresh, replan=True)  # owed again
    fresh = replace(fresh, standing=known.standing)
    if fresh == known:
        return ObligationChange(facts.obligation_id, ignored=Ignored.NO_CHANGE)
    moved = known.owed and fresh.dates != known.dates
    if not moved:
        fresh = replace(fresh, planned_from=known.planned_from)
    return ObligationChange(
        facts.obligation_id, fresh, replan=moved, withdraw="amended" if moved else ""
    )


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
    fresh = replace(known, standing=standing, number=event.number)
    if known.owed == fresh.owed:
        return ObligationChange(event.obligation_id, fresh)
    if fresh.owed:
        reopened = replace(fresh, planned_from=planned_from)
        return ObligationChange(event.obligation_id, reopened, replan=True)
    reason = "heard" if isinstance(event, HearingRecorded) else "done"
    return ObligationChange(event.obligation_id, fresh, replan=True, withdraw=reason)


def _extend(
    known: Obligation | None, event: ExtensionGranted, planned_from: datetime
) -> ObligationChange:
    if (ignored := _find_reason_to_ignore(known, event.number)) or known is None:
        return ObligationChange(event.obligation_id, ignored=ignored)
    fresh = replace(known, due_on=event.due_on, number=event.number)
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
