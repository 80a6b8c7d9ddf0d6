"""Spans by OpenTelemetry's SDK, sent by OTLP over HTTP. `shared.tracing.starting` imports it late.

The provider stays this module's own. A global one would also turn on the spans of FastAPI, which
hold the paths and queries of requests.
"""

import threading

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from typing_extensions import override

from shared.tracing import spans
from shared.tracing.context import TraceContext, parse_context

_KINDS = {
    spans.Kind.SERVER: trace.SpanKind.SERVER,
    spans.Kind.CLIENT: trace.SpanKind.CLIENT,
    spans.Kind.PRODUCER: trace.SpanKind.PRODUCER,
    spans.Kind.CONSUMER: trace.SpanKind.CONSUMER,
}
_LAST_SENDING = 3.0
"""Seconds for the last spans when a process stops. A receiver that is away must not delay it."""


class OtlpSpan(spans.TraceSpan):
    """A span of the SDK."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    @override
    def traceparent(self) -> str:
        context = self._span.get_span_context()
        return TraceContext(context.trace_id, context.span_id, context.trace_flags).to_text()

    @override
    def rename(self, name: str) -> None:
        self._span.update_name(name)

    @override
    def note(self, attributes: spans.Attributes) -> None:
        self._span.set_attributes(attributes)

    @override
    def fail(self, why: str) -> None:
        self._span.set_attribute("error.type", why)
        self._span.set_status(trace.StatusCode.ERROR)

    @override
    def end(self) -> None:
        self._span.end()


class OtlpTracer(spans.Tracer):
    """Sends spans in batches, in a thread of its own. What it can't send it drops.

    `endpoint` is a base address, as in `OTEL_EXPORTER_OTLP_ENDPOINT`. The SDK reads its other
    settings from the variables that OpenTelemetry names.
    """

    def __init__(self, service: str, endpoint: str) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: f"cuiban-{service}"}), shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("cuiban")

    @override
    def start(
        self, name: str, kind: spans.Kind, parent: str, attributes: spans.Attributes
    ) -> spans.TraceSpan:
        span = self._tracer.start_span(
            name, _build_context(parent), kind=_KINDS[kind], attributes=attributes
        )
        return OtlpSpan(span)

    @override
    def close(self) -> None:
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(_LAST_SENDING)


def _build_context(parent: str) -> Context:
    """The SDK's context with a remote parent; without one where there is none."""
    known = parse_context(parent)
    if known is None:
        return Context()
    remote = trace.SpanContext(
        known.trace_id, known.span_id, is_remote=True, trace_flags=trace.TraceFlags(known.flags)
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(remote), Context())
