"""The parts of events: measures, obligations, contacts, the items of a reminder.

Like events they are frozen, and within a version fields are only added, with defaults.
"""

from enum import StrEnum
from uuid import UUID

from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Audience, Channel, ObligationKind, ReminderKind
from shared.schemas.values import Day, Instant, Value


class ObligationProgress(Value):
    """How far an obligation is, as rules ask.

    Attributes:
        status: in the ledger.
        reported: the value that was last reported, in the unit of the measure's target.
        progressed_at: when progress was last reported.
    """

    status: ObligationStatus
    reported: float | None = None
    progressed_at: Instant | None = None


class MeasureFacts(Value):
    """A duty in a plan. `ref` is its place, such as `16.2`; `text` is complete.

    `category` is the plan's; empty where it has none, None where an older writer did not say.
    `target` is the number that it asks for; None where it names none.
    """

    measure_id: UUID
    ref: str
    task_name: str
    text: str
    category: str | None = None
    target: float | None = None


class ObligationFacts(Value):
    """What one unit owes for one measure by one date.

    `known_on` is the day that the unit was told; `number` counts the obligation's changes from 1.
    `progress` is told where it is news; None leaves it, and a new obligation has none.
    """

    obligation_id: UUID
    measure_id: UUID
    kind: ObligationKind
    period: str
    due_on: Day | None
    known_on: Day
    lead: bool = False
    number: int = 1
    progress: ObligationProgress | None = None


class UnitTraits(Value):
    """What rules ask of a unit. `number` is that of the unit's change."""

    unit_id: UUID
    number: int
    name: str
    kind: str = ""
    groups: tuple[str, ...] = ()


class MeasureTraits(Value):
    """What rules ask of a measure: category and target as in `MeasureFacts`."""

    measure_id: UUID
    category: str = ""
    target: float | None = None


class Status(StrEnum):
    """How an obligation stands, as its unit reports it."""

    OPEN = "open"
    IN_PROGRESS = "in-progress"
    DONE = "done"


class Contact(Value):
    """A post in a unit, with addresses and the days on which it may be written to.

    People who follow each other in a post are listed in turn under one `contact_id`.
    """

    contact_id: UUID
    post: Audience
    name: str = ""
    email: str = ""
    mobile: str = ""
    valid_from: Day | None = None
    valid_to: Day | None = None


class ReminderItem(Value):
    """One obligation in a reminder.

    `overdue` is 0 before the date, then 1, 2, 3 and so on. `working_days` is how many lie between
    the slot's day and the date by the office's calendar, negative once the date has passed; None
    where an older scheduler did not say. `plan` is the title of its plan, where the reminder has
    items of several plans, else empty.
    """

    obligation_id: UUID
    ref: str
    task_name: str
    text: str
    kind: ReminderKind
    due_on: Day
    overdue: int = 0
    lead: bool = False
    working_days: int | None = None
    plan: str = ""


class NotificationRef(Value):
    """A notification that a reminder fanned out into."""

    notification_id: UUID
    channel: Channel
