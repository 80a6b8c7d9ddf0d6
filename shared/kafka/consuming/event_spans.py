"""The spans of events that a handler applies, each below the span that its event names."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from shared.kafka.outbox.event_spans import describe_event
from shared.schemas.envelope import Envelope
from shared.tracing.spans import Kind, TraceSpan, is_traced, start_span, within


@contextmanager
def trace_applied(consumer: str, envelopes: Sequence[Envelope]) -> Iterator[Sequence[Envelope]]:
    """Spans around the handler of a batch: `apply StatusReported`.

    Within, each event has the context of its own span, for what the handler writes because of it.
    A batch has events of many traces, so the task itself is in a span only when there is one.
    """
    if not is_traced():
        yield envelopes
        return
    spans = [_start(consumer, envelope) for envelope in envelopes]
    traced = [
        replace(envelope, traceparent=span.traceparent)
        for envelope, span in zip(envelopes, spans, strict=True)
    ]
    try:
        with within(traced[0].traceparent if len(traced) == 1 else ""):
            yield traced
    except Exception as error:
        for span in spans:
            span.fail(type(error).__name__)
        raise
    finally:
        for span in spans:
            span.end()


def _start(consumer: str, envelope: Envelope) -> TraceSpan:
    attributes = describe_event(envelope) | {"messaging.consumer.group.name": consumer}
    if envelope.partition is not None:
        attributes["messaging.destination.partition.id"] = str(envelope.partition)
    name = f"apply {type(envelope.event).__name__}"
    return start_span(name, Kind.CONSUMER, attributes, parent=envelope.traceparent)
