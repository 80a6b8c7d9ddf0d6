"""A `traceparent` is read as the recommendation says, and a broken one is ignored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tracing.context import TraceContext, clean_context, parse_context

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SOUND = f"00-{TRACE}-{SPAN}-01"


def test_the_example_of_the_recommendation_is_read() -> None:
    assert parse_context(SOUND) == TraceContext(int(TRACE, 16), int(SPAN, 16), 1)


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 255))
def test_what_is_written_is_read(trace_id: int, span_id: int, flags: int) -> None:
    context = TraceContext(trace_id, span_id, flags)
    assert parse_context(context.to_text()) == context


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "00",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"0x-{TRACE}-{SPAN}-01",
        f" {SOUND}",
        f"{SOUND}\n",
        f"00-{'٣' * 32}-{SPAN}-01",
        f"01-{TRACE}-{SPAN}-01-{'x' * 600}",
    ],
)
def test_a_broken_one_is_ignored(broken: str) -> None:
    assert parse_context(broken) is None
    assert clean_context(broken) == ""


def test_of_a_later_version_what_is_known_is_read() -> None:
    assert clean_context(f"01-{TRACE}-{SPAN}-01-whatever") == SOUND
    assert clean_context(f"01-{TRACE}-{SPAN}-01") == SOUND
