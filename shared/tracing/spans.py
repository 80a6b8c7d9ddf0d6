"""Spans of OpenTelemetry, where a process has them; without them every call here does nothing.

A span's context is text, a `traceparent` (`shared.tracing.context`): it is stored with events, in
rows and in headers. Empty means that there is none. OpenTelemetry is imported only by
`shared.tracing.starting` (docs/adr/0135-traces-across-kafka.md).

A span holds no address, no name of a person, no text of a message, no token and no path of a
request: ids of Cuiban's own, and words of closed lists.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum, auto
from typing import Protocol

from typing_extensions import override

Value = str | int | Sequence[str]
Attributes = Mapping[str, Value]


class Kind(Enum):
    """What a span is in relation to other processes, as OpenTelemetry names it."""

    SERVER = auto()
    CLIENT = auto()
    PRODUCER = auto()
    CONSUMER = auto()


class TraceSpan(Protocol):
    """A step of a trace."""

    @property
    def traceparent(self) -> str:
        """The span's context; empty where nothing is traced."""

    def rename(self, name: str) -> None:
        """Give it a name that was not known when it began."""

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""

    def fail(self, why: str) -> None:
        """Mark it as failed; `why` is a word of a closed list or the name of a class."""

    def end(self) -> None:
        """End it; it is then sent."""


class Tracer(Protocol):
    """Makes spans, and sends those that ended."""

    def start(self, name: str, kind: Kind, parent: str, attributes: Attributes) -> TraceSpan:
        """Begin a span below `parent`; with an empty parent it begins a trace."""

    def close(self) -> None:
        """Send what has ended, within a few seconds."""


class _NoSpan(TraceSpan):
    @property
    @override
    def traceparent(self) -> str:
        return ""

    @override
    def rename(self, name: str) -> None:
        pass

    @override
    def note(self, attributes: Attributes) -> None:
        pass

    @override
    def fail(self, why: str) -> None:
        pass

    @override
    def end(self) -> None:
        pass


_NO_SPAN = _NoSpan()
_CURRENT: ContextVar[str] = ContextVar("traceparent", default="")
_TRACER: list[Tracer] = []
"""The process's tracer; empty while nothing is traced."""


def use_tracer(tracer: Tracer | None) -> None:
    """Make spans with this tracer from now on; None: make none."""
    _TRACER[:] = [tracer] if tracer else []


def stop_tracing() -> None:
    """Send what has ended, and make no more spans. It takes a few seconds at most."""
    tracers = list(_TRACER)
    use_tracer(None)
    for tracer in tracers:
        tracer.close()


def is_traced() -> bool:
    """Whether this process makes spans."""
    return bool(_TRACER)


def get_traceparent() -> str:
    """The context of the span that this task is in; empty when it is in none."""
    return _CURRENT.get()


def start_span(name: str, kind: Kind, attributes: Attributes, *, parent: str) -> TraceSpan:
    """A span that the caller ends, and that is not the task's; an empty parent begins a trace."""
    return _TRACER[0].start(name, kind, parent, attributes) if _TRACER else _NO_SPAN


@contextmanager
def open_span(
    name: str, kind: Kind, attributes: Attributes, *, parent: str | None = None
) -> Iterator[TraceSpan]:
    """A span around what the task does within; an error of it marks the span as failed.

    Without `parent` it is below the span that the task is in.
    """
    if not _TRACER:
        yield _NO_SPAN
        return
    span = start_span(
        name, kind, attributes, parent=get_traceparent() if parent is None else parent
    )
    try:
        with within(span.traceparent):
            yield span
    except Exception as error:
        span.fail(type(error).__name__)
        raise
    finally:
        span.end()


@contextmanager
def within(traceparent: str) -> Iterator[None]:
    """Let the task be in the span of a context: spans that it opens are below it."""
    token = _CURRENT.set(traceparent)
    try:
        yield
    finally:
        _CURRENT.reset(token)
