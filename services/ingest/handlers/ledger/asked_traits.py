"""What rules ask of obligations and their units, from time to time. No I/O."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from services.ingest.handlers.office.owed_traits import set_unit
from services.ingest.store.reminder_audit import FormerUnit
from shared.planning.expected import ObligationVersion
from shared.rules.selecting import NOTHING_TOLD, Traits, keep_asked
from shared.schemas.facts import UnitTraits

_AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class UnitPeriod:
    """What rules ask of a unit from the period before until an instant; None: until now."""

    until: datetime | None
    traits: Traits


@dataclass(frozen=True, slots=True)
class AskedTraits:
    """The fields of `Traits` that some rule asks for, and what they were of units.

    `units` is empty where no rule asks for traits of units.
    """

    fields: frozenset[str]
    units: Mapping[UUID, Sequence[UnitPeriod]] = field(default_factory=dict)

    def split(self, version: ObligationVersion, unit_id: UUID) -> Iterator[ObligationVersion]:
        """The version of a unit's obligation with the traits that rules ask for.

        It is in parts during which the unit was the same.
        """
        for part in _split(version, self.units.get(unit_id, ())):
            traits = keep_asked(part.dates.traits, self.fields)
            yield replace(part, dates=replace(part.dates, traits=traits))


def list_unit_periods(
    present: Iterable[UnitTraits], former: Iterable[FormerUnit]
) -> dict[UUID, list[UnitPeriod]]:
    """What rules asked of units from time to time, rising, by unit id."""
    periods: defaultdict[UUID, list[UnitPeriod]] = defaultdict(list)
    for unit in former:
        traits = Traits(unit=unit.name, unit_kind=unit.kind, groups=frozenset(unit.groups))
        periods[unit.unit_id].append(UnitPeriod(unit.until, traits))
    for now in present:
        periods[now.unit_id].append(UnitPeriod(None, set_unit(NOTHING_TOLD, now)))
    return periods


def _split(
    version: ObligationVersion, periods: Sequence[UnitPeriod]
) -> Iterator[ObligationVersion]:
    """The version, in parts during which its unit was the same, each with the unit's traits."""
    known = version.dates.traits
    if not periods or known is None:
        yield version
        return
    since = version.since
    for period in periods:
        until = _get_earlier(version.until, period.until)
        if until is None or until > since:
            of_unit = period.traits
            traits = replace(
                known, unit=of_unit.unit, unit_kind=of_unit.unit_kind, groups=of_unit.groups
            )
            dates = replace(version.dates, traits=traits)
            yield replace(version, dates=dates, since=since, until=until)
            since = until or _AFTER_ALL


def _get_earlier(instant: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two instants, of which None is later than all."""
    known = [each for each in (instant, other) if each is not None]
    return min(known, default=None)
