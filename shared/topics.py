"""The topics: what each is for, which events it carries, and how Kafka keeps it."""

from dataclasses import dataclass

from shared.events import (
    CalendarPublished,
    Event,
    ExpectedAudited,
    ExtensionGranted,
    HearingRecorded,
    NotificationDelivered,
    NotificationFailed,
    NotificationSent,
    NotificationSuppressed,
    ObligationsAmended,
    ObligationsAssigned,
    ObligationsWithdrawn,
    ReceiptReceived,
    RecordDeadLettered,
    ReminderDue,
    ReminderFannedOut,
    ReminderWithdrawn,
    RuleBookPublished,
    StatusReported,
    UnitUpserted,
)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic. `compacted` keeps the last event of each key for ever."""

    name: str
    events: tuple[type[Event], ...]
    compacted: bool = False


TASKS = Topic(
    "cuiban.tasks.v1",
    (
        ObligationsAssigned,
        ObligationsAmended,
        ObligationsWithdrawn,
        StatusReported,
        HearingRecorded,
        ExtensionGranted,
    ),
)
RULES = Topic("cuiban.rules.v1", (RuleBookPublished, CalendarPublished))
DIRECTORY = Topic("cuiban.directory.v1", (UnitUpserted,), compacted=True)
REMINDERS = Topic("cuiban.reminders.v1", (ReminderDue, ReminderWithdrawn))
DELIVERIES = Topic(
    "cuiban.deliveries.v1",
    (
        ReminderFannedOut,
        NotificationSent,
        NotificationFailed,
        NotificationSuppressed,
        NotificationDelivered,
        ExpectedAudited,
    ),
)
RECEIPTS = Topic("cuiban.receipts.v1", (ReceiptReceived,))
DEAD_LETTERS = Topic("cuiban.dead-letters.v1", (RecordDeadLettered,))

TOPICS = (TASKS, RULES, DIRECTORY, REMINDERS, DELIVERIES, RECEIPTS, DEAD_LETTERS)
TOPIC_OF = {event: topic for topic in TOPICS for event in topic.events}


def named(name: str, prefix: str = "") -> str:
    """The name a topic has on a broker that several installations share."""
    return f"{prefix}{name}"
