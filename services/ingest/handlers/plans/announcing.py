"""When units first hear of what is new or moved, and which of them nobody can be told of."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.owed_traits import set_unit
from services.ingest.handlers.office.rules import get_timetable
from services.ingest.handlers.units.reachability import UnreachablePost, list_silent_posts
from services.ingest.store import units
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook
from shared.rules.occurrences import Dates
from shared.rules.selecting import NOTHING_TOLD, UNIT_TRAITS
from shared.schemas.rules import Audience


@dataclass(frozen=True, slots=True)
class FirstHeard:
    """When a unit first hears of what is new to it; `slot` is None if the rules never say so."""

    unit_id: UUID
    unit: str
    obligations: int
    slot: datetime | None


@dataclass(frozen=True, slots=True)
class Announcement:
    """What units will hear of a change: when each first does, and which posts nobody reaches."""

    first_heard: tuple[FirstHeard, ...] = ()
    unreachable: tuple[UnreachablePost, ...] = ()


async def describe_announcement(
    db: AsyncConnection,
    act: Act,
    owed: Mapping[UUID, Counter[Dates]],
    names: Mapping[UUID, str],
) -> Announcement:
    """What units will hear of what is new to them, by unit name, as the rules now are.

    `owed` counts each unit's new or changed obligations by what their reminders depend on; units
    may share a counter, which is then looked at once.
    """
    timetable = await get_timetable(db, act.office_id)
    if timetable.asked & UNIT_TRAITS:
        owed = await _add_unit_traits(db, act, owed)
    shared = {id(counted): counted for counted in owed.values()}
    slots = {
        dates: _find_first(timetable, dates, act.now)
        for dates in {dates for counted in shared.values() for dates in counted}
    }
    firsts = {
        key: min((slot for dates in counted if (slot := slots[dates])), default=None)
        for key, counted in shared.items()
    }
    heard = [
        FirstHeard(unit_id, names.get(unit_id, ""), counted.total(), firsts[id(counted)])
        for unit_id, counted in owed.items()
    ]
    posts = list_first_posts(timetable.book)
    unreachable = await list_silent_posts(db, act, owed.keys(), posts)
    return Announcement(
        tuple(sorted(heard, key=lambda each: (each.unit, each.unit_id))), tuple(unreachable)
    )


async def _add_unit_traits(
    db: AsyncConnection, act: Act, owed: Mapping[UUID, Counter[Dates]]
) -> dict[UUID, Counter[Dates]]:
    """The same dates with what rules ask of their units."""
    added: dict[UUID, Counter[Dates]] = {}
    for unit in await units.list_traits(db, act.office_id, list(owed)):
        added[unit.unit_id] = Counter()
        for dates, number in owed.get(unit.unit_id, Counter[Dates]()).items():
            traits = set_unit(dates.traits or NOTHING_TOLD, unit)
            added[unit.unit_id][replace(dates, traits=traits)] += number
    return added


def _find_first(timetable: Timetable, dates: Dates, now: datetime) -> datetime | None:
    """The first slot after now in which the rules remind of some dates."""
    firsts = timetable.list_first(dates, now)
    return min((occurrence.slot for _rule_id, occurrence in firsts), default=None)


def list_first_posts(book: RuleBook) -> frozenset[Audience]:
    """The posts that hear first: those that the rules remind before anything is overdue."""
    return frozenset(
        step.audience for rule in book.rules for step in rule.who if not step.from_overdue
    )
