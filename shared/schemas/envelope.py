"""An event with the attributes that CloudEvents 1.0 gives it."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shared.schemas.base_events import Event


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with its CloudEvents attributes.

    Attributes:
        id: deterministic, so that a repeated event has the same id.
        source: the service that publishes it, such as `/cuiban/ingest`.
        time: when it happened, by the office's clock.
        correlation_id: shared by all events with one cause.
        partition: the partition that it was read from; None before it is sent.
        traceparent: the context of the span that it comes from (`shared.tracing`); empty where
            nothing was traced.
    """

    id: UUID
    source: str
    time: datetime
    correlation_id: UUID
    event: Event
    partition: int | None = field(default=None, compare=False)
    traceparent: str = field(default="", compare=False)
