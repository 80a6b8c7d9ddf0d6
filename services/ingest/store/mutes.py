"""Mutes of an office, the ended ones too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, any_, insert, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import PlanStatus
from services.ingest.store.fetching import fetch_all, fetch_first, list_columns
from services.ingest.store.office_tables import MUTES
from services.ingest.store.tables import MEASURES, PLANS, UNITS
from shared.schemas.mutes import Mute

_M = MUTES.c


@dataclass(frozen=True, slots=True)
class StoredMute:
    """A mute with the names of what it silences; None where it asks nothing of that."""

    mute_id: UUID
    unit_id: UUID | None
    unit: str | None
    plan_id: UUID | None
    plan: str | None
    task: str | None
    measure_ids: list[UUID] | None
    rule_id: str | None
    since: datetime
    until: datetime
    reason: str
    muted_at: datetime
    muted_by: str
    ended_at: datetime | None
    ended_by: str | None
    ended_why: str | None

    def to_mute(self) -> Mute:
        """The mute as events and the planner have it."""
        values = {name: getattr(self, name) for name in Mute.model_fields}
        return Mute.model_validate(values)


@dataclass(frozen=True, slots=True)
class MuteFilter:
    """Which mutes to list; None leaves a condition out.

    Attributes:
        lasting_at: those that have not ended at this instant, also those that begin later.
        until_after: those that held at this instant or later.
        unit_id, measure_id: those that can silence something of the unit, of the measure.
    """

    lasting_at: datetime | None = None
    until_after: datetime | None = None
    unit_id: UUID | None = None
    measure_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PublishedMeasure:
    """A measure of a published plan."""

    measure_id: UUID
    ref: str
    plan_id: UUID
    title: str | None


_NAMES = {"unit": UNITS.c.name, "plan": PLANS.c.title}
_MUTES = select(*list_columns(StoredMute, _NAMES, _M)).select_from(
    MUTES.outerjoin(UNITS, UNITS.c.unit_id == _M.unit_id).outerjoin(
        PLANS, PLANS.c.plan_id == _M.plan_id
    )
)


async def list_mutes(
    db: AsyncConnection,
    office_id: UUID,
    wanted: MuteFilter,
    before: tuple[datetime, UUID] | None = None,
    limit: int | None = None,
) -> list[StoredMute]:
    """An office's mutes, the newest first; those before a place."""
    query = _MUTES.where(_M.office_id == office_id, *_list_conditions(wanted))
    if before is not None:
        query = query.where(tuple_(_M.muted_at, _M.mute_id) < tuple_(*before))
    query = query.order_by(_M.muted_at.desc(), _M.mute_id.desc()).limit(limit)
    return await fetch_all(db, StoredMute, query)


def _list_conditions(wanted: MuteFilter) -> list[ColumnElement[bool]]:
    conditions = []
    if wanted.lasting_at is not None:
        conditions += [_M.until > wanted.lasting_at, _M.ended_at.is_(None)]
    if wanted.until_after is not None:
        conditions.append(_M.until > wanted.until_after)
    if wanted.unit_id is not None:
        conditions.append(or_(_M.unit_id.is_(None), _M.unit_id == wanted.unit_id))
    if wanted.measure_id is not None:
        named = literal(wanted.measure_id) == any_(_M.measure_ids)
        conditions.append(or_(_M.measure_ids.is_(None), named))
    return conditions


async def find_mute(db: AsyncConnection, office_id: UUID, mute_id: UUID) -> StoredMute | None:
    """A mute of an office; None when it has no such one."""
    query = _MUTES.where(_M.office_id == office_id, _M.mute_id == mute_id)
    return await fetch_first(db, StoredMute, query)


async def add_mute(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Enter a mute."""
    await db.execute(insert(MUTES).values(dict(row)))


async def end_mute(db: AsyncConnection, mute_id: UUID, values: Mapping[str, Any]) -> None:
    """Note that a mute was ended."""
    await db.execute(update(MUTES).where(_M.mute_id == mute_id).values(dict(values)))


async def list_published_measures(
    db: AsyncConnection, office_id: UUID, plan_id: UUID | None
) -> Sequence[PublishedMeasure]:
    """The measures of an office's published plans, or of one of them."""
    query = select(
        *list_columns(PublishedMeasure, MEASURES.c, PLANS.c),
    ).select_from(MEASURES.join(PLANS, PLANS.c.plan_id == MEASURES.c.plan_id))
    query = query.where(MEASURES.c.office_id == office_id, PLANS.c.status == PlanStatus.PUBLISHED)
    if plan_id is not None:
        query = query.where(PLANS.c.plan_id == plan_id)
    return await fetch_all(db, PublishedMeasure, query)
