"""The audit of reminders: compares those that the ledger asks for with those that were emitted.

It is independent of the scheduler: it reads only ingest's tables, that is the ledger with its
history, the rule books and calendars, and the reminders that the history's consumer recorded.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.ledger.asked_traits import AskedTraits
from services.ingest.handlers.ledger.audited_times import read_asked, read_eras
from services.ingest.handlers.ledger.timelines import BEFORE_ALL, build_histories, group_reminders
from services.ingest.handlers.office.rules import get_office_zone, list_published
from services.ingest.settings import IngestSettings
from services.ingest.store import reminder_audit as store
from services.ingest.store.history_tables import CONSUMER
from services.ingest.store.ledger_rows import CurrentState, PastState
from services.ingest.store.mutes import MuteFilter, list_mutes
from services.ingest.store.rows import StoredReminder
from shared.planning.difference_reasons import ComparisonLimits, UnitAudit
from shared.planning.discrepancies import Comparison, Difference, DifferenceKind, compare
from shared.planning.expected import Era, compute_expected, list_asked
from shared.planning.firings import Firings
from shared.planning.keeping import has_kept_steps
from shared.schemas.mutes import Mute
from shared.schemas.topics import REMINDERS, apply_prefix

LISTED = 1000
"""How many differences an answer lists."""
_UNITS_AT_ONCE = 50
_LONGEST = timedelta(days=3700)
_INSTANT, _DAY = timedelta(microseconds=1), timedelta(days=1)


class Unchecked(StrEnum):
    """Why something was not compared."""

    NOT_YET_DUE = "not-yet-due"
    """Reminders so new that they may not have arrived yet."""
    NO_FIRING_TIME = "no-firing-time"
    """Reminders of a time before firing times were recorded."""
    NO_HISTORY = "no-history"
    """Obligations that differ at slots for which their state is not recorded."""
    NO_RULE_BOOK = "no-rule-book"
    """Obligations of an office without a rule book."""
    STOPPED = "reading-stopped"
    """Partitions of the reminders' topic that ingest has stopped reading."""
    PARKED = "records-parked"
    """Records of the reminders' topic that ingest could not apply and has parked."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to compare: an office's slots of some days, by what is known at `now`.

    Attributes:
        grace: a slot is compared only once it is this old.
        prefix: of the installation's topics.
    """

    office_id: UUID
    first: date
    last: date
    now: datetime
    grace: timedelta
    prefix: str = ""
    limits: ComparisonLimits = field(default_factory=ComparisonLimits)


@dataclass(slots=True)
class ReminderAudit:
    """The result of a comparison. Differences are ordered by slot, then by unit."""

    first: date
    last: date
    timezone: str
    expected: int = 0
    emitted: int = 0
    differences: list[Difference] = field(default_factory=list)
    explained: list[Difference] = field(default_factory=list)
    not_checked: Counter[Unchecked] = field(default_factory=Counter)

    @property
    def missing(self) -> int:
        """How many reminders are missing or incomplete without an explanation."""
        return sum(difference.kind is not DifferenceKind.EXTRA for difference in self.differences)

    def add(self, unit: Comparison) -> None:
        """Add the result of a unit."""
        self.expected += unit.expected
        self.emitted += unit.emitted
        self.differences += [diff for diff in unit.differences if not diff.explained]
        self.explained += [diff for diff in unit.differences if diff.explained]
        self.not_checked[Unchecked.NO_HISTORY] += len(unit.unknown)


@dataclass(frozen=True, slots=True)
class _Span:
    """The first and last slot of the question, and of those that are compared."""

    first: datetime
    last: datetime
    checked_first: datetime
    checked_last: datetime


async def audit(db: AsyncConnection, asked: Question) -> ReminderAudit:
    """Compare the reminders emitted for an office with those that the ledger asks for.

    Args:
        db: a connection with one snapshot for all its statements (REPEATABLE READ).
        asked: what to compare.

    Raises:
        RefusedError: the days are in the wrong order, or more than ten years.
    """
    if asked.last < asked.first:
        raise RefusedError(
            Fault.INVALID,
            "截止日早于起始日。The last day lies before the first.",
            "请对调两个日期（`from`、`to`）。Swap the two days (`from`, `to`).",
        )
    if asked.last - asked.first > _LONGEST:
        raise RefusedError(
            Fault.INVALID,
            "一次最多核对十年。At most ten years are compared.",
            "请缩短时段。Give fewer days.",
        )
    await store.allow_long_pauses(db)
    zone = await get_office_zone(db, asked.office_id)
    span = await _find_span(db, asked, zone)
    since = span.first - asked.limits.reach
    published = await list_published(db, asked.office_id)
    times = await read_eras(db, asked.office_id, published, since)
    told_since = BEFORE_ALL if has_kept_steps(published) else since
    mutes = await list_mutes(db, asked.office_id, MuteFilter(until_after=since))
    muted = [stored.to_mute() for stored in mutes]
    fired = await store.map_firings(db, asked.office_id, span.first, asked.limits.tolerance)
    result, firings, after = ReminderAudit(asked.first, asked.last, zone.key), Firings(fired), None
    while unit_ids := await store.list_unit_ids(db, asked.office_id, after, _UNITS_AT_ONCE):
        after = unit_ids[-1]
        current = await store.list_current_states(db, asked.office_id, unit_ids, since)
        past = await store.list_past_states(db, unit_ids, told_since)
        reminders = await store.list_reminders(db, unit_ids, span.first)
        traits = await read_asked(db, asked.office_id, unit_ids, list_asked(times), since)
        part = _Part(unit_ids, times, firings, asked.limits, span, muted, traits)
        await part.compare(result, current, past, reminders)
    stopped, parked = await store.count_unread(
        db, CONSUMER, apply_prefix(REMINDERS.name, asked.prefix)
    )
    result.not_checked.update({Unchecked.STOPPED: stopped, Unchecked.PARKED: parked})
    result.not_checked += Counter()  # without the zeros
    for differences in (result.differences, result.explained):
        differences.sort(key=lambda diff: (diff.slot, str(diff.unit_id), diff.audience.value))
    return result


def make_question(
    settings: IngestSettings, office_id: UUID, days: tuple[date, date], now: datetime
) -> Question:
    """The question about some days, with the limits that the settings give."""
    limits = ComparisonLimits(tolerance=settings.expected_tolerance)
    grace, prefix = settings.expected_grace, settings.topic_prefix
    return Question(office_id, *days, now, grace, prefix, limits)


async def describe(db: AsyncConnection, result: ReminderAudit) -> dict[str, Any]:
    """The result as plain data, with the names of units and the refs of measures."""
    listed = [*result.differences[:LISTED], *result.explained[:LISTED]]
    names = await store.map_unit_names(db, sorted({diff.unit_id for diff in listed}))
    refs = await store.map_refs(db, sorted({id_ for diff in listed for id_ in diff.obligations}))
    return {
        "first": result.first,
        "last": result.last,
        "timezone": result.timezone,
        "expected": result.expected,
        "emitted": result.emitted,
        "missing": result.missing,
        "differing": len(result.differences),
        "differences": _describe_differences(result.differences, names, refs),
        "explaining": len(result.explained),
        "explained": _describe_differences(result.explained, names, refs),
        "not_checked": [
            {"reason": reason.value, "number": number}
            for reason, number in result.not_checked.items()
        ],
    }


def _describe_differences(
    differences: Sequence[Difference], names: Mapping[UUID, str], refs: Mapping[UUID, str]
) -> list[dict[str, Any]]:
    return [
        {
            "unit_id": diff.unit_id,
            "unit": names.get(diff.unit_id, ""),
            "audience": diff.audience.value,
            "slot": diff.slot,
            "kind": diff.kind.value,
            "reason": diff.reason.value,
            "obligations": list(diff.obligations),
            "refs": [refs.get(id_, "") for id_ in diff.obligations],
        }
        for diff in differences[:LISTED]
    ]


async def _find_span(db: AsyncConnection, asked: Question, zone: ZoneInfo) -> _Span:
    first, last = (
        _find_midnight(asked.first, zone),
        _find_midnight(asked.last + _DAY, zone) - _INSTANT,
    )
    untimed = await store.find_last_untimed_slot(db, asked.office_id, first)
    checked_first = first if untimed is None else max(first, untimed + _INSTANT)
    last = min(last, asked.now)
    return _Span(first, last, checked_first, min(last, asked.now - asked.grace))


def _find_midnight(day: date, zone: ZoneInfo) -> datetime:
    """The beginning of a day at the office, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some units that are compared together."""

    unit_ids: Sequence[UUID]
    times: Sequence[Era]
    firings: Firings
    limits: ComparisonLimits
    span: _Span
    mutes: Sequence[Mute]
    asked: AskedTraits

    async def compare(
        self,
        result: ReminderAudit,
        current: Sequence[CurrentState],
        past: Sequence[PastState],
        reminders: Sequence[StoredReminder],
    ) -> None:
        """Compare the units, and add their results to `result`.

        Each unit is compared in a thread. A thread can't be cancelled: when the service stops, it
        waits for one unit and not for all.
        """
        histories = await asyncio.to_thread(build_histories, current, past, self.asked, self.mutes)
        emitted = await asyncio.to_thread(group_reminders, reminders)
        for unit_id in self.unit_ids:
            own, sent = histories.get(unit_id, {}), emitted[unit_id]
            unit = UnitAudit(unit_id, self.times, own, sent, self.firings, self.limits)
            await asyncio.to_thread(self._compare_unit, result, unit)

    def _compare_unit(self, result: ReminderAudit, unit: UnitAudit) -> None:
        span, own = self.span, unit.histories
        if not self.times:
            result.not_checked[Unchecked.NO_RULE_BOOK] += len(own)
        result.add(compare(unit, span.checked_first, span.checked_last))
        for reason, first, last in (
            (Unchecked.NO_FIRING_TIME, span.first, span.checked_first - _INSTANT),
            (Unchecked.NOT_YET_DUE, span.checked_last + _INSTANT, span.last),
        ):
            slots = max(first, span.first), min(last, span.last)
            result.not_checked[reason] += len(compute_expected(self.times, own.values(), *slots))
