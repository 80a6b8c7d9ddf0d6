"""Obligations, their measures and their timers."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.store import traits
from services.scheduler.store.tables import MEASURES, OBLIGATIONS, TIMERS
from shared.database.engine import insert_rows, update_rows
from shared.database.statements import AnyRow
from shared.planning.obligations import Obligation, Standing
from shared.planning.reminding import DueTimer, ReminderMeasure
from shared.planning.timers import Timer
from shared.rules.occurrences import Dates
from shared.rules.selecting import LEAD_UNITS, MEASURE_TRAITS, UNIT_TRAITS
from shared.schemas.rules import ObligationKind

_O, _T, _M = OBLIGATIONS.c, TIMERS.c, MEASURES.c
_IDS = any_(bindparam("ids", type_=ARRAY(Uuid)))
_PROGRESS = ("status", "reported", "progressed_at")
_APART = (*_PROGRESS, "fired_until")
"""Only `end_timers` and `end_timers_of` write `fired_until`."""
_WRITTEN = tuple(column.name for column in OBLIGATIONS.c if column.name not in _APART)
_OBLIGATIONS = select(
    *(_O[name] for name in (*_WRITTEN, *_PROGRESS)),
    func.greatest(
        _O.fired_until,
        select(func.max(_T.fired_until))
        .where(_T.obligation_id == _O.obligation_id)
        .scalar_subquery(),
    ).label("fired_until"),
)
_BY_ID = _OBLIGATIONS.where(_O.obligation_id == _IDS)
_OWED = _OBLIGATIONS.where(
    _O.unit_id == _IDS,
    _O.reminded,
    _O.standing.in_([Standing.OPEN, Standing.IN_PROGRESS]),
)


async def get_obligations(db: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Obligation]:
    """Those of `ids` that are known, by id."""
    rows = await db.execute(_BY_ID, {"ids": list(ids)})
    return {row.obligation_id: _to_obligation(row) for row in rows}


async def list_owed(db: AsyncConnection, units: Sequence[UUID]) -> list[Obligation]:
    """The obligations that units still owe."""
    rows = await db.execute(_OWED, {"ids": list(units)})
    return [_to_obligation(row) for row in rows]


def _to_obligation(row: AnyRow) -> Obligation:
    return Obligation(
        obligation_id=row.obligation_id,
        office_id=row.office_id,
        unit_id=row.unit_id,
        measure_id=row.measure_id,
        kind=ObligationKind(row.kind),
        due_on=row.due_on,
        known_on=row.known_on,
        lead=row.lead,
        number=row.number,
        planned_from=row.planned_from,
        standing=Standing(row.standing),
        reminded=row.reminded,
        fired_until=row.fired_until,
        progress=traits.to_progress(row),
    )


async def put(
    db: AsyncConnection, fresh: Sequence[Obligation], changed: Sequence[Obligation]
) -> None:
    """Insert obligations that are new, and update those that changed."""
    await insert_rows(db, OBLIGATIONS, [_to_row(obligation) for obligation in fresh])
    rows = [_to_row(obligation) for obligation in changed]
    await update_rows(db, OBLIGATIONS, ("obligation_id",), rows)


def _to_row(obligation: Obligation) -> dict[str, object]:
    progress = obligation.progress
    return {
        **{name: getattr(obligation, name) for name in _WRITTEN},
        **{name: getattr(progress, name, None) for name in _PROGRESS},
    }


@dataclass(frozen=True, slots=True)
class MeasureVersion:
    """A measure as an event told of it at `told_at`; `category` is None where it did not say.

    `target` is the number that it asks for.
    """

    measure_id: UUID
    office_id: UUID
    measure: ReminderMeasure
    told_at: datetime
    category: str | None = None
    target: float | None = None


async def put_measures(db: AsyncConnection, versions: Iterable[MeasureVersion]) -> None:
    """Store measures that are new, or that differ from the stored version and are not older.

    The units of an office share measures, so each is compared before it is written: writing it for
    every event would make the events of all units wait for each other's row locks.
    """
    newest: dict[UUID, MeasureVersion] = {}
    for version in versions:
        known = newest.get(version.measure_id)
        if known is None or known.told_at <= version.told_at:
            newest[version.measure_id] = version
    if not newest:
        return
    stored = await get_measures(db, newest)
    await insert_rows(
        db,
        MEASURES,
        [
            {
                "measure_id": version.measure_id,
                "office_id": version.office_id,
                "ref": version.measure.ref,
                "task_name": version.measure.task_name,
                "text": version.measure.text,
                "plan_title": version.measure.plan_title,
                "told_at": version.told_at,
            }
            for _, version in sorted(newest.items())
            if stored.get(version.measure_id) != version.measure
        ],
        "(measure_id) DO UPDATE SET ref = excluded.ref, task_name = excluded.task_name, "
        "text = excluded.text, plan_title = excluded.plan_title, told_at = excluded.told_at "
        "WHERE scheduler.measures.told_at <= excluded.told_at",
    )


_MEASURES = select(_M.measure_id, _M.ref, _M.task_name, _M.text, _M.plan_title).where(
    _M.measure_id == _IDS
)


async def get_measures(db: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, ReminderMeasure]:
    """Those of `ids` that are known, by id."""
    rows = await db.execute(_MEASURES, {"ids": list(ids)})
    return {
        row.measure_id: ReminderMeasure(
            ref=row.ref, task_name=row.task_name, text=row.text, plan_title=row.plan_title
        )
        for row in rows
    }


async def get_due_timers(
    db: AsyncConnection,
    units: Mapping[UUID, datetime],
    asked: Mapping[UUID, frozenset[str]] = MappingProxyType({}),
    own_units: Mapping[UUID, UUID | None] = MappingProxyType({}),
) -> dict[UUID, list[DueTimer]]:
    """The timers of units up to an instant each, with what a reminder shows, by unit.

    `asked`: the fields of `Traits` that the rules of a unit's office ask for, by unit. `own_units`:
    the unit that is that office itself, by unit.
    """
    result = await db.execute(
        text(
            "SELECT t.unit_id, t.obligation_id, t.rule_id, t.next_fire_at, t.overdue, "
            "t.fired_until, o.kind, o.due_on, o.known_on, o.lead, o.measure_id, o.standing, "
            "o.reminded, o.status, o.reported, o.progressed_at, o.planned_from "
            "FROM unnest(CAST(:units AS uuid[]), CAST(:untils AS timestamptz[])) AS u(id, until) "
            "JOIN scheduler.timers AS t ON t.unit_id = u.id AND t.next_fire_at <= u.until "
            "JOIN scheduler.obligations AS o USING (obligation_id)"
        ),
        {"units": list(units), "untils": list(units.values())},
    )
    rows = result.all()
    measures = await get_measures(db, {row.measure_id for row in rows})
    asking = {row.unit_id: asked.get(row.unit_id, frozenset()) for row in rows}
    known = await traits.get_known(
        db,
        [unit_id for unit_id, names in asking.items() if names & UNIT_TRAITS],
        measures if any(names & MEASURE_TRAITS for names in asking.values()) else (),
        {row.measure_id for row in rows if not row.lead and LEAD_UNITS in asking[row.unit_id]},
    )
    known = replace(known, own_units=own_units)
    due: dict[UUID, list[DueTimer]] = defaultdict(list)
    for row in rows:
        due[row.unit_id].append(
            DueTimer(
                timer=Timer(
                    obligation_id=row.obligation_id,
                    rule_id=row.rule_id,
                    next_fire_at=row.next_fire_at,
                    overdue=row.overdue,
                    fired_until=row.fired_until,
                ),
                dates=Dates(ObligationKind(row.kind), due_on=row.due_on, known_on=row.known_on),
                lead=row.lead,
                measure=measures[row.measure_id],
                measure_id=row.measure_id,
                told_traits=known.join(
                    row.unit_id, row.measure_id, traits.derive_progress(row), lead=row.lead
                ),
                owed_since=row.planned_from,
            )
        )
    return due


_INSTANTS = select(_T.obligation_id, _T.rule_id, _T.next_fire_at).where(_T.unit_id == _IDS)


async def get_next_instants(
    db: AsyncConnection, units: Sequence[UUID]
) -> Mapping[UUID, Mapping[str, datetime]]:
    """When the timers of units fire next, by obligation and rule."""
    instants: dict[UUID, dict[str, datetime]] = defaultdict(dict)
    for row in await db.execute(_INSTANTS, {"ids": list(units)}):
        instants[row.obligation_id][row.rule_id] = row.next_fire_at
    return instants


async def start_timers(db: AsyncConnection, planned: Iterable[tuple[UUID, Timer]]) -> None:
    """Insert timers, each with its unit, of obligations that have none."""
    rows = [_to_timer_row(timer) | {"unit_id": unit} for unit, timer in planned]
    await insert_rows(db, TIMERS, rows)


async def move_timers(db: AsyncConnection, moved: Sequence[Timer]) -> None:
    """Update timers that have a new next instant."""
    rows = [_to_timer_row(timer) for timer in moved]
    await update_rows(db, TIMERS, ("obligation_id", "rule_id"), rows)


def _to_timer_row(timer: Timer) -> dict[str, object]:
    return {
        "obligation_id": timer.obligation_id,
        "rule_id": timer.rule_id,
        "next_fire_at": timer.next_fire_at,
        "overdue": timer.overdue,
        "fired_until": timer.fired_until,
    }


_KEEP_FIRED = """
    UPDATE scheduler.obligations AS o SET fired_until = greatest(o.fired_until, g.fired_until)
    FROM (SELECT obligation_id, max(fired_until) AS fired_until FROM gone
          WHERE fired_until IS NOT NULL GROUP BY obligation_id) AS g
    WHERE o.obligation_id = g.obligation_id
"""


async def end_timers(db: AsyncConnection, ended: Sequence[Timer]) -> None:
    """Delete timers without a next instant; their obligations keep the newest slot that fired."""
    if not ended:
        return
    await db.execute(
        text(
            "WITH gone AS (DELETE FROM scheduler.timers AS t USING unnest(CAST(:ids AS uuid[]), "  # noqa: S608 - a constant
            "CAST(:rules AS text[]), CAST(:fired AS timestamptz[])) AS v(id, rule, fired_until) "
            "WHERE t.obligation_id = v.id AND t.rule_id = v.rule "
            f"RETURNING t.obligation_id, v.fired_until) {_KEEP_FIRED}"
        ),
        {
            "ids": [timer.obligation_id for timer in ended],
            "rules": [timer.rule_id for timer in ended],
            "fired": [timer.fired_until for timer in ended],
        },
    )


async def end_timers_of(db: AsyncConnection, obligations: Collection[UUID]) -> None:
    """Delete all timers of obligations, which keep the newest slot that fired."""
    if not obligations:
        return
    await db.execute(
        text(
            "WITH gone AS (DELETE FROM scheduler.timers "  # noqa: S608 - a constant
            "WHERE obligation_id = ANY(CAST(:ids AS uuid[])) RETURNING obligation_id, fired_until"
            f") {_KEEP_FIRED}"
        ),
        {"ids": list(obligations)},
    )
