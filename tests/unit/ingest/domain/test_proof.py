"""What the entries of a proof of notice state of rows."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

from services.ingest.domain.proof import (
    OwedDuty,
    OwedState,
    ProvenMessage,
    describe_message,
    describe_obligation,
)
from services.ingest.domain.statuses import MessageState
from shared.canonical_json import to_canonical_json
from shared.proof.entries import EntryKind

SLOT = datetime(2023, 6, 1, 9, tzinfo=timezone(timedelta(hours=8)))
MADE = {"number": 1, "gateway": "smtp", "outcome": "accepted", "detail": ""}
MESSAGE = ProvenMessage(
    notification_id=UUID(int=9),
    reminder_id=UUID(int=8),
    audience="liaison",
    channel="email",
    address="a@b.example",
    state=MessageState.DELIVERED,
    at=SLOT + timedelta(minutes=2),
    reason="",
    gateway="smtp",
    gateway_message_id="<9@b.example>",
    subject="【催办】",
    body="请于6月30日前办结",
    sent_at=SLOT,
    attempts=1,
    made=[MADE],
    undelivered_at=SLOT + timedelta(minutes=1),
    undelivered_why="UNKNOWN",
    slot=SLOT,
    erased_sha256=None,
)
TEXT_SHA256 = hashlib.sha256("【催办】\n请于6月30日前办结".encode()).hexdigest()


def test_a_message_is_followed_by_its_calls_and_receipts() -> None:
    message, attempt, failed, delivered = describe_message(MESSAGE)
    assert message[0] is EntryKind.MESSAGE
    assert message[1]["body"] == "请于6月30日前办结"
    assert message[1]["address"] == "a@b.example"
    assert message[1]["sent_at"] == "2023-06-01T01:00:00.000000+00:00"
    assert (message[1]["text_erased"], message[1]["text_sha256"]) == (False, TEXT_SHA256)
    name = {"notification_id": str(UUID(int=9))}
    assert attempt == (EntryKind.ATTEMPT, name | MADE)
    at = "2023-06-01T01:01:00.000000+00:00"
    assert failed == (
        EntryKind.RECEIPT,
        name | {"state": "failed", "at": at, "detail": "UNKNOWN"},
    )
    assert delivered[1]["state"] == "delivered"


def test_an_erased_text_leaves_its_hash() -> None:
    erased = replace(MESSAGE, subject="", body="", erased_sha256=bytes.fromhex(TEXT_SHA256))
    facts = next(describe_message(erased))[1]
    assert (facts["text_erased"], facts["text_sha256"]) == (True, TEXT_SHA256)


def test_what_was_never_rendered_has_no_hash() -> None:
    dropped = replace(MESSAGE, subject="", body="", state=MessageState.SUPPRESSED, made=[])
    facts = next(describe_message(dropped))[1]
    assert (facts["text_erased"], facts["text_sha256"]) == (False, None)


def test_an_obligation_has_all_its_states_in_canonical_values() -> None:
    duty = OwedDuty(
        obligation_id=UUID(int=1),
        plan_id=UUID(int=2),
        title="要点",
        year=2023,
        ref="16.2",
        category=None,
        task_name="目录",
        text="公开目录。",
        kind="deadline",
        period="2023",
        lead=True,
        due_on=date(2023, 9, 30),
        status="assigned",
    )
    since = datetime(2023, 5, 1, tzinfo=UTC)
    states = [OwedState(since, date(2023, 9, 30), date(2023, 5, 1), "assigned", withdrawn=False)]
    kind, facts = describe_obligation(duty, states)
    assert kind is EntryKind.OBLIGATION
    assert facts["states"] == [
        {
            "since": "2023-05-01T00:00:00.000000+00:00",
            "due_on": "2023-09-30",
            "known_on": "2023-05-01",
            "status": "assigned",
            "withdrawn": False,
        }
    ]
    assert to_canonical_json(facts)
