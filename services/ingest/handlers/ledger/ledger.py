"""Reads the ledger and the history of notifications."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.lifecycle import get_light
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, require_unit
from services.ingest.handlers.office.rules import OfficeDay, get_office_day
from services.ingest.store import history, units
from services.ingest.store import obligations as store
from services.ingest.store.rows import LedgerEntry, StoredNotification
from shared.schemas.facts import Status
from shared.schemas.lights import Light
from shared.schemas.rules import ObligationKind


@dataclass(frozen=True, slots=True)
class LedgerItem:
    """An obligation, as the ledger shows it on a day. `number` counts its changes."""

    obligation_id: UUID
    unit_id: UUID
    unit: str
    plan_id: UUID
    ref: str
    task_name: str
    text: str
    kind: ObligationKind
    period: str
    due_on: date | None
    status: Status
    light: Light
    lead: bool
    number: int
    place: store.Place


@dataclass(frozen=True, slots=True)
class LedgerQuery:
    """Which obligations a reader asks for; None leaves a condition out."""

    unit_id: UUID | None = None
    plan_id: UUID | None = None
    status: Status | None = None
    light: Light | None = None


@dataclass(frozen=True, slots=True)
class UnitSummary:
    """How many obligations a unit has; `near` and `overdue` are among those `open`."""

    unit_id: UUID
    unit: str
    total: int
    done: int
    open: int
    near: int
    overdue: int


def to_item(entry: LedgerEntry, day: OfficeDay) -> LedgerItem:
    """An entry of the ledger with its light on a day."""
    return LedgerItem(
        obligation_id=entry.obligation_id,
        unit_id=entry.unit_id,
        unit=entry.unit,
        plan_id=entry.plan_id,
        ref=entry.ref,
        task_name=entry.task_name,
        text=entry.text,
        kind=entry.kind,
        period=entry.period,
        due_on=entry.due_on,
        status=entry.status,
        light=get_light(entry.status, entry.due_on, day.today, day.near_until),
        lead=entry.lead,
        number=entry.number,
        place=(entry.unit_id, entry.plan_id, entry.ordinal, entry.period),
    )


def _make_filter(act: Act, query: LedgerQuery, day: OfficeDay) -> store.LedgerFilter:
    """The store's filter for a query; an actor of a unit gets that unit's obligations alone."""
    unit_id = query.unit_id
    if act.unit_id is not None:
        require_unit(act, unit_id or act.unit_id)
        unit_id = act.unit_id
    return store.LedgerFilter(
        today=day.today,
        near_until=day.near_until,
        unit_id=unit_id,
        plan_id=query.plan_id,
        status=query.status,
        light=query.light,
    )


async def list_items(
    db: AsyncConnection, act: Act, query: LedgerQuery, after: store.Place | None, limit: int
) -> list[LedgerItem]:
    """Obligations by unit, plan and measure, after a place in the ledger.

    Raises:
        RefusedError: the query names a unit that the actor may not act for.
    """
    day = await get_office_day(db, act.office_id, act.now)
    wanted = _make_filter(act, query, day)
    entries = await store.list_entries(db, act.office_id, wanted, after, limit)
    return [to_item(entry, day) for entry in entries]


async def summarise_units(
    db: AsyncConnection, act: Act, query: LedgerQuery, after: UUID | None, limit: int
) -> list[UnitSummary]:
    """The counts of each unit by unit id, after one of them; units without any are left out.

    Raises:
        RefusedError: the query names a unit that the actor may not act for.
    """
    day = await get_office_day(db, act.office_id, act.now)
    wanted = _make_filter(act, query, day)
    counts = await store.count_by_unit(db, act.office_id, wanted, after, limit)
    return [
        UnitSummary(
            unit_id=unit.unit_id,
            unit=unit.unit,
            total=unit.total,
            done=unit.done,
            open=unit.total - unit.done,
            near=unit.near,
            overdue=unit.overdue,
        )
        for unit in counts
    ]


async def list_notifications(
    db: AsyncConnection,
    act: Act,
    unit_id: UUID,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredNotification]:
    """A unit's notifications before a slot and id, the newest slot first.

    Raises:
        RefusedError: no such unit.
    """
    require_unit(act, unit_id)
    if await units.find_unit(db, act.office_id, unit_id) is None:
        raise RefusedError(Fault.NOT_FOUND, "There is no such unit.")
    return await history.list_notifications(db, act.office_id, unit_id, before, limit)
