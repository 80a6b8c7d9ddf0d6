"""What the tables know of a unit's reminders: sent, not sent on purpose, and their messages."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import MessageState
from services.ingest.store.fetching import fetch_all, is_any_of, list_columns
from services.ingest.store.history_tables import NOT_FIRED, NOTIFICATIONS, REMINDERS
from services.ingest.store.journal_tables import JOURNAL
from services.ingest.store.rows import StoredReminder
from shared.schemas.mutes import NotFired

_R, _N, _F, _J = REMINDERS.c, NOTIFICATIONS.c, NOT_FIRED.c, JOURNAL.c


@dataclass(frozen=True, slots=True)
class SentReminder(StoredReminder):
    """A reminder of a unit, with its id and the version of the book that it follows."""

    reminder_id: UUID
    rule_version: int


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What became of a reminder on one channel."""

    reminder_id: UUID
    channel: str
    state: MessageState
    at: datetime
    reason: str


async def list_reminders(
    db: AsyncConnection, unit_id: UUID, first: datetime, last: datetime
) -> list[SentReminder]:
    """A unit's reminders in the slots from `first` to `last`, rising."""
    query = select(*list_columns(SentReminder, _R)).where(
        _R.unit_id == unit_id, _R.slot >= first, _R.slot <= last
    )
    return await fetch_all(db, SentReminder, query.order_by(_R.slot, _R.reminder_id))


async def list_messages(
    db: AsyncConnection, unit_id: UUID, reminder_ids: Collection[UUID]
) -> list[SentMessage]:
    """The notifications of some reminders of a unit."""
    query = select(*list_columns(SentMessage, _N)).where(
        _N.unit_id == unit_id, is_any_of(_N.reminder_id, reminder_ids)
    )
    return await fetch_all(db, SentMessage, query.order_by(_N.slot, _N.channel, _N.at))


async def list_not_fired(
    db: AsyncConnection, unit_id: UUID, first: datetime, last: datetime
) -> list[NotFired]:
    """What the scheduler noted as not sent to a unit in some slots."""
    rows = await db.execute(
        select(NOT_FIRED).where(_F.unit_id == unit_id, _F.slot >= first, _F.slot <= last)
    )
    names = NotFired.model_fields
    return [
        NotFired.model_validate({name: value for name, value in row.items() if name in names})
        for row in rows.mappings()
    ]


async def map_actors(
    db: AsyncConnection, office_id: UUID, subjects: Collection[UUID], at: Collection[datetime]
) -> dict[tuple[UUID, datetime], str]:
    """Who changed some obligations and plans at some instants, by subject and instant."""
    rows = await db.execute(
        select(_J.subject, _J.at, _J.actor).where(
            _J.office_id == office_id,
            _J.subject.in_([str(subject) for subject in subjects]),
            _J.at.in_(list(at)),
        )
    )
    return {(UUID(row.subject), row.at): row.actor for row in rows}
