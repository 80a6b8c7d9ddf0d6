"""What rules ask of obligations and their units, from time to time. No I/O."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar
from uuid import UUID

from services.ingest.handlers.office.lead_periods import LeadPeriod, OfficePeriod
from services.ingest.handlers.office.owed_traits import set_unit
from services.ingest.store.reminder_audit import FormerUnit
from shared.planning.expected import ObligationVersion
from shared.rules.selecting import LEAD_UNITS, NOTHING_TOLD, Traits, keep_asked
from shared.rules.steps import choose_lead_units, choose_office_units
from shared.schemas.facts import UnitTraits

_AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)


class EndingPeriod(Protocol):
    """A time from the period before until an instant; None: until now."""

    @property
    def until(self) -> datetime | None:
        """The end."""


P = TypeVar("P", bound=EndingPeriod)


@dataclass(frozen=True, slots=True)
class UnitPeriod:
    """What rules ask of a unit from the period before until an instant; None: until now."""

    until: datetime | None
    traits: Traits


@dataclass(frozen=True, slots=True)
class AskedTraits:
    """The fields of `Traits` that some rule asks for, and what they were of units and measures.

    `units` is empty where no rule asks for traits of units, `leading` where none asks who leads,
    `office` where none asks which unit is the office itself.
    """

    fields: frozenset[str]
    units: Mapping[UUID, Sequence[UnitPeriod]] = field(default_factory=dict)
    leading: Mapping[UUID, Sequence[LeadPeriod]] = field(default_factory=dict)
    office: Sequence[OfficePeriod] = ()

    def list_other_units(self) -> set[UUID]:
        """The units that lead something, or are the office itself, at some time."""
        leading = {
            unit for periods in self.leading.values() for period in periods for unit in period.units
        }
        return leading | {period.unit_id for period in self.office if period.unit_id}

    def split(
        self, version: ObligationVersion, unit_id: UUID, measure_id: UUID
    ) -> Iterator[ObligationVersion]:
        """The version of a unit's obligation for a measure, with the traits that rules ask for.

        It is in parts during which the unit and those that lead were the same.
        """
        for part in _split(version, self.units.get(unit_id, ())):
            for piece in self._split_leading(part, unit_id, measure_id):
                for last in self._split_office(piece, unit_id):
                    traits = keep_asked(last.dates.traits, self.fields)
                    yield replace(last, dates=replace(last.dates, traits=traits))

    def _split_office(
        self, version: ObligationVersion, unit_id: UUID
    ) -> Iterator[ObligationVersion]:
        known = version.dates.traits
        if known is None or not self.office:
            yield version
            return
        for piece, period in _cut(version, self.office):
            traits = replace(known, office_units=choose_office_units(unit_id, period.unit_id))
            yield replace(piece, dates=replace(piece.dates, traits=traits))

    def _split_leading(
        self, version: ObligationVersion, unit_id: UUID, measure_id: UUID
    ) -> Iterator[ObligationVersion]:
        known = version.dates.traits
        if known is None or LEAD_UNITS not in self.fields:
            yield version
            return
        none = (LeadPeriod(None, ()),)
        periods = none if known.lead else self.leading.get(measure_id, none)
        for piece, period in _cut(version, periods):
            leads = choose_lead_units(unit_id, lead=known.lead, leading=period.units)
            traits = replace(known, lead_units=leads)
            yield replace(piece, dates=replace(piece.dates, traits=traits))


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
    for piece, period in _cut(version, periods):
        of_unit = period.traits
        traits = replace(
            known, unit=of_unit.unit, unit_kind=of_unit.unit_kind, groups=of_unit.groups
        )
        yield replace(piece, dates=replace(version.dates, traits=traits))


def _cut(version: ObligationVersion, periods: Iterable[P]) -> Iterator[tuple[ObligationVersion, P]]:
    """The version in parts, each with the period that it lies in."""
    since = version.since
    for period in periods:
        until = _get_earlier(version.until, period.until)
        if until is None or until > since:
            yield replace(version, since=since, until=until), period
            since = until or _AFTER_ALL


def _get_earlier(instant: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two instants, of which None is later than all."""
    known = [each for each in (instant, other) if each is not None]
    return min(known, default=None)
