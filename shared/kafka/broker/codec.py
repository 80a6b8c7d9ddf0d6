"""Events to Kafka records and back: CloudEvents 1.0, binary mode, JSON values.

Sources: CloudEvents Kafka protocol binding 1.0.2, section 3.2 (attributes as `ce_` headers);
CloudEvents distributed tracing extension (`traceparent`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from shared.errors import PoisonError
from shared.schemas.base_events import Event
from shared.schemas.envelope import Envelope
from shared.schemas.topics import TOPIC_OF, Topic
from shared.schemas.values import is_instant
from shared.tracing.context import clean_context

TYPE_PREFIX = "cuiban."
NOT_UNDERSTOOD = "not-understood"
TRACEPARENT = "ce_traceparent"
_READ = frozenset({"ce_id", "ce_type", "ce_source", "ce_time", "ce_correlationid"})
_NEWER = frozenset({"enum", "literal_error", "union_tag_invalid"})
"""What pydantic says of a word that is not in a closed list."""
Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class EncodedRecord:
    """What goes to Kafka."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def build_type_name(event_class: type[Event]) -> str:
    """The CloudEvents type: `cuiban.ReminderDue.v1`."""
    return f"{TYPE_PREFIX}{event_class.__name__}.v{event_class.version}"


_BY_TYPE = {build_type_name(event_class): event_class for event_class in TOPIC_OF}


def encode(envelope: Envelope) -> EncodedRecord:
    """The record that carries `envelope` on the topic of its type."""
    event = envelope.event
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": str(envelope.id),
        "ce_type": build_type_name(type(event)),
        "ce_source": envelope.source,
        "ce_time": envelope.time.isoformat(),
        "ce_subject": event.key,
        "ce_officeid": str(event.office_id),
        "ce_correlationid": str(envelope.correlation_id),
        "content-type": "application/json",
    }
    if envelope.traceparent:
        attributes[TRACEPARENT] = envelope.traceparent
    return EncodedRecord(
        topic=TOPIC_OF[type(event)].name,
        key=event.key.encode(),
        value=event.model_dump_json().encode(),
        headers=tuple((name, text.encode()) for name, text in attributes.items()),
    )


def decode(topic: Topic, value: bytes | None, headers: Headers) -> Envelope:
    """The envelope in a record of `topic`. Headers that are not known are ignored.

    So is a `traceparent` that is broken.

    Raises:
        PoisonError: `no-value`, `bad-headers`, `unknown-type`, `wrong-topic` or `bad-value`; or
            `not-understood`: all that is wrong are words of a closed list, such as a kind of rule,
            which a newer writer may have.
    """
    if value is None:
        raise PoisonError("no-value", "the record has no value")
    try:
        attributes = {name: text.decode() for name, text in headers if name in _READ}
        event_type = attributes["ce_type"]
        event_id = UUID(attributes["ce_id"])
        source = attributes["ce_source"]
        time = datetime.fromisoformat(attributes["ce_time"])
        correlation = UUID(attributes.get("ce_correlationid") or attributes["ce_id"])
    except (KeyError, ValueError, AttributeError) as error:
        raise PoisonError("bad-headers", f"{type(error).__name__}: {error}") from error
    if time.tzinfo is None or not is_instant(time):
        raise PoisonError("bad-headers", "ce_time has no offset, or no office's year")
    event_class = _BY_TYPE.get(event_type)
    if event_class is None:
        raise PoisonError("unknown-type", event_type)
    if event_class not in topic.events:
        raise PoisonError("wrong-topic", f"{event_type} does not belong on {topic.name}")
    try:
        event = event_class.model_validate_json(value)
    except ValidationError as error:
        reason = NOT_UNDERSTOOD if _is_from_newer_writer(error) else "bad-value"
        raise PoisonError(reason, _summarise(error)) from error
    traceparent = read_traceparent(headers)
    return Envelope(event_id, source, time, correlation, event, traceparent=traceparent)


def read_traceparent(headers: Iterable[tuple[str, bytes | None]]) -> str:
    """The context of the span that published a record; empty when it has none, or a broken one."""
    for name, value in headers:
        if name == TRACEPARENT and value is not None:
            return clean_context(value.decode("ascii", "replace"))
    return ""


def _is_from_newer_writer(error: ValidationError) -> bool:
    """Whether nothing is wrong but words that are not known, and lists that lack them."""
    types = {row["type"] for row in error.errors(include_url=False)}
    return bool(types & _NEWER) and types <= _NEWER | {"too_short"}


def _summarise(error: ValidationError) -> str:
    """Where and why, without the values: they may hold what must not be logged."""
    rows = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, row['loc']))}: {row['msg']}" for row in rows[:5])
