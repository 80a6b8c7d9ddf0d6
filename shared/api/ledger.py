"""The ledger over HTTP: its rows, its counts, and what its filters may name."""

from datetime import date, datetime
from uuid import UUID

from shared.api.fields import Answer
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light


class ItemOut(Answer):
    """One obligation in the ledger. `number` counts its changes; `plan` is the plan's title.

    `known_on` is the day from which the unit owes it: nothing is sent about it before. `done_at`
    and `done_by` say when and by whom it was done; a hearing counts from its day.
    """

    obligation_id: UUID
    unit_id: UUID
    unit: str
    plan_id: UUID
    plan: str | None = None
    year: int | None = None
    ref: str
    category: str | None = None
    task_name: str
    text: str
    kind: str
    period: str
    due_on: date | None
    known_on: date | None = None
    status: ObligationStatus
    light: Light
    lead: bool
    number: int
    done_at: datetime | None = None
    done_by: str | None = None


class SummaryOut(Answer):
    """How a unit stands. `near` and `overdue` are among those that are `open`."""

    unit_id: UUID
    unit: str
    total: int
    done: int
    open: int
    near: int
    overdue: int


class LedgerCountsOut(Answer):
    """How many obligations there are, by light and by status; a status without any is left out."""

    total: int
    lights: dict[Light, int]
    statuses: dict[ObligationStatus, int]


class NamedUnitOut(Answer):
    """A unit that a filter may name."""

    unit_id: UUID
    name: str


class NamedPlanOut(Answer):
    """A published plan that a filter may name."""

    plan_id: UUID
    title: str | None
    year: int | None


class LedgerChoicesOut(Answer):
    """What the filters of the ledger may name: units, plans, and words of the published plans."""

    units: list[NamedUnitOut]
    unit_kinds: list[str]
    groups: list[str]
    plans: list[NamedPlanOut]
    categories: list[str]
    tasks: list[str]
