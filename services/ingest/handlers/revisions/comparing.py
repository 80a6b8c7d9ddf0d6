"""What a revision changes about a plan: added, changed and removed measures, and doubts."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.ingest.expansion import Decision, Directory, resolve
from services.ingest.handlers.ledger.touched import Touched
from services.ingest.handlers.plans.doubts import UnknownName, duty, unknown
from services.ingest.handlers.revisions.pairing import FACTS, Doubt, Pairs, open_points, waits
from services.ingest.lifecycle import derive_obligations
from services.ingest.revision import keep_periods
from services.ingest.tables import AnyRow


@dataclass(frozen=True, slots=True)
class Moved:
    """A date that moved, was added (nothing before) or ended (nothing after)."""

    before: date | None
    after: date | None


@dataclass(frozen=True, slots=True)
class Who:
    """A unit that a change is about."""

    unit_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Differs:
    """A field of a measure, before and after."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """A measure that the revision adds, changes or removes.

    Attributes:
        ref: its place in the revised document; of a removed one, in the plan.
        fields: what differs.
        dates: what becomes of its dates.
        units_added, units_removed: who owes it from now on, and who no longer does.
        open: what a person must settle first.
        unknown: names that nobody knows, if it did not have them before or loses units.
    """

    ref: str
    text: str
    fields: Mapping[str, Differs] = field(default_factory=dict)
    dates: tuple[Moved, ...] = ()
    units_added: tuple[Who, ...] = ()
    units_removed: tuple[Who, ...] = ()
    open: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(slots=True)
class Revision:
    """A revision compared with its plan, as both stand now.

    Attributes:
        kept: pairs that do not differ; `created`: the document was new.
    """

    plan: AnyRow
    row: AnyRow
    added: list[Change] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    removed: list[Change] = field(default_factory=list)
    ambiguous: list[Doubt] = field(default_factory=list)
    unknown_names: tuple[UnknownName, ...] = ()
    touched: list[Touched] = field(default_factory=list)
    kept: list[tuple[AnyRow, AnyRow]] = field(default_factory=list)
    created: bool = False

    @property
    def digest(self) -> str:
        """What stands for the difference: who confirms says which one they saw."""
        whole = repr((self.added, self.changed, self.removed, self.ambiguous))
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def stale(plan: AnyRow, row: AnyRow) -> bool:
    """Whether a plan has changed since a revision of it was read."""
    return bool(row.status == "revision" and plan.version != row.base_version)


def compared(
    found: Revision,
    pairs: Pairs,
    known: Directory,
    decisions: Mapping[str, Decision],
    owing: Mapping[UUID, Collection[UUID]],
) -> Revision:
    """Work out what each difference means: dates, units, and what is still to settle.

    `found` is the revision as yet without its difference, `pairs` its measures beside the plan's,
    `decisions` what people decided about names, `owing` who now owes each measure that differs.
    """
    sides: Iterable[tuple[AnyRow | None, AnyRow | None, list[Change]]] = (
        *((None, new, found.added) for new in pairs.added),
        *((old, new, found.changed) for old, new in pairs.changed),
        *((old, None, found.removed) for old in pairs.removed),
    )
    for old, new, shown in sides:
        touched = _touched(old, new, found.plan.year, known, decisions)
        found.touched.append(touched)
        before = frozenset(owing.get(old.measure_id, ())) if old is not None else frozenset()
        shown.append(_change(touched, before, found.plan.year, known, decisions))
    found.ambiguous = pairs.doubts
    found.kept = pairs.kept
    news = [touched.new for touched in found.touched if touched.new is not None]
    lost = {name for shown in (*found.added, *found.changed) for name in shown.unknown}
    found.unknown_names = tuple(one for one in unknown(news, known, decisions) if one.name in lost)
    return found


def _touched(
    old: AnyRow | None,
    new: AnyRow | None,
    year: int | None,
    known: Directory,
    decisions: Mapping[str, Decision],
) -> Touched:
    before = {}
    if old is not None and old.published_at is not None:
        made = derive_obligations(duty(old, year))
        before = {old.periods.get(draft.period, draft.period): draft for draft in made}
    if new is None:
        return Touched(old, new, {}, before, {}, frozenset(), frozenset())
    after = derive_obligations(duty(new, year))
    if waits(old, new, year):
        return Touched(old, new, {}, before, {}, frozenset(), frozenset())
    periods = keep_periods(before, after)
    return Touched(
        old,
        new,
        {name: kept for name, kept in periods.items() if name != kept},
        before,
        {periods[draft.period]: draft for draft in after},
        _units((*new.names, *new.lead), known, decisions),
        _units(new.lead, known, decisions),
    )


def _units(
    names: Iterable[str], known: Directory, decisions: Mapping[str, Decision]
) -> frozenset[UUID]:
    resolved = (resolve(name, known, decisions) or () for name in names)
    return frozenset(unit for units in resolved for unit in units if unit in known.units)


def _change(
    touched: Touched,
    before: frozenset[UUID],
    year: int | None,
    known: Directory,
    decisions: Mapping[str, Decision],
) -> Change:
    old, new = touched.old, touched.new
    shown = new if new is not None else old
    assert shown is not None  # noqa: S101 - a measure that changes is there before or after
    joined = _who(touched.units - before, known) if not touched.only_words else ()
    left = _who(before - touched.units, known) if not touched.only_words else ()
    had = {*old.names, *old.lead} if old is not None else set()
    names = dict.fromkeys((*new.names, *new.lead)) if new is not None else {}
    values = {
        name: Differs(getattr(old, name), getattr(new, name))
        for name in FACTS
        if old is not None and new is not None and getattr(old, name) != getattr(new, name)
    }
    return Change(
        ref=shown.ref,
        text=shown.text,
        fields=values,
        dates=_dates(touched) if old is not None and new is not None else (),
        units_added=joined,
        units_removed=left,
        open=open_points(new, year) if new is not None and not waits(old, new, year) else (),
        unknown=tuple(
            name
            for name in names
            if (name not in had or left) and resolve(name, known, decisions) is None
        ),
    )


def _dates(touched: Touched) -> tuple[Moved, ...]:
    moved = []
    for name in dict.fromkeys((*touched.before, *touched.after)):
        was, will = touched.before.get(name), touched.after.get(name)
        if was is None or will is None or was.due_on != will.due_on:
            moved.append(Moved(was.due_on if was else None, will.due_on if will else None))
    return tuple(moved)


def _who(units: Iterable[UUID], known: Directory) -> tuple[Who, ...]:
    named = (Who(unit, known.units[unit].name) for unit in units if unit in known.units)
    return tuple(sorted(named, key=lambda who: who.name))
