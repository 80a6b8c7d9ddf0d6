"""A dead letter stays in the trace of its record, of which nothing else need be readable."""

from datetime import UTC, datetime

import pytest

from shared.errors import PoisonError
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.consuming.dead_letters import build_dead_letter

NOW = datetime(2023, 6, 1, tzinfo=UTC)
CONTEXT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("value", "context"), [(CONTEXT.encode(), CONTEXT), (b"\xff", ""), (None, "")]
)
def test_a_dead_letter_is_in_the_trace_of_its_record(value: bytes | None, context: str) -> None:
    headers = (("ce_id", b"\xff"), ("ce_traceparent", value))
    record = RawRecord(Partition("tried", 0), 1, b"k", b"v", headers, 0)
    letter = build_dead_letter("tried", "/cuiban/test", record, PoisonError("bad-headers", ""), NOW)
    assert letter.traceparent == context
