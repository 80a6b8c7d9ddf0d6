"""What the entries of a proof of notice state, from the rows of ledger, history and journal. Pure.

Instants are in UTC with six decimals, days in ISO 8601, fractions are texts: so every fact has a
canonical form.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from services.ingest.domain.statuses import MessageState
from shared.proof.entries import EntryKind

Statement = tuple[EntryKind, dict[str, Any]]
"""The kind and the facts of an entry."""


@dataclass(frozen=True, slots=True)
class OwedState:
    """A state of an obligation from `since` on, until the next one; None is not recorded."""

    since: datetime | None
    due_on: date | None
    known_on: date
    status: str
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class OwedDuty:
    """An obligation with the words of its plan."""

    obligation_id: UUID
    plan_id: UUID
    title: str | None
    year: int | None
    ref: str
    category: str | None
    task_name: str
    text: str
    kind: str
    period: str
    lead: bool
    due_on: date | None
    status: str


@dataclass(frozen=True, slots=True)
class ProvenReminder:
    """A reminder. `items` are as the history has them."""

    reminder_id: UUID
    audience: str
    slot: datetime
    plan_title: str
    rule_version: int
    rule_id: str
    fired_at: datetime | None
    complete: bool
    items: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ProvenMessage:
    """A message of a reminder. `made` are the calls, as `AttemptMade` writes them."""

    notification_id: UUID
    reminder_id: UUID
    audience: str
    channel: str
    address: str
    state: MessageState
    at: datetime
    reason: str
    gateway: str
    gateway_message_id: str
    subject: str
    body: str
    sent_at: datetime | None
    attempts: int
    made: list[dict[str, Any]]
    undelivered_at: datetime | None
    undelivered_why: str
    slot: datetime
    erased_sha256: bytes | None


@dataclass(frozen=True, slots=True)
class NotedEntry:
    """An entry of the journal; `number` and `hash` are its link in the office's chain."""

    number: int | None
    hash: bytes | None
    at: datetime
    actor: str
    action: str
    subject: str
    before: dict[str, Any]
    after: dict[str, Any]
    correlation_id: UUID


def describe_unit(unit_id: UUID, name: str) -> Statement:
    """A unit."""
    return EntryKind.UNIT, {"unit_id": str(unit_id), "name": name}


def describe_obligation(duty: OwedDuty, states: Iterable[OwedState]) -> Statement:
    """An obligation with its states, rising."""
    facts = _to_plain(asdict(duty))
    return EntryKind.OBLIGATION, facts | {"states": [_to_plain(asdict(each)) for each in states]}


def describe_reminder(reminder: ProvenReminder) -> Statement:
    """A reminder."""
    return EntryKind.REMINDER, _to_plain(asdict(reminder))


def describe_message(message: ProvenMessage) -> Iterator[Statement]:
    """A message, the calls of gateways for it, and what these reported later."""
    facts = _to_plain(asdict(message))
    made = facts.pop("made")
    undelivered_at, why = facts.pop("undelivered_at"), facts.pop("undelivered_why")
    erased = facts.pop("erased_sha256")
    has_text = bool(message.subject or message.body)
    facts["text_erased"] = erased is not None and not has_text
    facts["text_sha256"] = hash_text(message) if has_text else erased
    yield EntryKind.MESSAGE, facts
    name = {"notification_id": facts["notification_id"]}
    for attempt in made:
        yield EntryKind.ATTEMPT, name | attempt
    if undelivered_at is not None:
        yield EntryKind.RECEIPT, name | {"state": "failed", "at": undelivered_at, "detail": why}
    if message.state is MessageState.DELIVERED:
        yield EntryKind.RECEIPT, name | {"state": "delivered", "at": facts["at"], "detail": ""}


def hash_text(message: ProvenMessage) -> str:
    """The SHA-256 of subject, line feed and body, which stays when the text is erased."""
    return hashlib.sha256(f"{message.subject}\n{message.body}".encode()).hexdigest()


def describe_change(entry: NotedEntry) -> Statement:
    """An entry of the journal about an obligation."""
    return EntryKind.CHANGE, _to_plain(asdict(entry))


def format_instant(instant: datetime) -> str:
    """An instant in UTC with six decimals."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _to_plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _make_plain(value) for name, value in facts.items()}


def _make_plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """A value as JSON without fractions."""
    plain: Any = value
    match value:
        case Enum():
            plain = value.value
        case datetime():
            plain = format_instant(value)
        case date():
            plain = value.isoformat()
        case UUID() | float():
            plain = str(value)
        case bytes():
            plain = value.hex()
        case dict():
            plain = _to_plain(value)
        case list() | tuple():
            plain = [_make_plain(each) for each in value]
        case _:
            pass
    return plain
