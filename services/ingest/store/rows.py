"""What the stores return: a frozen dataclass for each kind of row.

A class's fields are the columns that its store selects, in this order and under these names, so
that a row becomes an object by position.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.ingest.domain.statuses import MessageState, Pairing, PlanStatus, SettlementAction
from shared.schemas.life import Joint
from shared.schemas.rules import Audience


@dataclass(frozen=True, slots=True)
class StoredOffice:
    """An office."""

    office_id: UUID
    slug: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredToken:
    """An API token without its digest."""

    token_id: UUID
    office_id: UUID
    unit_id: UUID | None
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredRuleBook:
    """A version of an office's rule book.

    `drafted_by` and `approved_by`: who wrote and who approved its draft. `restored_from`: the
    version whose content it is again. `keeps_begun` as in `RuleBookPublished`.
    """

    version: int
    book: dict[str, Any]
    published_by: str
    published_at: datetime
    note: str
    drafted_by: str | None
    approved_by: str | None
    restored_from: int | None
    keeps_begun: bool


@dataclass(frozen=True, slots=True)
class StoredCalendar:
    """A version of an office's calendar: true is a working day; the keys are ISO dates.

    `notice` has the days of notices, each with the fields of `NoticeDay`.
    """

    number: int
    days: dict[str, bool]
    notice: dict[str, dict[str, Any]]
    published_by: str
    published_at: datetime

    @property
    def names(self) -> dict[str, str]:
        """The festivals of the days on which a notice is in force."""
        days = self.days
        return {day: n["name"] for day, n in self.notice.items() if days.get(day) is n["works"]}


@dataclass(frozen=True, slots=True)
class StoredUnit:
    """A unit. `contacts` are as `handlers.units.contacts` describes them.

    `successor_id`: the unit that took over when this one was retired.
    """

    unit_id: UUID
    office_id: UUID
    name: str
    kind: str
    groups: list[str]
    aliases: list[str]
    contacts: list[dict[str, Any]]
    number: int
    changed_at: datetime
    retired_at: datetime | None
    retired_why: str | None
    successor_id: UUID | None


@dataclass(frozen=True, slots=True)
class StoredUnitNames:
    """What a unit is called, and the groups that it is in."""

    unit_id: UUID
    name: str
    groups: list[str]
    aliases: list[str]


@dataclass(frozen=True, slots=True)
class StoredSuccession:
    """A unit's name; when it was retired, and the unit that took over."""

    unit_id: UUID
    name: str
    retired_at: datetime | None
    successor_id: UUID | None


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan, or a revision of one, without its document and what was read from it."""

    plan_id: UUID
    office_id: UUID
    document_name: str
    sha256: str
    title: str | None
    year: int | None
    issuer: str | None
    status: PlanStatus
    imported_at: datetime
    imported_by: str
    published_at: datetime | None
    version: int
    revises: UUID | None
    base_version: int | None
    outcome: dict[str, Any] | None
    revised_by: UUID | None
    joint: Joint | None


@dataclass(frozen=True, slots=True)
class PlanOverview:
    """A plan in a list, with the number of its tasks and measures."""

    plan_id: UUID
    title: str | None
    year: int | None
    issuer: str | None
    status: PlanStatus
    document_name: str
    imported_at: datetime
    imported_by: str
    published_at: datetime | None
    tasks: int
    measures: int


@dataclass(frozen=True, slots=True)
class StoredMeasure:
    """A measure of a plan or of a revision. `due` holds ISO dates.

    `printed_due`: None for what was imported before it was kept.
    `removed_at`: since when the document in force does not have it. `not_joining` and `staying`
    are ids of units, as `handlers.plans.membership` describes them.
    """

    measure_id: UUID
    plan_id: UUID
    ordinal: int
    ref: str
    category: str | None
    task_name: str
    text: str
    due: list[str]
    printed_due: str | None
    continuous: bool
    recurrence: dict[str, Any] | None
    names: list[str]
    lead: list[str]
    codes: list[str]
    settlement: SettlementAction | None
    settled_by: str | None
    settled_at: datetime | None
    settled_why: str | None
    published_at: datetime | None
    settled: list[str]
    periods: dict[str, str]
    target: dict[str, Any] | None
    joint: Joint | None
    pair_id: UUID | None
    paired: Pairing | None
    removed_at: datetime | None
    not_joining: list[str]
    staying: list[str]

    @property
    def is_dropped(self) -> bool:
        """Whether a person decided that no unit owes it."""
        return self.settlement is SettlementAction.DROP


@dataclass(frozen=True, slots=True)
class StoredNameDecision:
    """What a person decided about a name that the directory does not know."""

    name: str
    unit_ids: list[str]
    ignored: bool
    reason: str
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class StoredReminder:
    """A reminder that the scheduler emitted.

    `items` are as the projection writes them. `rule_id` is empty for the digest; `to_unit` is None
    where the unit itself heard it.
    """

    unit_id: UUID
    audience: Audience
    slot: datetime
    items: list[dict[str, Any]]
    fired_at: datetime | None
    complete: bool
    rule_id: str
    to_unit: UUID | None


@dataclass(frozen=True, slots=True)
class StoredNotification:
    """A notification about what a unit owes.

    `items` are those of its reminder, None while that is unknown; `to_unit` is the name of another
    unit that heard it.
    """

    notification_id: UUID
    reminder_id: UUID
    slot: datetime
    audience: str
    channel: str
    address: str
    state: MessageState
    at: datetime
    reason: str
    gateway: str
    subject: str
    body: str
    items: list[dict[str, Any]] | None
    to_unit: str

    @property
    def refs(self) -> list[str]:
        """The measures that it is about."""
        return [item["ref"] for item in self.items or ()]
