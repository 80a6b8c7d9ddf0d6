"""What rules ask of units and measures, as ingest told it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.store.tables import MEASURE_TRAITS, UNIT_TRAITS
from shared.database.engine import insert_rows
from shared.logging import log
from shared.rules.selecting import Traits
from shared.schemas.events import TraitsPublished

_U, _M = UNIT_TRAITS.c, MEASURE_TRAITS.c
_IDS = any_(bindparam("ids", type_=ARRAY(Uuid)))
_UNITS = select(_U.unit_id, _U.name, _U.kind, _U.groups).where(_U.unit_id == _IDS)
_MEASURES = select(_M.measure_id, _M.category).where(_M.measure_id == _IDS)


@dataclass(frozen=True, slots=True)
class ToldCategory:
    """The category of a measure, as an event told it at `told_at`."""

    measure_id: UUID
    office_id: UUID
    category: str
    told_at: datetime


@dataclass(frozen=True, slots=True)
class KnownTraits:
    """What was told of some units and measures, by their ids; the units have no category."""

    units: Mapping[UUID, Traits] = field(default_factory=dict)
    categories: Mapping[UUID, str] = field(default_factory=dict)

    def join(self, unit_id: UUID, measure_id: UUID) -> Traits:
        """The traits of a unit's obligation for a measure; empty where nothing was told."""
        of_unit = self.units.get(unit_id, Traits())
        return replace(of_unit, category=self.categories.get(measure_id, ""))


async def put_told(db: AsyncConnection, event: TraitsPublished, told_at: datetime) -> None:
    """Store what an event tells; what is older than the stored traits changes nothing."""
    await insert_rows(
        db,
        UNIT_TRAITS,
        [
            {
                "unit_id": unit.unit_id,
                "office_id": event.office_id,
                "number": unit.number,
                "name": unit.name,
                "kind": unit.kind,
                "groups": list(unit.groups),
            }
            for unit in sorted(event.units, key=lambda unit: unit.unit_id)
        ],
        "(unit_id) DO UPDATE SET number = excluded.number, name = excluded.name, "
        "kind = excluded.kind, groups = excluded.groups "
        "WHERE scheduler.unit_traits.number <= excluded.number",
    )
    await put_categories(
        db,
        [
            ToldCategory(measure.measure_id, event.office_id, measure.category, told_at)
            for measure in event.measures
        ],
    )


async def put_categories(db: AsyncConnection, versions: Iterable[ToldCategory]) -> None:
    """Store the categories of measures, one each, that differ from the stored ones.

    What is older than the stored one changes nothing. Each is compared before it is written: the
    units of an office share measures, and their events would wait for each other's row locks.
    """
    categories = {each.measure_id: each for each in versions}
    if not categories:
        return
    stored = await _get_categories(db, categories)
    await insert_rows(
        db,
        MEASURE_TRAITS,
        [
            asdict(each)
            for measure_id, each in sorted(categories.items())
            if stored.get(measure_id) != each.category
        ],
        "(measure_id) DO UPDATE SET category = excluded.category, told_at = excluded.told_at "
        "WHERE scheduler.measure_traits.told_at <= excluded.told_at",
    )


async def _get_categories(db: AsyncConnection, measures: Iterable[UUID]) -> dict[UUID, str]:
    rows = await db.execute(_MEASURES, {"ids": list(measures)})
    return {row.measure_id: row.category for row in rows}


async def get_known(
    db: AsyncConnection, units: Collection[UUID], measures: Iterable[UUID]
) -> KnownTraits:
    """The traits of units and measures whose office's rules ask for them; none for no unit.

    Ingest tells them before the rule book. What was not told is an error in the log.
    """
    if not units:
        return KnownTraits()
    of_units = {
        row.unit_id: Traits(unit=row.name, unit_kind=row.kind, groups=frozenset(row.groups))
        for row in await db.execute(_UNITS, {"ids": list(units)})
    }
    if unknown := set(units) - of_units.keys():
        log(__name__).error(
            "traits.unknown",
            units=len(unknown),
            unit_id=str(min(unknown)),
            hint="Conditions on the unit do not hold. Publish the rule book again: ingest then "
            "tells all units. See dead letters of the rules topic.",
        )
    return KnownTraits(of_units, await _get_categories(db, measures))
