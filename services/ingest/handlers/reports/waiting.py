"""What waits for a person of the office: counted, and listed with what it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.expansion import Directory, resolve
from services.ingest.domain.statuses import PlanStatus
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.ledger import LedgerItem, to_item
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.handlers.plans.doubts import (
    list_drafts,
    list_names,
    list_open_codes,
    list_plan_doubts,
    to_decisions,
)
from services.ingest.handlers.plans.membership import compare_members
from services.ingest.handlers.units.units import load_directory
from services.ingest.store import obligations, plans
from services.ingest.store import waiting as store
from services.ingest.store.life import StoredExtension, StoredObjection
from services.ingest.store.life_tables import ExtensionState, ObjectionState
from services.ingest.store.rows import StoredPlan

_Asked = StoredExtension | StoredObjection


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedExtension(StoredExtension):
    """An extension with the obligation that it is about."""

    obligation: LedgerItem


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedObjection(StoredObjection):
    """An objection with the obligation that it is about."""

    obligation: LedgerItem


@dataclass(frozen=True, slots=True)
class WaitingPlan:
    """A plan or revision with what is open; `gains`, `losses` and `handovers` count units."""

    plan_id: UUID
    revises: UUID | None
    title: str | None
    year: int | None
    document_name: str
    status: PlanStatus
    imported_at: datetime
    open: int
    unknown_names: int
    doubts: tuple[str, ...]
    gains: int
    losses: int
    handovers: int


async def list_extensions(
    db: AsyncConnection,
    act: Act,
    states: Sequence[ExtensionState],
    after: store.Place | None,
    limit: int,
) -> list[AskedExtension]:
    """Extensions in some states, all without any, the oldest first."""
    rows = await store.list_extensions(db, act.office_id, states, after, limit)
    items = await _map_items(db, act, rows)
    return [AskedExtension(**_list_values(row, items)) for row in rows]


async def list_objections(
    db: AsyncConnection,
    act: Act,
    states: Sequence[ObjectionState],
    after: store.Place | None,
    limit: int,
) -> list[RaisedObjection]:
    """Objections in some states, all without any, the oldest first."""
    rows = await store.list_objections(db, act.office_id, states, after, limit)
    items = await _map_items(db, act, rows)
    return [RaisedObjection(**_list_values(row, items)) for row in rows]


def _list_values(row: _Asked, items: Mapping[UUID, LedgerItem]) -> dict[str, Any]:
    values = {each.name: getattr(row, each.name) for each in fields(row)}
    return values | {"obligation": items[row.obligation_id]}


async def _map_items(
    db: AsyncConnection, act: Act, rows: Sequence[_Asked]
) -> dict[UUID, LedgerItem]:
    day = await get_office_day(db, act.office_id, act.now)
    entries = await obligations.list_entries(db, [row.obligation_id for row in rows])
    return {entry.obligation_id: to_item(entry, day) for entry in entries}


async def list_waiting_plans(db: AsyncConnection, act: Act) -> list[WaitingPlan]:
    """The drafts and revisions, and the published plans of which something is open."""
    known = await load_directory(db, act.office_id)
    rows = [
        await _describe_plan(db, act, plan, known)
        for plan in await store.list_open_plans(db, act.office_id)
    ]
    return [
        row
        for row in rows
        if row.status is not PlanStatus.PUBLISHED
        or any((row.open, row.unknown_names, row.doubts, row.gains, row.losses, row.handovers))
    ]


async def _describe_plan(
    db: AsyncConnection, act: Act, plan: StoredPlan, known: Directory
) -> WaitingPlan:
    measures = await plans.list_measures(db, plan.plan_id)
    stored = await plans.list_decisions(db, plan.revises or plan.plan_id, plan.plan_id)
    decisions = to_decisions(stored)
    names = {name for each in measures if not each.is_dropped for name in list_names(each)}
    is_published = plan.status is PlanStatus.PUBLISHED
    change = await compare_members(db, act, plan, known) if is_published else None
    return WaitingPlan(
        plan_id=plan.plan_id,
        revises=plan.revises,
        title=plan.title,
        year=plan.year,
        document_name=plan.document_name,
        status=plan.status,
        imported_at=plan.imported_at,
        open=sum(bool(list_open_codes(each, list_drafts(each, plan.year))) for each in measures),
        unknown_names=sum(resolve(name, known, decisions) is None for name in names),
        doubts=list_plan_doubts(plan),
        gains=len(change.gains) if change else 0,
        losses=len(change.losses) if change else 0,
        handovers=len(change.handovers) if change else 0,
    )
