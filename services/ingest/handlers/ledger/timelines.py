"""Rows of the ledger and of the reminders, as the comparison takes them. No I/O."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from services.ingest.handlers.office.measure_facts import find_target_number
from services.ingest.handlers.office.telling_traits import set_unit
from services.ingest.store.ledger_rows import CurrentState, PastState
from services.ingest.store.reminder_audit import FormerUnit
from services.ingest.store.rows import StoredReminder
from shared.planning.difference_reasons import Emitted
from shared.planning.expected import (
    ExpectedItem,
    ObligationHistory,
    ObligationVersion,
    ReminderKey,
    join_versions,
    note_interruptions,
)
from shared.rules.occurrences import Dates
from shared.rules.selecting import NOTHING_TOLD, Traits, compute_share, keep_asked
from shared.schemas.facts import UnitTraits
from shared.schemas.life import ObligationStatus

BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)
_AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class UnitPeriod:
    """What rules ask of a unit from the period before until an instant; None: until now."""

    until: datetime | None
    traits: Traits


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


def build_histories(
    current: Sequence[CurrentState],
    past: Sequence[PastState],
    units: Mapping[UUID, Sequence[UnitPeriod]] = MappingProxyType({}),
    asked: Collection[str] = (),
) -> dict[UUID, dict[UUID, ObligationHistory]]:
    """Each unit's obligations with their versions, by unit id and obligation id.

    `units`: what rules asked of the units; none where no rule asks. `asked`: the fields of `Traits`
    that a rule asks for.
    """
    earlier: defaultdict[UUID, list[ObligationVersion]] = defaultdict(list)
    unrecorded_until: dict[UUID, datetime] = {}
    traits = {now.obligation_id: _describe_measure(now) for now in current}
    for state in past:
        known = traits.get(state.obligation_id)
        earlier[state.obligation_id].append(_make_version(state, known, state.until))
        if state.since is None:
            unrecorded_until[state.obligation_id] = state.until or _AFTER_ALL
    histories: defaultdict[UUID, dict[UUID, ObligationHistory]] = defaultdict(dict)
    for now in current:
        obligation_id = now.obligation_id
        own = [*earlier[obligation_id], _make_version(now, traits[obligation_id], None)]
        versions = join_versions(
            _keep_asked(part, asked)
            for version in note_interruptions(own)
            for part in _split(version, units.get(now.unit_id, ()))
        )
        recorded_from = unrecorded_until.get(obligation_id, now.unknown_before)
        unknown_before = recorded_from if now.since else _AFTER_ALL
        histories[now.unit_id][obligation_id] = ObligationHistory(
            obligation_id, versions, unknown_before
        )
    return histories


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


def _keep_asked(version: ObligationVersion, asked: Collection[str]) -> ObligationVersion:
    """The version with the traits that rules ask for: other changes split it no further."""
    traits = keep_asked(version.dates.traits, asked)
    return replace(version, dates=replace(version.dates, traits=traits))


@dataclass(frozen=True, slots=True)
class _Measure:
    """What is taken for all times of an obligation: traits, and the measure's target."""

    traits: Traits
    target: float | None


def _describe_measure(now: CurrentState) -> _Measure:
    traits = Traits(lead=now.lead, ref=now.ref, category=now.category or "")
    return _Measure(traits, find_target_number(now.text, now.target))


def _make_version(
    state: CurrentState | PastState, measure: _Measure | None, until: datetime | None
) -> ObligationVersion:
    traits = None
    if measure is not None:
        traits = replace(
            measure.traits,
            status=state.status,
            reached=compute_share(state.reported, measure.target),
            progressed_at=state.progressed_at,
        )
    return ObligationVersion(
        Dates(state.kind, state.due_on, state.known_on, traits),
        owed=state.reminded and not state.withdrawn and state.status is not ObligationStatus.DONE,
        since=state.since or BEFORE_ALL,
        until=until,
    )


def group_reminders(
    reminders: Sequence[StoredReminder],
) -> Mapping[UUID, dict[ReminderKey, Emitted]]:
    """Each unit's emitted reminders, by unit id; the parts of a split reminder are merged."""
    emitted: defaultdict[UUID, dict[ReminderKey, Emitted]] = defaultdict(dict)
    for part in reminders:
        fired_at = part.fired_at or part.slot
        key = (part.slot, part.audience)
        whole = emitted[part.unit_id].setdefault(key, Emitted({}, fired_at))
        whole.items.update(_parse_item(item) for item in part.items)
        whole.fired_at = max(whole.fired_at, fired_at)
        whole.complete = whole.complete and part.complete
    return emitted


def _parse_item(item: Mapping[str, Any]) -> tuple[UUID, ExpectedItem]:
    due_on = date.fromisoformat(item["due_on"])
    return UUID(item["obligation_id"]), ExpectedItem(due_on, int(item["overdue"]))
