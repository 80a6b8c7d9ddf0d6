"""Dead letters: entered by their consumer, listed and decided on by people."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.dead_letter_tables import DEAD_LETTERS, LetterState
from services.ingest.store.fetching import fetch_all, fetch_first, list_columns
from services.ingest.store.tables import OFFICES
from shared.database.engine import insert_rows
from shared.database.statements import to_rows

Place = tuple[datetime, UUID]
"""The place of a letter in the list: when it became one, and its id."""
_D = DEAD_LETTERS.c


@dataclass(frozen=True, slots=True)
class NewLetter:
    """A record that a consumer could not read or apply.

    `record_headers` are pairs of name and text. `event_id` is None where no header names one.
    """

    letter_id: UUID
    office_id: UUID | None
    consumer: str
    topic: str
    partition: int
    record_offset: int
    reason: str
    detail: str
    event_type: str
    event_id: UUID | None
    record_key: bytes | None
    record_value: bytes | None
    record_headers: list[list[str]]
    dead_at: datetime
    state: LetterState = LetterState.OPEN


@dataclass(frozen=True, slots=True)
class StoredLetter(NewLetter):
    """A dead letter, and what a person decided; `age` is how long it has been stored."""

    decided_at: datetime | None = None
    decided_by: str = ""
    decided_why: str = ""
    age: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters to list; empty leaves a condition out."""

    states: tuple[LetterState, ...] = ()
    consumers: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LetterCause:
    """How many letters of one consumer and topic have one reason."""

    consumer: str
    topic: str
    reason: str
    event_type: str
    letters: int
    first: datetime
    last: datetime


_NAMED = {"age": func.now() - _D.stored_at}
_LETTER = list_columns(StoredLetter, _D, _NAMED)


async def add_letters(db: AsyncConnection, letters: Sequence[NewLetter]) -> None:
    """Enter letters; a repeat changes nothing."""
    rows = [
        {**row, "record_headers": json.dumps(row["record_headers"])} for row in to_rows(letters)
    ]
    await insert_rows(db, DEAD_LETTERS, rows, "DO NOTHING")


async def list_office_ids(db: AsyncConnection) -> set[UUID]:
    """All offices of the installation."""
    return set(await db.scalars(select(OFFICES.c.office_id)))


async def list_letters(
    db: AsyncConnection, office_id: UUID, wanted: LetterFilter, before: Place | None, limit: int
) -> list[StoredLetter]:
    """The letters of an office before a place, the newest first."""
    query = select(*_LETTER).where(*_list_conditions(office_id, wanted))
    if before is not None:
        query = query.where(tuple_(_D.dead_at, _D.letter_id) < tuple_(*before))
    query = query.order_by(_D.dead_at.desc(), _D.letter_id.desc()).limit(limit)
    return await fetch_all(db, StoredLetter, query)


async def count_causes(
    db: AsyncConnection, office_id: UUID, wanted: LetterFilter
) -> list[LetterCause]:
    """How many letters there are of each consumer, topic, reason and type, the most first."""
    by = (_D.consumer, _D.topic, _D.reason, _D.event_type)
    counted = func.count()
    query = (
        select(*by, counted, func.min(_D.dead_at), func.max(_D.dead_at))
        .where(*_list_conditions(office_id, wanted))
        .group_by(*by)
        .order_by(counted.desc(), *by)
    )
    return await fetch_all(db, LetterCause, query)


async def lock_letter(db: AsyncConnection, office_id: UUID, letter_id: UUID) -> StoredLetter | None:
    """A letter of an office, locked until the transaction ends; None when there is none."""
    return await fetch_first(db, StoredLetter, _find(office_id, letter_id).with_for_update())


async def find_letter(db: AsyncConnection, office_id: UUID, letter_id: UUID) -> StoredLetter | None:
    """A letter of an office; None when there is none."""
    return await fetch_first(db, StoredLetter, _find(office_id, letter_id))


async def decide(
    db: AsyncConnection, letter_id: UUID, state: LetterState, *, by: str, why: str, now: datetime
) -> None:
    """Enter what a person decided about a letter."""
    values = {"state": state, "decided_at": now, "decided_by": by, "decided_why": why}
    await db.execute(update(DEAD_LETTERS).where(_D.letter_id == letter_id).values(values))


async def forget_records(db: AsyncConnection, office_id: UUID, before: datetime) -> int:
    """Erase the records of earlier letters, which may name people; of how many."""
    erased = await db.execute(
        update(DEAD_LETTERS)
        .where(_D.office_id == office_id, _D.dead_at < before, _D.record_value.is_not(None))
        .values(record_value=None, record_key=None, detail="")
    )
    return erased.rowcount


def _find(office_id: UUID, letter_id: UUID) -> Select[*tuple[Any, ...]]:
    return select(*_LETTER).where(_D.letter_id == letter_id, _D.office_id == office_id)


def _list_conditions(office_id: UUID, wanted: LetterFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_D.office_id == office_id]
    pairs = (
        *((_D.state, wanted.states), (_D.consumer, wanted.consumers)),
        *((_D.topic, wanted.topics), (_D.reason, wanted.reasons)),
    )
    return [*conditions, *(column.in_(values) for column, values in pairs if values)]
