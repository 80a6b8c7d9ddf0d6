"""Dead letters: kept from their topic, and replayed or discarded by a person."""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, fields
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.dead_letters import (
    NoReplay,
    choose_office,
    find_obstacle,
    read_headers,
)
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note
from services.ingest.store import dead_letters as store
from services.ingest.store.dead_letter_tables import LetterState
from services.ingest.store.dead_letters import NewLetter, StoredLetter
from services.ingest.store.tables import OUTBOX
from shared.errors import PoisonError
from shared.kafka.outbox.publishing import NewRow, encode_headers, insert_events
from shared.schemas.envelope import Envelope
from shared.schemas.events import RecordDeadLettered

_REFUSALS = {
    NoReplay.DECIDED: "这条死信已经处理。This dead letter was dealt with before.",
    NoReplay.INCOMPLETE: "没有保留完整的记录，不能重放。"
    "Its record is not kept whole, so it can't be replayed.",
    NoReplay.UNKNOWN_TOPIC: "不认识它的主题，不能重放。"
    "Its topic is not known, so it can't be replayed.",
    NoReplay.TOO_OLD: "已超过20天，重放可能生效两次。"
    "It is older than 20 days: a replay could take effect twice.",
}


@dataclass(frozen=True, slots=True)
class DeadLetter(StoredLetter):
    """A dead letter; `obstacle` is why it can't be replayed."""

    obstacle: NoReplay | None = None


async def keep_letters(prefix: str, db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
    """Store the dead letters of a batch. `prefix` stands before the names of topics.

    Raises:
        PoisonError: another event stands on their topic.
    """
    offices = frozenset(await store.list_office_ids(db))
    await store.add_letters(db, [_to_letter(prefix, each, offices) for each in envelopes])


def _to_letter(prefix: str, envelope: Envelope, offices: frozenset[UUID]) -> NewLetter:
    event = envelope.event
    if not isinstance(event, RecordDeadLettered):
        raise PoisonError("not-a-dead-letter", type(event).__name__)
    headers = read_headers(event.record_headers)
    return NewLetter(
        letter_id=envelope.id,
        office_id=choose_office(headers.office_id, offices),
        consumer=event.consumer,
        topic=event.topic.removeprefix(prefix),
        partition=event.partition,
        record_offset=event.offset,
        reason=_clean(event.reason),
        detail=_clean(event.detail),
        event_type=headers.event_type,
        event_id=headers.event_id,
        record_key=None if event.record_key is None else b64decode(event.record_key),
        record_value=None if event.record_value is None else b64decode(event.record_value),
        record_headers=headers.pairs,
        dead_at=envelope.time,
    )


def _clean(text: str) -> str:
    """A text without the character that PostgreSQL can't store."""
    return text.replace("\x00", "")


def describe(act: Act, letter: StoredLetter) -> DeadLetter:
    """A letter with what keeps it from a replay."""
    obstacle = find_obstacle(
        is_open=letter.state is LetterState.OPEN,
        topic=letter.topic,
        has_record=letter.record_value is not None,
        event_id=letter.event_id,
        age=max(letter.age, act.now - letter.dead_at),
    )
    values = {field.name: getattr(letter, field.name) for field in fields(letter)}
    return DeadLetter(**values, obstacle=obstacle)


async def show_letter(db: AsyncConnection, act: Act, letter_id: UUID) -> DeadLetter:
    """A letter with its record.

    Raises:
        RefusedError: the office has no such letter.
    """
    return describe(act, _require(await store.find_letter(db, act.office_id, letter_id)))


async def replay_letter(db: AsyncConnection, act: Act, letter_id: UUID, reason: str) -> DeadLetter:
    """Publish a letter's record anew to its topic, under the same event id.

    Each consumer applies it at most once: the inbox of those that applied it knows the id.

    Raises:
        RefusedError: there is no such letter, or it can't be replayed.
    """
    letter = describe(act, _require(await store.lock_letter(db, act.office_id, letter_id)))
    if letter.obstacle is not None:
        raise RefusedError(Fault.CONFLICT, _REFUSALS[letter.obstacle])
    row = NewRow(
        topic=letter.topic,
        key=letter.record_key or b"",
        value=letter.record_value or b"",
        headers=encode_headers((name, text) for name, text in letter.record_headers),
    )
    await insert_events(db, OUTBOX, [row])
    return await _decide(db, act, letter, LetterState.REPLAYED, reason)


async def discard_letter(db: AsyncConnection, act: Act, letter_id: UUID, reason: str) -> DeadLetter:
    """Close a letter: its record is never applied.

    Raises:
        RefusedError: there is no such letter, or it was dealt with before.
    """
    letter = describe(act, _require(await store.lock_letter(db, act.office_id, letter_id)))
    if letter.state is not LetterState.OPEN:
        raise RefusedError(Fault.CONFLICT, _REFUSALS[NoReplay.DECIDED])
    return await _decide(db, act, letter, LetterState.DISCARDED, reason)


async def _decide(
    db: AsyncConnection, act: Act, letter: DeadLetter, state: LetterState, reason: str
) -> DeadLetter:
    name = letter.letter_id
    await store.decide(db, name, state, by=act.actor, why=reason, now=act.now)
    before = {"consumer": letter.consumer, "topic": letter.topic, "reason": letter.reason}
    await note(db, act, f"dead-letter.{state}", name, before=before, after={"reason": reason})
    return await show_letter(db, act, name)


def _require(letter: StoredLetter | None) -> StoredLetter:
    if letter is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有这条死信。There is no such dead letter.",
            "请查看列表（`GET /v1/dead-letters`）。Look at the list (`GET /v1/dead-letters`).",
        )
    return letter
