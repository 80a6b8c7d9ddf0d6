"""What is written can be read; what can't be read is poison with a reason."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PoisonError
from shared.kafka.broker.codec import decode, encode
from shared.schemas.envelope import Envelope
from shared.schemas.events import StatusReported
from shared.schemas.facts import Status
from shared.schemas.topics import DIRECTORY, TASKS, TOPICS

TIME = datetime(2023, 6, 1, 1, 30, tzinfo=UTC)
ID = UUID(int=7)
REPORT = StatusReported(
    office_id=UUID(int=1),
    unit_id=UUID(int=2),
    obligation_id=UUID(int=3),
    status=Status.DONE,
    number=2,
    reported_by="县发改局",
)
ENVELOPE = Envelope(ID, "/cuiban/ingest", TIME, ID, REPORT)


@given(st.text(), st.uuids(), st.sampled_from(Status), st.integers(0, 10**9))
def test_decode_undoes_encode(note: str, obligation: UUID, status: Status, number: int) -> None:
    event = REPORT.model_copy(
        update={
            "note": note,
            "obligation_id": obligation,
            "status": status,
            "number": number,
        }
    )
    try:
        note.encode()
    except UnicodeEncodeError:  # lone surrogates are no text
        return
    envelope = Envelope(obligation, "/cuiban/ingest", TIME, ID, event)
    record = encode(envelope)
    assert decode(TASKS, record.value, record.headers) == envelope


def test_the_headers_are_cloudevents_in_binary_mode() -> None:
    record = encode(ENVELOPE)
    assert record.topic == TASKS.name
    assert record.key == str(REPORT.unit_id).encode()
    assert dict(record.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": str(ID).encode(),
        "ce_type": b"cuiban.StatusReported.v1",
        "ce_source": b"/cuiban/ingest",
        "ce_time": b"2023-06-01T01:30:00+00:00",
        "ce_subject": str(REPORT.unit_id).encode(),
        "ce_officeid": str(REPORT.office_id).encode(),
        "ce_correlationid": str(ID).encode(),
        "content-type": b"application/json",
    }


def test_a_field_that_a_newer_writer_added_is_ignored() -> None:
    record = encode(ENVELOPE)
    value = json.dumps({**json.loads(record.value), "colour": "red"}).encode()
    assert decode(TASKS, value, record.headers) == ENVELOPE


@pytest.mark.parametrize(
    ("change", "value", "reason"),
    [
        ({}, None, "no-value"),
        ({"ce_id": None}, b"{}", "bad-headers"),
        ({"ce_id": b"7"}, b"{}", "bad-headers"),
        ({"ce_time": b"2023-06-01T00:00:00"}, b"{}", "bad-headers"),
        ({"ce_time": b"\xff"}, b"{}", "bad-headers"),
        ({"ce_type": b"cuiban.Nonsense.v1"}, b"{}", "unknown-type"),
        ({"ce_type": b"cuiban.ReminderDue.v1"}, b"{}", "wrong-topic"),
        ({}, b"{}", "bad-value"),
        ({}, b"\x00\xff", "bad-value"),
    ],
)
def test_poison_has_a_reason(
    change: dict[str, bytes | None], value: bytes | None, reason: str
) -> None:
    headers = {**dict(encode(ENVELOPE).headers), **change}
    with pytest.raises(PoisonError) as caught:
        decode(TASKS, value, [(k, v) for k, v in headers.items() if v is not None])
    assert caught.value.reason == reason


def test_what_is_said_of_a_bad_value_does_not_hold_the_value() -> None:
    headers = encode(ENVELOPE).headers
    value = json.dumps({"office_id": "13800000000"}).encode()
    with pytest.raises(PoisonError) as caught:
        decode(TASKS, value, headers)
    assert "13800000000" not in str(caught.value)


@given(st.binary(), st.lists(st.tuples(st.text(max_size=9), st.binary(max_size=40)), max_size=5))
def test_whatever_bytes_come_in_they_are_an_event_or_poison(
    value: bytes, extra: list[tuple[str, bytes]]
) -> None:
    headers = [*encode(ENVELOPE).headers, *extra]
    with pytest.raises(PoisonError):
        decode(DIRECTORY, value, headers)


def test_no_event_type_stands_on_two_topics() -> None:
    types = [event for topic in TOPICS for event in topic.events]
    assert len(types) == len(set(types))


CONTEXT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_trace_context_is_the_extension_of_cloudevents() -> None:
    record = encode(replace(ENVELOPE, traceparent=CONTEXT))
    assert dict(record.headers)["ce_traceparent"] == CONTEXT.encode()
    assert decode(TASKS, record.value, record.headers).traceparent == CONTEXT


@pytest.mark.parametrize("broken", [b"", b"00-1-2-3", b"\xff\xfe", CONTEXT.encode() + b"-x", None])
def test_a_broken_trace_context_is_ignored(broken: bytes | None) -> None:
    record = encode(ENVELOPE)
    headers = [*record.headers, ("ce_traceparent", broken)]
    envelope = decode(TASKS, record.value, headers)
    assert (envelope, envelope.traceparent) == (ENVELOPE, "")


def test_headers_that_are_not_known_are_ignored_whatever_they_hold() -> None:
    record = encode(ENVELOPE)
    others = [("ce_baggage", b"a=b"), ("ce_colour", b"\xff"), ("x", None)]
    assert decode(TASKS, record.value, [*record.headers, *others]) == ENVELOPE
