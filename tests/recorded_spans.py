"""A tracer that keeps its spans, and those that a process sends to a receiver of OTLP over HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from typing_extensions import override

from shared.tracing import spans
from shared.tracing.context import TraceContext, parse_context

SAMPLED = 1


@dataclass
class RecordedSpan(spans.TraceSpan):
    """A span; `parent` is 0 at the beginning of a trace, and `failed` why it failed."""

    name: str
    kind: spans.Kind | int
    trace_id: int
    span_id: int
    parent: int
    attributes: dict = field(default_factory=dict)
    failed: str = ""
    ended: bool = False
    service: str = ""

    @property
    @override
    def traceparent(self) -> str:
        return TraceContext(self.trace_id, self.span_id, SAMPLED).to_text()

    @override
    def rename(self, name: str) -> None:
        self.name = name

    @override
    def note(self, attributes: spans.Attributes) -> None:
        self.attributes |= attributes

    @override
    def fail(self, why: str) -> None:
        self.failed = why

    @override
    def end(self) -> None:
        assert not self.ended
        self.ended = True


@dataclass
class KeepingTracer(spans.Tracer):
    """Counts ids up: traces from 1000 on, spans from 1 on."""

    kept: list[RecordedSpan] = field(default_factory=list)
    closed: bool = False

    @override
    def start(
        self, name: str, kind: spans.Kind, parent: str, attributes: spans.Attributes
    ) -> RecordedSpan:
        above, number = parse_context(parent), len(self.kept) + 1
        span = RecordedSpan(
            name,
            kind,
            above.trace_id if above else 999 + number,
            number,
            above.span_id if above else 0,
            dict(attributes),
        )
        self.kept.append(span)
        return span

    @override
    def close(self) -> None:
        self.closed = True

    def get(self, name: str) -> RecordedSpan:
        """The only span of a name."""
        (span,) = (each for each in self.kept if each.name == name)
        return span


@contextmanager
def keep_spans() -> Iterator[KeepingTracer]:
    """Trace in this process, and keep the spans."""
    tracer = KeepingTracer()
    spans.use_tracer(tracer)
    try:
        yield tracer
    finally:
        spans.use_tracer(None)


class OtlpReceiver:
    """Takes spans on 127.0.0.1, as a collector does."""

    def __init__(self) -> None:
        self.spans: list[RecordedSpan] = []
        self._arrived = Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            @override
            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, body: bytes) -> None:
        """Keep the spans of a request."""
        request = ExportTraceServiceRequest.FromString(body)
        with self._arrived:
            for group in request.resource_spans:
                resource = {each.key: each.value.string_value for each in group.resource.attributes}
                for scope in group.scope_spans:
                    self.spans += (_read(each, resource["service.name"]) for each in scope.spans)
            self._arrived.notify_all()

    def wait(
        self, check: Callable[[list[RecordedSpan]], bool], within: float
    ) -> list[RecordedSpan]:
        """The spans once `check` is true of them; looked at whenever some have arrived."""
        with self._arrived:
            arrived = self._arrived.wait_for(lambda: check(self.spans), within)
            assert arrived, sorted({(each.service, each.name) for each in self.spans})
            return list(self.spans)


def _read(span, service: str) -> RecordedSpan:
    return RecordedSpan(
        span.name,
        span.kind,
        int.from_bytes(span.trace_id, "big"),
        int.from_bytes(span.span_id, "big"),
        int.from_bytes(span.parent_span_id, "big"),
        {each.key: _read_value(each.value) for each in span.attributes},
        failed="error" if span.status.code == span.status.STATUS_CODE_ERROR else "",
        ended=True,
        service=service,
    )


def _read_value(value) -> object:
    if value.HasField("array_value"):
        return [each.string_value for each in value.array_value.values]
    return value.string_value or value.int_value
