"""From what a reader asks for, in words, to a filter of the ledger."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.rules import OfficeDay
from services.ingest.store import selecting as store
from services.ingest.store.ledger import LedgerFilter
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light
from shared.schemas.rules import ObligationKind


@dataclass(frozen=True, slots=True)
class LedgerQuery:
    """Which obligations a reader asks for. An empty field is no condition.

    Several values of one field are alternatives; several fields must all hold.

    Attributes:
        units: ids, names or aliases.
        unit_kinds, groups: of the unit, as the directory has them.
        categories, tasks: as the document prints them; a task also by its number.
        in_time: only what was done by its due date, or (False) only what was done after it.
        text: in the words of the measure, its task and category, the unit's name, or the ref.
    """

    units: tuple[str, ...] = ()
    unit_kinds: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    plans: tuple[UUID, ...] = ()
    years: tuple[int, ...] = ()
    categories: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    kinds: tuple[ObligationKind, ...] = ()
    statuses: tuple[ObligationStatus, ...] = ()
    lights: tuple[Light, ...] = ()
    due_from: date | None = None
    due_to: date | None = None
    in_time: bool | None = None
    text: str = ""


async def make_filter(
    db: AsyncConnection, act: Act, query: LedgerQuery, day: OfficeDay
) -> LedgerFilter:
    """The filter for a query; an actor of a unit gets that unit's obligations alone.

    Raises:
        RefusedError: the query names a unit or plan that does not exist or that the actor may not
            see, or a name that several units have.
    """
    measure_ids = None
    if query.categories or query.tasks:
        measure_ids = await store.list_measure_ids(
            db, act.office_id, categories=query.categories, tasks=query.tasks
        )
    return LedgerFilter(
        today=day.today,
        near_until=day.near_until,
        unit_ids=await _select_units(db, act, query),
        plan_ids=await _select_plans(db, act, query),
        measure_ids=measure_ids,
        matches=await store.find_text(db, act.office_id, query.text) if query.text else None,
        kinds=query.kinds,
        statuses=query.statuses,
        lights=query.lights,
        due_from=query.due_from,
        due_to=query.due_to,
        in_time=query.in_time,
        zone=day.zone.key,
    )


async def _select_units(db: AsyncConnection, act: Act, query: LedgerQuery) -> list[UUID] | None:
    named = await _find_units(db, act, query.units) if query.units else None
    if act.unit_id is not None:
        if named is not None and set(named) != {act.unit_id}:
            raise _make_unknown_unit()
        named = [act.unit_id]
    if not (query.unit_kinds or query.groups):
        return named
    return await store.list_unit_ids(
        db, act.office_id, among=named, kinds=query.unit_kinds, groups=query.groups
    )


async def _find_units(db: AsyncConnection, act: Act, written: Sequence[str]) -> list[UUID]:
    """The units with these ids, names or aliases. A unit's own name goes before an alias."""
    ids = [unit_id for word in written if (unit_id := _parse_id(word))]
    unit_ids = await store.list_unit_ids(db, act.office_id, among=ids) if ids else []
    if len(unit_ids) < len(set(ids)):
        raise _make_unknown_unit()
    names = [word for word in written if _parse_id(word) is None]
    known = await store.list_named_units(db, act.office_id, names) if names else []
    for name in names:
        meant = [unit for unit in known if unit.name == name]
        meant = meant or [unit for unit in known if name in unit.aliases]
        if not meant:
            raise _make_unknown_unit(name)
        if len(meant) > 1:
            raise _make_ambiguous(name, [unit.name for unit in meant])
        unit_ids.append(meant[0].unit_id)
    return unit_ids


def _parse_id(word: str) -> UUID | None:
    try:
        return UUID(word)
    except ValueError:
        return None


def _make_unknown_unit(name: str = "") -> RefusedError:
    chinese = f"通讯录中没有单位“{name}”" if name else "没有这个单位"
    return RefusedError(
        Fault.NOT_FOUND,
        f"{chinese}。There is no such unit.",
        "请在单位列表中查找（`GET /v1/units`）。Look in the list of units (`GET /v1/units`).",
    )


def _make_ambiguous(name: str, meant: Collection[str]) -> RefusedError:
    return RefusedError(
        Fault.INVALID,
        f"“{name}”是几个单位的别名：{'、'.join(meant)}。Several units have that alias.",
        "请写单位全称或编号。Give the unit's own name, or its id.",
    )


async def _select_plans(db: AsyncConnection, act: Act, query: LedgerQuery) -> list[UUID] | None:
    named = list(query.plans) if query.plans else None
    if named is None and not query.years:
        return None
    if named is not None:
        known = await store.list_plan_ids(db, act.office_id, among=named)
        if len(known) < len(set(named)):
            raise RefusedError(
                Fault.NOT_FOUND,
                "没有这个任务表。There is no such plan.",
                "请在任务表列表中查找（`GET /v1/plans`）。"
                "Look in the list of plans (`GET /v1/plans`).",
            )
    return await store.list_plan_ids(db, act.office_id, among=named, years=query.years)
