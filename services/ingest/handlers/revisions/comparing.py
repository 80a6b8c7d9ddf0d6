"""What a revision changes about a plan: added, changed, removed and ambiguous measures."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.ingest.domain.expansion import Decision, Directory, resolve
from services.ingest.domain.lifecycle import derive_obligations, move_date
from services.ingest.domain.revision import keep_periods
from services.ingest.domain.statuses import PlanStatus
from services.ingest.handlers.ledger.changed_measures import ChangedMeasure
from services.ingest.handlers.plans.doubts import (
    UnknownName,
    list_names,
    list_unknown_names,
    to_duty,
)
from services.ingest.handlers.revisions.pairing import (
    FACTS,
    AmbiguousMeasure,
    Pairs,
    is_still_open,
    list_codes,
)
from services.ingest.store.revisions import GrantedDate, SubmittedReport
from services.ingest.store.rows import StoredMeasure, StoredPlan


@dataclass(frozen=True, slots=True)
class Moved:
    """A date that moved, was added (nothing before) or ended (nothing after)."""

    before: date | None
    after: date | None


@dataclass(frozen=True, slots=True)
class Who:
    """A unit that a change concerns."""

    unit_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Keeps:
    """A unit that keeps a later date than the measure's new one: the office granted it."""

    unit_id: UUID
    name: str
    due_on: date


@dataclass(frozen=True, slots=True)
class EndsReport:
    """A unit whose report waits for its review and ends unreviewed; `due_on` is its date."""

    unit_id: UUID
    name: str
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Differs:
    """A field of a measure, before and after."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """A measure that the revision adds, changes or removes.

    Attributes:
        ref: its ref in the revised document; that of a removed one, in the plan.
        fields: the fields that differ.
        dates: the dates that differ.
        units_added, units_removed: who owes it from now on, and who no longer does.
        units_keeping: who keeps a granted date, and which.
        reports_ending: whose reports end before the office has reviewed them.
        open: the codes to settle before the confirmation.
        unknown: names that do not resolve, if they are new or the measure loses units.
    """

    ref: str
    text: str
    fields: Mapping[str, Differs] = field(default_factory=dict)
    dates: tuple[Moved, ...] = ()
    units_added: tuple[Who, ...] = ()
    units_removed: tuple[Who, ...] = ()
    units_keeping: tuple[Keeps, ...] = ()
    reports_ending: tuple[EndsReport, ...] = ()
    open: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(slots=True)
class Revision:
    """A revision compared with its plan, as both are now.

    Attributes:
        plan: the plan that is revised.
        stored: the revision itself.
        measures: the measures that differ, before and after.
        unchanged: how many pairs do not differ.
        created: whether the document was new.
    """

    plan: StoredPlan
    stored: StoredPlan
    added: list[Change] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    removed: list[Change] = field(default_factory=list)
    ambiguous: list[AmbiguousMeasure] = field(default_factory=list)
    unknown_names: tuple[UnknownName, ...] = ()
    measures: list[ChangedMeasure] = field(default_factory=list)
    unchanged: int = 0
    created: bool = False

    @property
    def digest(self) -> str:
        """The hash of the difference: a confirmation names the one that the caller saw."""
        difference = repr((self.added, self.changed, self.removed, self.ambiguous))
        return hashlib.sha256(difference.encode("utf-8", "surrogatepass")).hexdigest()


def is_stale(plan: StoredPlan, revision: StoredPlan) -> bool:
    """Whether a plan has changed since a revision of it was read."""
    return revision.status is PlanStatus.REVISION and plan.version != revision.base_version


@dataclass(frozen=True, slots=True)
class RevisionComparison:
    """Compares the measures of a plan with those of a revision.

    Attributes:
        year: the plan's.
        known: the office's directory.
        decisions: what people decided about names.
        owing: for each measure that differs the units that owe it now.
        granted: the later dates that units were granted for these measures.
        submitted: the reports of these measures that wait for their review.
    """

    year: int | None
    known: Directory
    decisions: Mapping[str, Decision]
    owing: Mapping[UUID, Collection[UUID]]
    granted: Sequence[GrantedDate] = ()
    submitted: Sequence[SubmittedReport] = ()

    def compare(self, revision: Revision, pairs: Pairs) -> Revision:
        """Add to `revision` what the pairs of its measures mean for dates and units."""
        sides: Iterable[tuple[StoredMeasure | None, StoredMeasure | None, list[Change]]] = (
            *((None, new, revision.added) for new in pairs.added),
            *((old, new, revision.changed) for old, new in pairs.changed),
            *((old, None, revision.removed) for old in pairs.removed),
        )
        for old, new, changes in sides:
            measure = self._expand(old, new)
            revision.measures.append(measure)
            changes.append(self._describe(measure))
        revision.ambiguous = pairs.ambiguous
        revision.unchanged = len(pairs.kept)
        new_measures = [m.new for m in revision.measures if m.new is not None]
        to_decide = {
            name for change in (*revision.added, *revision.changed) for name in change.unknown
        }
        revision.unknown_names = tuple(
            unknown
            for unknown in list_unknown_names(new_measures, self.known, self.decisions)
            if unknown.name in to_decide
        )
        return revision

    def _expand(self, old: StoredMeasure | None, new: StoredMeasure | None) -> ChangedMeasure:
        """A measure with its dates and units before and after."""
        before = {}
        if old is not None and old.published_at is not None:
            made = derive_obligations(to_duty(old, self.year))
            before = {old.periods.get(draft.period, draft.period): draft for draft in made}
        if new is None or is_still_open(old, new, self.year):
            return ChangedMeasure(old, new, {}, before, {}, frozenset(), frozenset())
        after = derive_obligations(to_duty(new, self.year))
        periods = keep_periods(before, after)
        return ChangedMeasure(
            old=old,
            new=new,
            periods={name: kept for name, kept in periods.items() if name != kept},
            before=before,
            after={periods[draft.period]: draft for draft in after},
            units=self._list_units(old, new),
            lead=self._resolve(new.lead),
        )

    def _list_units(self, old: StoredMeasure | None, new: StoredMeasure) -> frozenset[UUID]:
        """The units that are to owe a measure, as people decided when the directory changed."""
        units = self._resolve(list_names(new))
        if old is None:
            return units
        staying = {unit for each in old.staying if (unit := UUID(each)) in self.known.units}
        return (units | staying) - set(map(UUID, old.not_joining))

    def _resolve(self, names: Iterable[str]) -> frozenset[UUID]:
        resolved = (resolve(name, self.known, self.decisions) or () for name in names)
        return frozenset(
            unit_id for unit_ids in resolved for unit_id in unit_ids if unit_id in self.known.units
        )

    def _describe(self, measure: ChangedMeasure) -> Change:
        old, new = measure.old, measure.new
        shown = new if new is not None else old
        assert shown is not None  # noqa: S101 - a changed measure exists before or after
        before = frozenset(self.owing.get(old.measure_id, ())) if old is not None else frozenset()
        joining, leaving = measure.units - before, before - measure.units
        if measure.only_words:
            joining, leaving = frozenset(), frozenset()
        units_removed = self._name_units(leaving)
        known_before = set(list_names(old)) if old is not None else set()
        return Change(
            ref=shown.ref,
            text=shown.text,
            fields=_compare_fields(old, new),
            dates=_compare_dates(measure) if old is not None and new is not None else (),
            units_added=self._name_units(joining),
            units_removed=units_removed,
            units_keeping=self._list_keeping(measure),
            reports_ending=self._list_ending(measure),
            open=self._list_open(old, new),
            unknown=tuple(
                name
                for name in dict.fromkeys(list_names(new) if new is not None else ())
                if (name not in known_before or units_removed)
                and resolve(name, self.known, self.decisions) is None
            ),
        )

    def _list_keeping(self, measure: ChangedMeasure) -> tuple[Keeps, ...]:
        """The units whose granted date stays though the measure's own becomes another."""
        if measure.old is None or measure.before == measure.after:
            return ()
        keeping = []
        for granted in self.granted:
            draft = measure.after.get(granted.period)
            unit = self.known.units.get(granted.unit_id)
            if granted.measure_id != measure.old.measure_id or draft is None or unit is None:
                continue
            kept = move_date(granted.due_on, measure.before.get(granted.period), draft)
            if kept is not None and kept != draft.due_on:
                keeping.append(Keeps(granted.unit_id, unit.name, kept))
        return tuple(keeping)

    def _list_ending(self, measure: ChangedMeasure) -> tuple[EndsReport, ...]:
        """The reports of what the confirmation withdraws, as `write_obligations` does."""
        if measure.old is None or measure.only_words:
            return ()
        return tuple(
            EndsReport(report.unit_id, report.unit, report.due_on)
            for report in self.submitted
            if report.measure_id == measure.old.measure_id
            and not measure.is_kept_by(report.unit_id, report.period, by_hand=report.by_hand)
        )

    def _list_open(self, old: StoredMeasure | None, new: StoredMeasure | None) -> tuple[str, ...]:
        if new is None or is_still_open(old, new, self.year):
            return ()
        return list_codes(new, self.year)

    def _name_units(self, unit_ids: Iterable[UUID]) -> tuple[Who, ...]:
        units = self.known.units
        named = (Who(unit_id, units[unit_id].name) for unit_id in unit_ids if unit_id in units)
        return tuple(sorted(named, key=lambda who: who.name))


def _compare_fields(old: StoredMeasure | None, new: StoredMeasure | None) -> dict[str, Differs]:
    if old is None or new is None:
        return {}
    return {
        name: Differs(getattr(old, name), getattr(new, name))
        for name in FACTS
        if getattr(old, name) != getattr(new, name)
    }


def _compare_dates(measure: ChangedMeasure) -> tuple[Moved, ...]:
    moved = []
    for period in dict.fromkeys((*measure.before, *measure.after)):
        before, after = measure.before.get(period), measure.after.get(period)
        if before is None or after is None or before.due_on != after.due_on:
            moved.append(Moved(before.due_on if before else None, after.due_on if after else None))
    return tuple(moved)
