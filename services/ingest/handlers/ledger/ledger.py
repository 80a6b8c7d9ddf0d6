"""Reads the ledger and the history of notifications."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.lifecycle import get_light
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, require_unit
from services.ingest.handlers.ledger.selecting import LedgerQuery, make_filter
from services.ingest.handlers.office.rules import OfficeDay, get_office_day
from services.ingest.store import history, ledger_counts, units
from services.ingest.store import ledger as store
from services.ingest.store.ledger_counts import SummarySort
from services.ingest.store.ledger_rows import LedgerEntry
from services.ingest.store.rows import StoredNotification
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light
from shared.schemas.rules import ObligationKind


@dataclass(frozen=True, slots=True)
class LedgerItem:
    """An obligation, as the ledger shows it on a day. `number` counts its changes."""

    obligation_id: UUID
    unit_id: UUID
    unit: str
    plan_id: UUID
    plan: str | None
    year: int | None
    ref: str
    category: str | None
    task_name: str
    text: str
    kind: ObligationKind
    period: str
    due_on: date | None
    known_on: date
    status: ObligationStatus
    light: Light
    lead: bool
    number: int
    done_at: datetime | None
    done_by: str | None
    place: store.Place


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


@dataclass(frozen=True, slots=True)
class LedgerCounts:
    """How many obligations there are, by light and by status."""

    total: int
    lights: Mapping[Light, int]
    statuses: Mapping[ObligationStatus, int]


def to_item(entry: LedgerEntry, day: OfficeDay) -> LedgerItem:
    """An entry of the ledger with its light on a day."""
    return LedgerItem(
        obligation_id=entry.obligation_id,
        unit_id=entry.unit_id,
        unit=entry.unit,
        plan_id=entry.plan_id,
        plan=entry.title,
        year=entry.year,
        ref=entry.ref,
        category=entry.category,
        task_name=entry.task_name,
        text=entry.text,
        kind=entry.kind,
        period=entry.period,
        due_on=entry.due_on,
        known_on=entry.known_on,
        status=entry.status,
        light=get_light(entry.status, entry.due_on, day.today, day.near_until),
        lead=entry.lead,
        number=entry.number,
        done_at=entry.done_at,
        done_by=entry.done_by,
        place=(entry.unit_id, entry.plan_id, entry.ordinal, entry.period),
    )


def get_place(item: LedgerItem, sort: store.LedgerSort) -> store.Place | store.DuePlace:
    """An item's place in a list with this order."""
    if sort is store.LedgerSort.PLACE:
        return item.place
    return item.due_on, item.obligation_id


async def list_items(
    db: AsyncConnection, act: Act, query: LedgerQuery, page: store.LedgerPage
) -> list[LedgerItem]:
    """A page of the obligations that a query selects.

    Raises:
        RefusedError: the query names what does not exist or the actor may not see.
    """
    day = await get_office_day(db, act.office_id, act.now)
    wanted = await make_filter(db, act, query, day)
    entries = await store.list_entries(db, act.office_id, wanted, page)
    return [to_item(entry, day) for entry in entries]


async def summarise_units(
    db: AsyncConnection,
    act: Act,
    query: LedgerQuery,
    after: tuple[int, UUID] | None,
    limit: int,
    *,
    sort: SummarySort = SummarySort.UNIT,
) -> list[UnitSummary]:
    """The counts of each unit, after one of them; units without any are left out.

    `after` is what is overdue of that unit, and its id.

    Raises:
        RefusedError: the query names what does not exist or the actor may not see.
    """
    day = await get_office_day(db, act.office_id, act.now)
    wanted = await make_filter(db, act, query, day)
    counts = await ledger_counts.count_by_unit(db, act.office_id, wanted, after, limit, sort=sort)
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


async def count_items(db: AsyncConnection, act: Act, query: LedgerQuery) -> LedgerCounts:
    """How many obligations a query selects, by light and by status.

    Raises:
        RefusedError: the query names what does not exist or the actor may not see.
    """
    day = await get_office_day(db, act.office_id, act.now)
    wanted = await make_filter(db, act, query, day)
    rows = await ledger_counts.count_by_status(db, act.office_id, wanted)
    total = sum(row.total for row in rows)
    lights = {
        Light.RED: sum(row.red for row in rows),
        Light.YELLOW: sum(row.yellow for row in rows),
        Light.GREEN: sum(row.green for row in rows),
        Light.NONE: sum(row.none for row in rows),
    }
    lights[Light.DONE] = total - sum(lights.values())
    return LedgerCounts(total, lights, {row.status: row.total for row in rows})


async def list_notifications(
    db: AsyncConnection,
    act: Act,
    unit_id: UUID,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredNotification]:
    """The notifications about what a unit owes before a slot and id, the newest slot first.

    The unit itself does not see the addresses of other units' people.

    Raises:
        RefusedError: no such unit.
    """
    require_unit(act, unit_id)
    if await units.find_unit(db, act.office_id, unit_id) is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
    return await history.list_notifications(
        db, act.office_id, unit_id, before, limit, hides_others=act.unit_id is not None
    )
