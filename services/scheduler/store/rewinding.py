"""Taking back what fired ahead of time, because a clock had jumped forward."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_LOCK = """
    SELECT unit_id FROM scheduler.agenda
    WHERE (CAST(:office AS uuid) IS NULL OR office_id = :office)
    AND (CAST(:unit AS uuid) IS NULL OR unit_id = :unit) ORDER BY unit_id FOR UPDATE
"""
_AHEAD = """
    SELECT a.office_id, u.unit_id FROM unnest(CAST(:units AS uuid[])) AS u(unit_id)
    JOIN scheduler.agenda AS a USING (unit_id)
    WHERE a.fired_until > :now
    OR EXISTS (SELECT FROM scheduler.obligations AS o WHERE o.unit_id = u.unit_id
               AND (o.fired_until > :now OR o.planned_from > :now))
    OR EXISTS (SELECT FROM scheduler.timers AS t
               WHERE t.unit_id = u.unit_id AND t.fired_until > :now)
    ORDER BY a.office_id, u.unit_id
"""
_BACK = (
    """
    UPDATE scheduler.agenda SET emitted_until = greatest(emitted_until, fired_until),
    fired_until = CASE WHEN fired_until > :now THEN :now ELSE fired_until END,
    stale = true, replan_at = now(),
    stale_since = coalesce(stale_since, now()) WHERE unit_id = ANY(CAST(:units AS uuid[]))
    """,
    """
    UPDATE scheduler.obligations SET
    fired_until = CASE WHEN fired_until > :now THEN :now ELSE fired_until END,
    planned_from = least(planned_from, :now) WHERE unit_id = ANY(CAST(:units AS uuid[]))
    AND (fired_until > :now OR planned_from > :now)
    """,
    """
    UPDATE scheduler.timers SET fired_until = :now
    WHERE unit_id = ANY(CAST(:units AS uuid[])) AND fired_until > :now
    """,
)


@dataclass(frozen=True, slots=True)
class FiredAhead:
    """A unit that is ahead of the clock. `slots` lie after it, and their reminders were emitted."""

    office_id: UUID
    unit_id: UUID
    slots: tuple[datetime, ...]


async def lock(db: AsyncConnection, office: UUID | None, unit: UUID | None) -> list[UUID]:
    """Lock units until the transaction ends: one, or an office's, or all."""
    found = await db.execute(text(_LOCK), {"office": office, "unit": unit})
    return list(found.scalars())


async def fired_ahead(db: AsyncConnection, units: list[UUID], now: datetime) -> list[FiredAhead]:
    """Those of some units for which something fired, or was told, after `now`."""
    ahead = (await db.execute(text(_AHEAD), {"units": units, "now": now})).all()
    rows = await db.execute(
        text(
            "SELECT DISTINCT unit_id, slot FROM scheduler.reminders "
            "WHERE unit_id = ANY(CAST(:units AS uuid[])) AND slot > :now ORDER BY slot"
        ),
        {"units": [row.unit_id for row in ahead], "now": now},
    )
    slots: dict[UUID, list[datetime]] = defaultdict(list)
    for unit, slot in rows.all():
        slots[unit].append(slot)
    return [FiredAhead(office, unit, tuple(slots[unit])) for office, unit in ahead]


async def take_back(db: AsyncConnection, units: list[UUID], now: datetime) -> None:
    """Let nothing count as fired after `now`, and let units be planned anew from there.

    Their next slots fire at their time. Where a reminder of a slot exists, a further part of it is
    made. Units that passed occurrences over without firing are among those to plan, so name all.
    """
    for statement in _BACK:
        await db.execute(text(statement), {"units": units, "now": now})
