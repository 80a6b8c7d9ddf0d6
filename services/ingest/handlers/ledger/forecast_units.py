"""Rows of directory and ledger, as a forecast takes them. No I/O."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.ingest.domain.forecast import ForecastUnit, UnitName
from services.ingest.store.ledger_rows import CurrentState, PastState
from services.ingest.store.rows import StoredUnit
from shared.messages.recipients import Recipient
from shared.planning.forecasting import ForecastObligation, TimedChange
from shared.planning.reminding import ReminderMeasure
from shared.rules.occurrences import Dates
from shared.schemas.life import ObligationStatus

_BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Some units with the present and past states of their obligations, the past in order."""

    units: Sequence[StoredUnit]
    current: Sequence[CurrentState]
    past: Sequence[PastState]


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
    past: defaultdict[UUID, list[PastState]] = defaultdict(list)
    for state in snapshot.past:
        past[state.obligation_id].append(state)
    courses: defaultdict[UUID, list[_Course]] = defaultdict(list)
    for now in snapshot.current:
        course = _build_course(office_of[now.unit_id], now, past[now.obligation_id], since, until)
        if course is not None:
            courses[now.unit_id].append(course)
    return [_build_unit(unit, courses[unit.unit_id]) for unit in snapshot.units]


def _build_unit(unit: StoredUnit, courses: Sequence[_Course]) -> ForecastUnit:
    return ForecastUnit(
        UnitName(unit.unit_id, unit.name),
        tuple(_make_recipient(contact) for contact in unit.contacts),
        [course.obligation for course in courses],
        {course.obligation.obligation_id: course.changes for course in courses if course.changes},
        owes=bool(courses),
        unknown=sum(not course.is_known for course in courses),
    )


def _build_course(
    office_id: UUID, now: CurrentState, past: Sequence[PastState], since: datetime, until: datetime
) -> _Course | None:
    """The course of an obligation; None when it is never owed in the period."""
    begins: TimedChange | None = None
    states: list[CurrentState | PastState] = [*past, now]
    changes: list[TimedChange] = []
    for state in states:
        at = state.since or _BEFORE_ALL
        if at > until:
            break
        change = TimedChange(
            at,
            owed=state.reminded
            and not state.withdrawn
            and state.status is not ObligationStatus.DONE,
            becomes=_make_obligation(office_id, now, state),
        )
        if at <= since:
            begins = change
        else:
            changes.append(change)
    first = begins or TimedChange(since, owed=False)
    if not any(change.owed for change in (first, *changes)):
        return None
    if not first.owed:
        changes.insert(0, TimedChange(since, owed=False))
    obligation = first.becomes or _make_obligation(office_id, now, now)
    return _Course(
        obligation, tuple(_drop_repeats(obligation, changes)), _is_known(now, past, since)
    )


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


def _is_known(now: CurrentState, past: Sequence[PastState], since: datetime) -> bool:
    """Whether the states are recorded since an instant, as the audit of reminders sees it."""
    if now.since is None:
        return False
    unrecorded = [state.until for state in past if state.since is None]
    known_from = unrecorded[-1] if unrecorded else now.unknown_before
    return known_from is None or known_from <= since


def _make_obligation(
    office_id: UUID, now: CurrentState, state: CurrentState | PastState
) -> ForecastObligation:
    """An obligation in one of its states. Texts are left out: only the ref is shown."""
    return ForecastObligation(
        office_id,
        now.unit_id,
        now.obligation_id,
        Dates(state.kind, state.due_on, state.known_on),
        now.lead,
        ReminderMeasure(now.ref, "", "", ""),
        now.measure_id,
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
