"""What the directory, as it is now, means for published plans: whose duties change.

Nothing changes by itself. A difference waits until a person confirms it, or dismisses it; what is
dismissed is remembered with the measure and is no longer shown.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.expansion import Decision, Directory, resolve
from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.handlers.plans.doubts import list_drafts, list_names, to_decisions
from services.ingest.handlers.units.units import load_directory
from services.ingest.store import membership as store
from services.ingest.store import plans
from services.ingest.store import units as unit_store
from services.ingest.store.membership import Bearer
from services.ingest.store.rows import StoredMeasure, StoredPlan, StoredSuccession

_Owed = defaultdict[UUID, list[tuple[StoredMeasure, int, int]]]
"""The measures of units, each with how many obligations it is about, and how many of them are
reported as done and not reviewed."""


_Meant = tuple[set[UUID], bool]
"""The units that a measure's names mean, and whether each name is certain."""


@dataclass(frozen=True, slots=True)
class _Owing:
    """Units of one measure: those that owe it or did it; these and those that a person released."""

    owes: frozenset[UUID] = frozenset()
    settled: frozenset[UUID] = frozenset()


@dataclass(slots=True)
class _Moves:
    """Collects which units gain measures, lose them, or hand them to their successor."""

    successors: Mapping[UUID, UUID]
    gains: _Owed = field(default_factory=lambda: defaultdict(list))
    losses: _Owed = field(default_factory=lambda: defaultdict(list))
    handed: _Owed = field(default_factory=lambda: defaultdict(list))

    def add(
        self,
        measure: StoredMeasure,
        meant: _Meant,
        dates: int,
        leaving: Mapping[UUID, Bearer],
        settled: AbstractSet[UUID],
    ) -> None:
        """Add a measure with `dates` to come.

        `leaving` are the units that may leave it. Those in `settled` do not join it: they owe it
        already, or a person released them.
        """
        wanted, is_certain = meant
        staying = set(measure.staying)
        handing = {
            unit_id
            for unit_id, bearer in leaving.items()
            if unit_id in self.successors and bearer.held and str(unit_id) not in staying
        }
        for unit_id in handing:
            bearer = leaving[unit_id]
            self.handed[unit_id].append((measure, bearer.held, bearer.held_submitted))
        taking = {self.successors[unit_id] for unit_id in handing}
        for unit_id in wanted - settled - taking:
            if dates and str(unit_id) not in measure.not_joining:
                self.gains[unit_id].append((measure, dates, 0))
        for unit_id, bearer in leaving.items():
            is_kept = unit_id in wanted or unit_id in handing or str(unit_id) in staying
            if bearer.open and is_certain and not is_kept:
                self.losses[unit_id].append((measure, bearer.open, bearer.open_submitted))


@dataclass(frozen=True, slots=True)
class Member:
    """A unit that would gain or lose duties, or hand them to its successor.

    Attributes:
        refs: the measures.
        obligations: how many dates it would owe, or owe no more.
        submitted: how many of these are reported as done and not reviewed. Of what is lost the
            report ends; what is handed over takes it along.
        successor_id: the unit that takes over; None where duties are gained or lost.
    """

    unit_id: UUID
    unit: str
    refs: tuple[str, ...]
    obligations: int
    submitted: int = 0
    measure_ids: tuple[UUID, ...] = ()
    successor_id: UUID | None = None
    successor: str = ""


@dataclass(frozen=True, slots=True)
class DirectoryChange:
    """What the directory means for a plan, by unit name: who gains duties, and who loses some.

    `handovers`: which retired units hand what is open to their successors.
    """

    plan_id: UUID
    title: str | None
    year: int | None
    gains: tuple[Member, ...]
    losses: tuple[Member, ...]
    handovers: tuple[Member, ...] = ()

    @property
    def members(self) -> tuple[Member, ...]:
        """All units that wait for a decision."""
        return (*self.gains, *self.losses, *self.handovers)

    @property
    def digest(self) -> str:
        """The hash of the difference: a decision names the one that the caller saw."""
        parts = (self.gains, self.losses, self.handovers)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


async def list_effects(
    db: AsyncConnection, act: Act, known: Directory | None = None
) -> list[DirectoryChange]:
    """The published plans for which the directory (or `known` instead) means a change."""
    changes = [
        await compare_members(db, act, plan, known)
        for plan in await store.list_published(db, act.office_id)
    ]
    return [change for change in changes if change.members]


async def compare_members(
    db: AsyncConnection, act: Act, plan: StoredPlan, known: Directory | None = None
) -> DirectoryChange:
    """What the directory (or `known` instead) means for a published plan."""
    known = known or await load_directory(db, act.office_id)
    measures = [
        measure
        for measure in await plans.list_measures(db, plan.plan_id)
        if measure.published_at is not None and not measure.is_dropped
    ]
    decisions = to_decisions(await plans.list_decisions(db, plan.plan_id))
    meant = _resolve_measures(measures, known, decisions)
    owing = await _map_owing(db, act, plan)
    units = await unit_store.list_successions(db, act.office_id)
    successors = _map_successors(units)
    bearers = await _map_bearers(db, act, plan, _list_leaving(meant, owing, successors))
    today = (await get_office_day(db, act.office_id, act.now)).today
    moves = _Moves(successors)
    for measure in measures:
        name = measure.measure_id
        dates = _count_dates(measure, plan.year, today)
        moves.add(measure, meant[name], dates, bearers[name], owing[name].settled)
    names = {unit.unit_id: unit.name for unit in units}
    names |= {unit_id: unit.name for unit_id, unit in known.units.items()}
    return DirectoryChange(
        plan.plan_id,
        plan.title,
        plan.year,
        _describe(moves.gains, names),
        _describe(moves.losses, names),
        _describe(moves.handed, names, successors),
    )


async def _map_owing(db: AsyncConnection, act: Act, plan: StoredPlan) -> Mapping[UUID, _Owing]:
    """Who owes each measure of a plan, and from whom a person took it."""
    owes: defaultdict[UUID, frozenset[UUID]] = defaultdict(frozenset)
    settled: defaultdict[UUID, frozenset[UUID]] = defaultdict(frozenset)
    for row in await store.list_bearer_sets(db, act.office_id, plan.plan_id):
        units = frozenset(row.unit_ids)
        for measure_id in row.measure_ids:
            if row.owes:
                owes[measure_id] |= units
            if row.owes or row.released:
                settled[measure_id] |= units
    owing = {key: _Owing(owes[key], units) for key, units in settled.items()}
    return defaultdict(_Owing, owing)


def _list_leaving(
    meant: Mapping[UUID, _Meant], owing: Mapping[UUID, _Owing], successors: Mapping[UUID, UUID]
) -> set[UUID]:
    """The units that may lose duties or hand them over."""
    leaving: set[UUID] = set()
    for measure_id, (wanted, _) in meant.items():
        owes = owing[measure_id].owes
        leaving |= owes - wanted
        leaving |= owes & successors.keys()
    return leaving


async def _map_bearers(
    db: AsyncConnection, act: Act, plan: StoredPlan, unit_ids: set[UUID]
) -> Mapping[UUID, Mapping[UUID, Bearer]]:
    """How much some units owe, by measure and unit."""
    bearers: defaultdict[UUID, dict[UUID, Bearer]] = defaultdict(dict)
    if unit_ids:
        for bearer in await store.list_bearers(db, act.office_id, plan.plan_id, unit_ids):
            bearers[bearer.measure_id][bearer.unit_id] = bearer
    return bearers


def _map_successors(units: Sequence[StoredSuccession]) -> dict[UUID, UUID]:
    """For each retired unit the unit in the directory that took over, at last."""
    named = {unit.unit_id: unit.successor_id for unit in units if unit.successor_id is not None}
    retired = {unit.unit_id for unit in units if unit.retired_at is not None}
    successors: dict[UUID, UUID] = {}
    for unit_id, successor_id in named.items():
        last = successor_id
        while last in named:
            last = named[last]
        if last not in retired:
            successors[unit_id] = last
    return successors


def _resolve_measures(
    measures: Iterable[StoredMeasure], known: Directory, decisions: Mapping[str, Decision]
) -> Mapping[UUID, _Meant]:
    """What each measure's names mean; the same names are resolved once."""
    resolved: dict[tuple[str, ...], _Meant] = {}
    meant: dict[UUID, _Meant] = {}
    for measure in measures:
        names = tuple(dict.fromkeys(list_names(measure)))
        if names not in resolved:
            resolved[names] = _resolve_names(names, known, decisions)
        meant[measure.measure_id] = resolved[names]
    return meant


def _resolve_names(
    names: Sequence[str], known: Directory, decisions: Mapping[str, Decision]
) -> _Meant:
    """The units that names mean, and whether each name is certain."""
    resolved = [resolve(name, known, decisions) for name in names]
    units = {unit_id for unit_ids in resolved for unit_id in unit_ids or ()}
    return units & known.units.keys(), None not in resolved


def _count_dates(measure: StoredMeasure, year: int | None, today: date) -> int:
    """How many dates of a measure have not passed."""
    drafts = list_drafts(measure, year)
    return sum(draft.due_on is None or draft.due_on >= today for draft in drafts)


def _describe(
    members: _Owed,
    names: Mapping[UUID, str],
    successors: Mapping[UUID, UUID] = MappingProxyType({}),
) -> tuple[Member, ...]:
    described: Iterable[Member] = (
        Member(
            unit_id=unit_id,
            unit=names.get(unit_id, ""),
            refs=tuple(measure.ref for measure, _, _ in owed),
            obligations=sum(number for _, number, _ in owed),
            submitted=sum(number for _, _, number in owed),
            measure_ids=tuple(measure.measure_id for measure, _, _ in owed),
            successor_id=(successor_id := successors.get(unit_id)),
            successor=names.get(successor_id, "") if successor_id else "",
        )
        for unit_id, owed in members.items()
    )
    return tuple(sorted(described, key=lambda member: (member.unit, member.unit_id)))
