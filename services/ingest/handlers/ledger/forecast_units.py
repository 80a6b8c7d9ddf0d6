"""Rows of directory and ledger, as a forecast takes them. No I/O."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.ingest.domain.forecast import ForecastUnit, UnitName
from services.ingest.domain.forecast_messages import ToldUnit
from services.ingest.handlers.ledger.asked_traits import AskedTraits
from services.ingest.handlers.ledger.timelines import build_lives
from services.ingest.store.ledger_rows import CurrentState, PastState
from services.ingest.store.rows import StoredUnit
from shared.messages.recipients import Recipient
from shared.planning.expected import ObligationVersion
from shared.planning.forecasting import ForecastObligation, TimedChange
from shared.planning.possible import ObligationLife
from shared.planning.reminding import ReminderMeasure
from shared.rules.selecting import NOTHING_TOLD


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Some units with the present and past states of their obligations, the past in order.

    `asked`: what the rules of the forecast ask of them; `others`: the other units that rules tell.
    """

    units: Sequence[StoredUnit]
    current: Sequence[CurrentState]
    past: Sequence[PastState]
    asked: AskedTraits
    others: Sequence[StoredUnit] = ()


@dataclass(frozen=True, slots=True)
class _Course:
    """An obligation at the beginning of a period, and what changes about it until the end.

    `is_known`: whether its states are recorded from the beginning on.
    """

    obligation: ForecastObligation
    changes: tuple[TimedChange, ...]
    is_known: bool


def build_units(snapshot: Snapshot, since: datetime, until: datetime) -> list[ForecastUnit]:
    """The units with what each owes after `since` up to `until`, and what changes about it."""
    office_of = {unit.unit_id: unit.office_id for unit in snapshot.units}
    lives = build_lives(snapshot.current, snapshot.past, snapshot.asked)
    courses: defaultdict[UUID, list[_Course]] = defaultdict(list)
    for now in snapshot.current:
        life = lives[now.obligation_id]
        course = _build_course(office_of[now.unit_id], now, life, since, until)
        if course is not None:
            courses[now.unit_id].append(course)
    others = {unit.unit_id: ToldUnit(unit.name, _list_recipients(unit)) for unit in snapshot.others}
    return [_build_unit(unit, courses[unit.unit_id], others) for unit in snapshot.units]


def _build_unit(
    unit: StoredUnit, courses: Sequence[_Course], others: Mapping[UUID, ToldUnit]
) -> ForecastUnit:
    return ForecastUnit(
        UnitName(unit.unit_id, unit.name),
        _list_recipients(unit),
        [course.obligation for course in courses],
        {course.obligation.obligation_id: course.changes for course in courses if course.changes},
        owes=bool(courses),
        unknown=sum(not course.is_known for course in courses),
        others=others,
    )


def _list_recipients(unit: StoredUnit) -> tuple[Recipient, ...]:
    return tuple(map(_make_recipient, unit.contacts))


def _build_course(
    office_id: UUID, now: CurrentState, life: ObligationLife, since: datetime, until: datetime
) -> _Course | None:
    """The course of an obligation; None when it is never owed in the period."""
    begins: TimedChange | None = None
    changes: list[TimedChange] = []
    for state in life.states:
        version = state.version
        if version.since > until:
            break
        becomes = _make_obligation(office_id, now, version)
        change = TimedChange(version.since, owed=version.owed, becomes=becomes)
        if version.since <= since:
            begins = change
        else:
            changes.append(change)
    first = begins or TimedChange(since, owed=False)
    if not any(change.owed for change in (first, *changes)):
        return None
    if not first.owed:
        changes.insert(0, TimedChange(since, owed=False))
    obligation = first.becomes or _make_obligation(office_id, now, life.states[-1].version)
    known_from = life.history.known_from
    is_known = known_from is None or known_from <= since
    return _Course(obligation, tuple(_drop_repeats(obligation, changes)), is_known)


def _drop_repeats(
    obligation: ForecastObligation, changes: Sequence[TimedChange]
) -> Iterator[TimedChange]:
    """The changes that change something: a start of work, for one, does not."""
    owed, known = True, obligation
    for change in changes:
        becomes = change.becomes or known
        if (change.owed, becomes) != (owed, known):
            owed, known = bool(change.owed), becomes
            yield change


def _make_obligation(
    office_id: UUID, now: CurrentState, version: ObligationVersion
) -> ForecastObligation:
    """An obligation in one of its states. Texts are left out: only the ref is shown."""
    return ForecastObligation(
        office_id,
        now.unit_id,
        now.obligation_id,
        replace(version.dates, traits=None),
        now.lead,
        ReminderMeasure(now.ref, "", "", ""),
        now.measure_id,
        version.dates.traits or NOTHING_TOLD,
        version.owed_since,
    )


def _make_recipient(contact: dict[str, Any]) -> Recipient:
    first, last = contact.get("valid_from"), contact.get("valid_to")
    return Recipient(
        contact_id=UUID(contact["contact_id"]),
        post=contact["post"],
        email=contact["email"],
        mobile=contact["mobile"],
        valid_from=date.fromisoformat(first) if first else None,
        valid_to=date.fromisoformat(last) if last else None,
    )
