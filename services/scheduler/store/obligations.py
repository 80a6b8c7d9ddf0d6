"""Obligations, their measures and their timers."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.tables import MEASURES, OBLIGATIONS, TIMERS
from shared.database.engine import insert_rows, update_rows
from shared.planning.obligations import Obligation, Standing
from shared.planning.reminding import DueTimer, ReminderMeasure
from shared.planning.timers import Timer
from shared.schemas.rules import Dates, ObligationKind

_OBLIGATION = """
    SELECT obligation_id, office_id, unit_id, measure_id, kind, due_on, known_on, lead, number,
    standing, planned_from, greatest(fired_until, (
        SELECT max(t.fired_until) FROM scheduler.timers AS t
        WHERE t.obligation_id = o.obligation_id
    )) AS fired_until FROM scheduler.obligations AS o
"""

_KEEP_FIRED = """
    UPDATE scheduler.obligations AS o SET fired_until = greatest(o.fired_until, g.fired_until)
    FROM (SELECT obligation_id, max(fired_until) AS fired_until FROM gone
          WHERE fired_until IS NOT NULL GROUP BY obligation_id) AS g
    WHERE o.obligation_id = g.obligation_id
"""


async def by_id(db: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Obligation]:
    """Those of some obligations that are known."""
    found = await db.execute(
        text(f"{_OBLIGATION} WHERE obligation_id = ANY(CAST(:ids AS uuid[]))"),
        {"ids": list(ids)},
    )
    return {row.obligation_id: _obligation(row) for row in found.all()}


async def owed_by(db: AsyncConnection, units: Sequence[UUID]) -> list[Obligation]:
    """All that units still owe."""
    found = await db.execute(
        text(
            f"{_OBLIGATION} WHERE unit_id = ANY(CAST(:units AS uuid[])) AND standing = ANY(:owed)"
        ),
        {"units": list(units), "owed": [Standing.OPEN.value, Standing.IN_PROGRESS.value]},
    )
    return [_obligation(row) for row in found.all()]


def _obligation(row: Sequence[Any]) -> Obligation:
    obligation, office, unit, measure, kind, due_on, known_on, lead, number, *rest = row
    standing, start, fired_until = rest
    return Obligation(
        obligation,
        office,
        unit,
        measure,
        ObligationKind(kind),
        due_on,
        known_on,
        lead,
        number,
        start,
        Standing(standing),
        fired_until,
    )


async def put(
    db: AsyncConnection, fresh: Sequence[Obligation], changed: Sequence[Obligation]
) -> None:
    """Store obligations that are new, and those that changed."""
    await insert_rows(db, OBLIGATIONS, [_row(one) for one in fresh])
    await update_rows(db, OBLIGATIONS, ("obligation_id",), [_row(one) for one in changed])


def _row(one: Obligation) -> dict[str, object]:
    return {
        "obligation_id": one.obligation_id,
        "office_id": one.office_id,
        "unit_id": one.unit_id,
        "measure_id": one.measure_id,
        "kind": one.kind.value,
        "due_on": one.due_on,
        "known_on": one.known_on,
        "lead": one.lead,
        "number": one.number,
        "standing": one.standing.value,
        "planned_from": one.planned_from,
    }


@dataclass(frozen=True, slots=True)
class ToldMeasure:
    """A measure as an event told it."""

    measure_id: UUID
    office_id: UUID
    measure: ReminderMeasure
    told_at: datetime


async def put_measures(db: AsyncConnection, told: Iterable[ToldMeasure]) -> None:
    """Store measures that are new, or differ from what is known and were told no earlier.

    All of an office's units name the same measures, so they are compared first: to write them
    each time would make every unit's events wait for every other's.
    """
    newest: dict[UUID, ToldMeasure] = {}
    for one in told:
        if one.measure_id not in newest or newest[one.measure_id].told_at <= one.told_at:
            newest[one.measure_id] = one
    if not newest:
        return
    found = await measures(db, newest)
    await insert_rows(
        db,
        MEASURES,
        [
            {
                "measure_id": one.measure_id,
                "office_id": one.office_id,
                "ref": one.measure.ref,
                "task_name": one.measure.task_name,
                "text": one.measure.text,
                "plan_title": one.measure.plan_title,
                "told_at": one.told_at,
            }
            for _, one in sorted(newest.items())
            if found.get(one.measure_id) != one.measure
        ],
        "(measure_id) DO UPDATE SET ref = excluded.ref, task_name = excluded.task_name, "
        "text = excluded.text, plan_title = excluded.plan_title, told_at = excluded.told_at "
        "WHERE scheduler.measures.told_at <= excluded.told_at",
    )


async def measures(db: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, ReminderMeasure]:
    """Measures by id."""
    found = await db.execute(
        text(
            "SELECT measure_id, ref, task_name, text, plan_title FROM scheduler.measures "
            "WHERE measure_id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"ids": list(ids)},
    )
    return {measure_id: ReminderMeasure(*shown) for measure_id, *shown in found.all()}


async def due_timers(
    db: AsyncConnection, units: Mapping[UUID, datetime]
) -> dict[UUID, list[DueTimer]]:
    """The timers of units up to an instant each, with what a reminder shows of what is owed."""
    found = await db.execute(
        text(
            "SELECT t.unit_id, t.obligation_id, t.rule_id, t.next_fire_at, t.overdue, "
            "t.fired_until, "
            "o.kind, o.due_on, o.known_on, o.lead, o.measure_id "
            "FROM unnest(CAST(:units AS uuid[]), CAST(:untils AS timestamptz[])) AS u(id, until) "
            "JOIN scheduler.timers AS t ON t.unit_id = u.id AND t.next_fire_at <= u.until "
            "JOIN scheduler.obligations AS o USING (obligation_id)"
        ),
        {"units": list(units), "untils": list(units.values())},
    )
    rows = found.all()
    shown = await measures(db, {row[-1] for row in rows})
    due: dict[UUID, list[DueTimer]] = defaultdict(list)
    for unit, obligation, rule, at, overdue, fired, kind, due_on, known_on, lead, measure in rows:
        due[unit].append(
            DueTimer(
                Timer(obligation, rule, at, overdue, fired),
                Dates(ObligationKind(kind), due_on, known_on),
                lead,
                shown[measure],
            )
        )
    return due


async def timers_of(
    db: AsyncConnection, units: Sequence[UUID]
) -> Mapping[UUID, Mapping[str, datetime]]:
    """The next instants of units' timers, by obligation and rule."""
    found = await db.execute(
        text(
            "SELECT obligation_id, rule_id, next_fire_at FROM scheduler.timers "
            "WHERE unit_id = ANY(CAST(:units AS uuid[]))"
        ),
        {"units": list(units)},
    )
    timers: dict[UUID, dict[str, datetime]] = defaultdict(dict)
    for obligation, rule, at in found.all():
        timers[obligation][rule] = at
    return timers


async def start_timers(db: AsyncConnection, planned: Iterable[tuple[UUID, Timer]]) -> None:
    """Store timers (with their unit) of obligations that have none."""
    await insert_rows(db, TIMERS, [_timer(timer) | {"unit_id": unit} for unit, timer in planned])


async def move_timers(db: AsyncConnection, moved: Sequence[Timer]) -> None:
    """Store the next instants of timers."""
    keys = ("obligation_id", "rule_id")
    await update_rows(db, TIMERS, keys, [_timer(timer) for timer in moved])


def _timer(timer: Timer) -> dict[str, object]:
    return {
        "obligation_id": timer.obligation_id,
        "rule_id": timer.rule_id,
        "next_fire_at": timer.next_fire_at,
        "overdue": timer.overdue,
        "fired_until": timer.fired_until,
    }


async def end_timers(db: AsyncConnection, ended: Sequence[Timer]) -> None:
    """Delete timers that have no next instant; their obligations keep what they fired last."""
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
    """Delete all timers of obligations, which keep what those fired last."""
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
