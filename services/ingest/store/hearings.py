"""Records of hearings, and the obligations that they count for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, func, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, list_columns
from services.ingest.store.life_tables import HEARINGS
from services.ingest.store.tables import OBLIGATIONS
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import ObligationKind

_O, _H = OBLIGATIONS.c, HEARINGS.c


@dataclass(frozen=True, slots=True)
class StoredHearing:
    """A hearing as it counts for one obligation."""

    hearing_id: UUID
    obligation_id: UUID
    unit_id: UUID
    heard_on: date
    heard_by: str
    minutes: str
    recorded_by: str
    recorded_at: datetime


_HEARING = list_columns(StoredHearing, _H)


async def list_hearing_obligations(
    db: AsyncConnection, office_id: UUID, unit_id: UUID, year: int
) -> list[UUID]:
    """A unit's obligations of a year to hear the report, done or not."""
    ids = await db.execute(
        select(_O.obligation_id)
        .where(
            _O.office_id == office_id,
            _O.unit_id == unit_id,
            _O.kind == ObligationKind.HEARING,
            _O.period == str(year),
            _O.withdrawn_at.is_(None),
        )
        .order_by(_O.obligation_id)
    )
    return list(ids.scalars().all())


async def list_hearings(db: AsyncConnection, obligation_id: UUID) -> list[StoredHearing]:
    """The hearings that count for an obligation, by day."""
    query = select(*_HEARING).where(_H.obligation_id == obligation_id, _H.taken_back_at.is_(None))
    return await fetch_all(db, StoredHearing, query.order_by(_H.heard_on, _H.hearing_id))


async def list_counted(
    db: AsyncConnection, office_id: UUID, hearing_id: UUID
) -> list[StoredHearing]:
    """A hearing, once for each obligation that it counts for."""
    query = select(*_HEARING).where(
        _H.office_id == office_id, _H.hearing_id == hearing_id, _H.taken_back_at.is_(None)
    )
    return await fetch_all(db, StoredHearing, query.order_by(_H.obligation_id))


async def list_earlier(
    db: AsyncConnection, office_id: UUID, plan_id: UUID, since: datetime
) -> list[StoredHearing]:
    """Hearings of the same unit and year as each hearing duty that a plan made at an instant.

    Each has the id of such a duty, though it does not count for it yet.
    """
    columns = list_columns(StoredHearing, {"obligation_id": _O.obligation_id}, _H)
    query = (
        select(*columns)
        .distinct()
        .select_from(OBLIGATIONS.join(HEARINGS, _H.unit_id == _O.unit_id))
        .where(
            _O.office_id == office_id,
            _O.plan_id == plan_id,
            _O.kind == ObligationKind.HEARING,
            _O.since == since,
            _O.status == ObligationStatus.ASSIGNED,
            _H.obligation_id != _O.obligation_id,
            _H.taken_back_at.is_(None),
            cast(func.extract("year", _H.heard_on), Text) == _O.period,
        )
        .order_by(_O.obligation_id, _H.heard_on, _H.hearing_id)
    )
    return await fetch_all(db, StoredHearing, query)


async def put_hearing(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Record a hearing for an obligation; one that was taken back counts again."""
    statement = postgresql.insert(HEARINGS).values(dict(row))
    again = {**row, "taken_back_at": None, "taken_back_by": None, "taken_back_why": None}
    await db.execute(
        statement.on_conflict_do_update(
            index_elements=[_H.hearing_id, _H.obligation_id], set_=again
        )
    )


async def take_back(
    db: AsyncConnection, hearing_id: UUID, *, now: datetime, actor: str, why: str
) -> None:
    """Let a hearing count no longer."""
    await db.execute(
        update(HEARINGS)
        .where(_H.hearing_id == hearing_id, _H.taken_back_at.is_(None))
        .values(taken_back_at=now, taken_back_by=actor, taken_back_why=why)
    )
