"""What rules ask of units and measures, as ingest told it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.store.tables import MEASURE_TRAITS, OBLIGATIONS, UNIT_TRAITS
from shared.database.engine import insert_rows
from shared.database.statements import AnyRow
from shared.logging import log
from shared.planning.obligations import Standing, derive_status
from shared.rules.selecting import NOTHING_TOLD, Traits, compute_share
from shared.rules.steps import choose_lead_units, choose_office_units
from shared.schemas.facts import ObligationProgress
from shared.schemas.life import ObligationStatus
from shared.schemas.office_events import TraitsPublished

_U, _M, _O = UNIT_TRAITS.c, MEASURE_TRAITS.c, OBLIGATIONS.c
_IDS = any_(bindparam("ids", type_=ARRAY(Uuid)))
_UNITS = select(_U.unit_id, _U.name, _U.kind, _U.groups).where(_U.unit_id == _IDS)
_MEASURES = select(_M.measure_id, _M.category, _M.target).where(_M.measure_id == _IDS)
_LEADING = (
    select(_O.measure_id, _O.unit_id)
    .where(_O.measure_id == _IDS, _O.lead, _O.standing != Standing.WITHDRAWN)
    .distinct()
)


@dataclass(frozen=True, slots=True)
class MeasureVersionTraits:
    """The category and the target of a measure, as an event told them at `told_at`."""

    measure_id: UUID
    office_id: UUID
    category: str
    target: float | None
    told_at: datetime


@dataclass(frozen=True, slots=True)
class KnownTraits:
    """What was told of some units, and of some measures, by their ids.

    `measures` have category and target; `leading` the units that lead, where these were asked for;
    `own_units` the unit of a unit's office that is the office itself.
    """

    units: Mapping[UUID, Traits] = field(default_factory=dict)
    measures: Mapping[UUID, tuple[str, float | None]] = field(default_factory=dict)
    leading: Mapping[UUID, Sequence[UUID]] = field(default_factory=dict)
    own_units: Mapping[UUID, UUID | None] = field(default_factory=dict)

    def join(
        self, unit_id: UUID, measure_id: UUID, progress: ObligationProgress, *, lead: bool
    ) -> Traits:
        """The traits of a unit's obligation for a measure; empty where nothing was told."""
        category, target = self.measures.get(measure_id, ("", None))
        leading = self.leading.get(measure_id, ())
        return replace(
            self.units.get(unit_id, NOTHING_TOLD),
            lead=lead,
            category=category,
            status=progress.status,
            reached=compute_share(progress.reported, target),
            progressed_at=progress.progressed_at,
            lead_units=choose_lead_units(unit_id, lead=lead, leading=leading),
            office_units=choose_office_units(unit_id, self.own_units.get(unit_id)),
        )


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
    await put_measures(
        db,
        [
            MeasureVersionTraits(
                measure.measure_id, event.office_id, measure.category, measure.target, told_at
            )
            for measure in event.measures
        ],
    )


async def put_measures(db: AsyncConnection, versions: Iterable[MeasureVersionTraits]) -> None:
    """Store the traits of measures, one row each, that differ from the stored ones.

    What is older than the stored one changes nothing. Each is compared before it is written: the
    units of an office share measures, and their events would wait for each other's row locks.
    """
    newest = {each.measure_id: each for each in versions}
    if not newest:
        return
    stored = await _get_measures(db, newest)
    await insert_rows(
        db,
        MEASURE_TRAITS,
        [
            asdict(each)
            for measure_id, each in sorted(newest.items())
            if stored.get(measure_id) != (each.category, each.target)
        ],
        "(measure_id) DO UPDATE SET category = excluded.category, target = excluded.target, "
        "told_at = excluded.told_at "
        "WHERE scheduler.measure_traits.told_at <= excluded.told_at",
    )


async def _get_measures(
    db: AsyncConnection, measures: Collection[UUID]
) -> dict[UUID, tuple[str, float | None]]:
    if not measures:
        return {}
    rows = await db.execute(_MEASURES, {"ids": list(measures)})
    return {row.measure_id: (row.category, row.target) for row in rows}


async def get_known(
    db: AsyncConnection,
    units: Collection[UUID],
    measures: Collection[UUID],
    led: Collection[UUID] = (),
) -> KnownTraits:
    """What was told of units and measures, and who leads the measures `led`.

    There is no statement for what is not asked for. Ingest tells it before the rule book that asks
    for it. A unit of which nothing was told is an error in the log.
    """
    of_units = {}
    if units:
        for row in await db.execute(_UNITS, {"ids": list(units)}):
            of_units[row.unit_id] = Traits(
                unit=row.name, unit_kind=row.kind, groups=frozenset(row.groups)
            )
    if unknown := set(units) - of_units.keys():
        log(__name__).error(
            "traits.unknown",
            units=len(unknown),
            unit_id=str(min(unknown)),
            hint="Conditions on the unit do not hold. Publish the rule book again: ingest then "
            "tells all units. See dead letters of the rules topic.",
        )
    return KnownTraits(of_units, await _get_measures(db, measures), await _get_leading(db, led))


async def _get_leading(db: AsyncConnection, measures: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """The units that lead measures, by measure: those with an obligation that is not withdrawn."""
    leading: defaultdict[UUID, list[UUID]] = defaultdict(list)
    if measures:
        for row in await db.execute(_LEADING, {"ids": list(measures)}):
            leading[row.measure_id].append(row.unit_id)
    return leading


def to_progress(row: AnyRow) -> ObligationProgress | None:
    """How far the obligation of a row is; None where its standing says all that is known."""
    if row.status is None:
        return None
    return ObligationProgress(
        status=ObligationStatus(row.status),
        reported=row.reported,
        progressed_at=row.progressed_at,
    )


def derive_progress(row: AnyRow) -> ObligationProgress:
    """How far an obligation is, by what newer releases told, else by its standing."""
    status = derive_status(Standing(row.standing), reminded=row.reminded)
    return to_progress(row) or ObligationProgress(status=status)
