"""Rows of the ledger, as `services.ingest.store.rows` says: fields in the order of the columns."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from shared.schemas.life import Joint, ObligationStatus
from shared.schemas.rules import ObligationKind


@dataclass(frozen=True, slots=True)
class StoredObligation:
    """What a unit owes, or owed, for a measure by a date.

    `withdrawn_by` names the person who withdrew it; None when a revision did. `by_hand`: a person
    assigned it, so its measure may not name its unit.
    """

    obligation_id: UUID
    unit_id: UUID
    measure_id: UUID
    kind: ObligationKind
    due_on: date | None
    known_on: date
    lead: bool
    times: int
    status: ObligationStatus
    reminded: bool
    number: int
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    by_hand: bool


@dataclass(frozen=True, slots=True)
class ObligationNumber:
    """How often an obligation has changed, its status, and whether and by whom it was withdrawn."""

    obligation_id: UUID
    number: int
    status: ObligationStatus
    reminded: bool
    withdrawn_at: datetime | None
    withdrawn_by: str | None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An obligation with its unit's name, its plan's title and year, and its measure's text.

    `submitted_*` are of the report that is reviewed or was confirmed; `done_*` say when it was
    fulfilled and by whom. `reported` is the last value of what its measure asks for,
    `progressed_at` when progress was last reported, `target` what the measure's target column
    asks. `measure_joint` and `plan_joint`: who reports for several
    units; None where measure and plan do not say.
    """

    obligation_id: UUID
    unit_id: UUID
    unit: str
    plan_id: UUID
    title: str | None
    year: int | None
    measure_id: UUID
    ordinal: int
    ref: str
    category: str | None
    task_name: str
    text: str
    kind: ObligationKind
    period: str
    due_on: date | None
    known_on: date
    times: int
    status: ObligationStatus
    lead: bool
    number: int
    reminded: bool
    submitted_at: datetime | None
    submitted_by: str | None
    done_at: datetime | None
    done_by: str | None
    withdrawn_at: datetime | None
    withdrawn_why: str | None
    reported: float | None
    progressed_at: datetime | None
    target: dict[str, Any] | None
    measure_joint: Joint | None
    plan_joint: Joint | None


@dataclass(frozen=True, slots=True)
class UnitCounts:
    """How many obligations a unit has, and how many of them are done, near and overdue."""

    unit_id: UUID
    unit: str
    total: int
    done: int
    near: int
    overdue: int


@dataclass(frozen=True, slots=True)
class StatusCounts:
    """How many obligations have a status, and the lights of those that are not done."""

    status: ObligationStatus
    total: int
    red: int
    yellow: int
    green: int
    none: int


@dataclass(frozen=True, slots=True)
class CurrentState:
    """The present state of an obligation; states before `unknown_before` are not recorded.

    `lead` and what the measure says are also taken for its past states: their history is not
    recorded.
    """

    obligation_id: UUID
    unit_id: UUID
    kind: ObligationKind
    due_on: date | None
    known_on: date
    status: ObligationStatus
    reminded: bool
    withdrawn: bool
    since: datetime | None
    unknown_before: datetime | None
    lead: bool
    reported: float | None
    progressed_at: datetime | None
    ref: str
    measure_id: UUID
    category: str | None
    text: str
    target: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class PastState:
    """The state of an obligation from `since` until `until`; None is an instant not recorded."""

    obligation_id: UUID
    kind: ObligationKind
    due_on: date | None
    known_on: date
    status: ObligationStatus
    reminded: bool
    withdrawn: bool
    since: datetime | None
    until: datetime | None
    reported: float | None
    progressed_at: datetime | None
