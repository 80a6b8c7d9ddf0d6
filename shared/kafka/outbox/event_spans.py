"""The spans of events that are written into an outbox, and what a span says of an event."""

import re
from dataclasses import replace
from enum import Enum

from shared.kafka.broker.codec import build_type_name
from shared.schemas.envelope import Envelope
from shared.schemas.events import ReminderWithdrawn, StatusReported
from shared.schemas.gateway_events import (
    NotificationFailed,
    NotificationHeld,
    NotificationSuppressed,
)
from shared.tracing.spans import Kind, Value, is_traced, open_span

_IDS = ("unit_id", "obligation_id", "reminder_id", "notification_id", "channel")
"""Fields of events that a span shows, where an event has them. None is about a person."""
_MOST_OBLIGATIONS = 20
_WITH_REASON = ReminderWithdrawn | NotificationSuppressed | NotificationHeld | NotificationFailed
"""Events whose reason is a word of a closed list. Others have one that a person wrote."""
_WORD = re.compile(r"[a-z]+(-[a-z]+)*", re.ASCII)


def trace_published(envelope: Envelope) -> Envelope:
    """The event with the context of a span of its own: `publish ReminderWithdrawn`.

    The span is below what the event names as its cause; without that, below what the task is in.
    """
    if not is_traced():
        return envelope
    name = f"publish {type(envelope.event).__name__}"
    attributes = describe_event(envelope)
    with open_span(name, Kind.PRODUCER, attributes, parent=envelope.traceparent or None) as span:
        return replace(envelope, traceparent=span.traceparent)


def describe_event(envelope: Envelope) -> dict[str, Value]:
    """What the spans of an event say of it: ids, and words of closed lists."""
    event = envelope.event
    attributes: dict[str, Value] = {
        "messaging.system": "kafka",
        "cloudevents.event_id": str(envelope.id),
        "cloudevents.event_type": build_type_name(type(event)),
        "cuiban.correlation_id": str(envelope.correlation_id),
        "cuiban.office_id": str(event.office_id),
    }
    for name in _IDS:
        if (value := getattr(event, name, None)) is not None:
            attributes[f"cuiban.{name}"] = _write(value)
    if obligation_ids := getattr(event, "obligation_ids", ()):
        attributes["cuiban.obligations"] = len(obligation_ids)
        shown = obligation_ids[:_MOST_OBLIGATIONS]
        attributes["cuiban.obligation_ids"] = tuple(map(str, shown))
    if isinstance(event, StatusReported):
        attributes["cuiban.status"] = _write(event.status)
    if isinstance(event, _WITH_REASON) and _WORD.fullmatch(event.reason):
        attributes["cuiban.reason"] = event.reason
    return attributes


def _write(value: object) -> str:
    return str(value.value if isinstance(value, Enum) else value)
