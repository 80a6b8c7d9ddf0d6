"""Where a span stands, as W3C Trace Context level 1 writes it (`traceparent`). Pure."""

import re
from dataclasses import dataclass

_VERSION_0 = "00"
_FORBIDDEN_VERSION = "ff"
_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_LONGEST = 512
"""Characters of a `traceparent` at most; one of a later version may be longer than 55."""


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A span's ids, and the flags of its trace; bit 0 says that the trace is recorded."""

    trace_id: int
    span_id: int
    flags: int

    def to_text(self) -> str:
        """The context as `traceparent` of version 0."""
        return f"{_VERSION_0}-{self.trace_id:032x}-{self.span_id:016x}-{self.flags:02x}"


def parse_context(text: str) -> TraceContext | None:
    """The context in a `traceparent`; None when it is broken or empty.

    Of a later version what version 0 has is read, as the recommendation asks.
    """
    match = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == _FORBIDDEN_VERSION or (version == _VERSION_0 and rest):
        return None
    context = TraceContext(int(trace_id, 16), int(span_id, 16), int(flags, 16))
    return context if context.trace_id and context.span_id else None


def clean_context(text: str) -> str:
    """A `traceparent` as version 0 writes it; empty when it is broken or empty."""
    context = parse_context(text) if text else None
    return context.to_text() if context else ""
