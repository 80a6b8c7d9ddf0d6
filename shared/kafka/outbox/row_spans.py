"""The spans of rows on their way to the broker, each below the event's own."""

from collections.abc import Mapping, Sequence

from shared.kafka.broker.codec import TRACEPARENT
from shared.kafka.outbox.sending import SendOutcome, UnsentRow
from shared.tracing.spans import Kind, TraceSpan, Value, is_traced, start_span

_NAMES = ("ce_id", "ce_type")


def start_row_spans(rows: Sequence[UnsentRow]) -> dict[int, TraceSpan]:
    """The spans of rows that carry a context, by the row's id; none where nothing is traced."""
    if not is_traced():
        return {}
    spans = {}
    for row in rows:
        headers = dict(row.headers)
        if parent := headers.get(TRACEPARENT):
            event_id, event_type = (headers.get(name, "") for name in _NAMES)
            attributes: dict[str, Value] = {
                "messaging.system": "kafka",
                "messaging.destination.name": row.topic,
                "cloudevents.event_id": event_id,
                "cloudevents.event_type": event_type,
                "cuiban.outbox_id": row.id,
            }
            spans[row.id] = start_span(
                f"send to {row.topic}", Kind.CLIENT, attributes, parent=parent
            )
    return spans


def end_row_spans(spans: Mapping[int, TraceSpan], outcome: SendOutcome) -> None:
    """End the spans of rows that were sent or refused, or that wait for another attempt."""
    if not spans:
        return
    places = {sent.row.id: sent for sent in outcome.sent}
    refused = {refusal.row.id for refusal in outcome.refused}
    error = type(outcome.error).__name__ if outcome.error else "not-sent"
    for row_id, span in spans.items():
        if sent := places.get(row_id):
            span.note({"messaging.destination.partition.id": str(sent.partition)})
            if sent.offset is not None:
                span.note({"messaging.kafka.offset": sent.offset})
        else:
            span.fail("refused" if row_id in refused else error)
        span.end()
