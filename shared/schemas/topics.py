"""The topics, and the events of each.

The events of a topic are a union. A reader matches all of it, so mypy reports a forgotten event.
"""

from dataclasses import dataclass
from typing import TypeAlias, get_args

from shared.schemas.base_events import Event
from shared.schemas.events import (
    ExpectedAudited,
    ExtensionGranted,
    HearingRecorded,
    LinkRequested,
    ObligationsAmended,
    ObligationsAssigned,
    ObligationsWithdrawn,
    RecordDeadLettered,
    ReminderDue,
    ReminderFannedOut,
    RemindersNotFired,
    ReminderWithdrawn,
    StatusReported,
    UnitUpserted,
)
from shared.schemas.gateway_events import (
    AttemptEnded,
    HoldRecorded,
    MessageActionAnswered,
    MessageActionRequested,
    NotificationDelivered,
    NotificationFailed,
    NotificationHeld,
    NotificationSent,
    NotificationSuppressed,
    NotificationUndelivered,
    ReceiptReceived,
    ReceiptsPushed,
    ReplyReceived,
)
from shared.schemas.gateway_states import (
    GatewaysSeen,
    GatewayTestAnswered,
    GatewayTestRequested,
)
from shared.schemas.office_events import (
    CalendarPublished,
    MuteRecorded,
    OfficeSettingsPublished,
    RuleBookPublished,
    TemplatePublished,
    TraitsPublished,
)

TaskEvent: TypeAlias = (
    ObligationsAssigned
    | ObligationsAmended
    | ObligationsWithdrawn
    | StatusReported
    | HearingRecorded
    | ExtensionGranted
)
RuleEvent: TypeAlias = (
    RuleBookPublished
    | CalendarPublished
    | OfficeSettingsPublished
    | MuteRecorded
    | TraitsPublished
    | TemplatePublished
)
ReminderEvent: TypeAlias = ReminderDue | ReminderWithdrawn | RemindersNotFired
DeliveryEvent: TypeAlias = (
    ReminderFannedOut
    | NotificationSent
    | NotificationFailed
    | NotificationSuppressed
    | NotificationDelivered
    | NotificationUndelivered
    | NotificationHeld
    | AttemptEnded
    | MessageActionAnswered
    | ReplyReceived
    | ExpectedAudited
)
ReceiptEvent: TypeAlias = (
    ReceiptReceived
    | ReceiptsPushed
    | LinkRequested
    | MessageActionRequested
    | GatewayTestRequested
    | HoldRecorded
)
"""What reached ingest from outside and the notifier acts on."""
GatewayEvent: TypeAlias = GatewaysSeen | GatewayTestAnswered


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic. A compacted one keeps only the last event of each key."""

    name: str
    events: tuple[type[Event], ...]
    compacted: bool = False


TASKS = Topic("cuiban.tasks.v1", get_args(TaskEvent))
RULES = Topic("cuiban.rules.v1", get_args(RuleEvent))
DIRECTORY = Topic("cuiban.directory.v1", (UnitUpserted,), compacted=True)
REMINDERS = Topic("cuiban.reminders.v1", get_args(ReminderEvent))
DELIVERIES = Topic("cuiban.deliveries.v1", get_args(DeliveryEvent))
RECEIPTS = Topic("cuiban.receipts.v1", get_args(ReceiptEvent))
GATEWAYS = Topic("cuiban.gateways.v1", get_args(GatewayEvent), compacted=True)
DEAD_LETTERS = Topic("cuiban.dead-letters.v1", (RecordDeadLettered,))

TOPICS = (TASKS, RULES, DIRECTORY, REMINDERS, DELIVERIES, RECEIPTS, GATEWAYS, DEAD_LETTERS)
TOPIC_OF = {event: topic for topic in TOPICS for event in topic.events}


def apply_prefix(name: str, prefix: str = "") -> str:
    """A topic's name on the broker, which several installations may share."""
    return f"{prefix}{name}"
