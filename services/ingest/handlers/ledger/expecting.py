"""The second audit: which reminders the ledger asks for, beside those that were emitted.

It reads ingest's own tables alone: the ledger with its history, the rule books and calendars, and
the reminders as the history's consumer wrote them. It does not read what the scheduler keeps.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Fault, RefusedError
from services.ingest.handlers.ledger.timelines import emitted_of, histories_of
from services.ingest.handlers.office.rules import office_zone
from services.ingest.settings import IngestSettings
from services.ingest.store import expecting as store
from services.ingest.tables import AnyRow
from services.ingest.told import CONSUMER
from shared.calendar import WorkingCalendar
from shared.planning.discrepancies import (
    Comparison,
    ComparisonLimits,
    Difference,
    DifferenceKind,
    UnitAudit,
    compare,
)
from shared.planning.expected import Era, compute_expected, list_eras
from shared.planning.firings import Firings
from shared.schemas.rules import RuleBook
from shared.schemas.topics import REMINDERS, apply_prefix

LISTED = 1000
"""How many differences an answer lists."""
_UNITS_AT_ONCE = 50
_LONGEST = timedelta(days=3700)
_INSTANT, _DAY = timedelta(microseconds=1), timedelta(days=1)


class Unchecked(StrEnum):
    """Why something was not compared."""

    NOT_YET_DUE = "not-yet-due"
    """Reminders so new that they may still be on their way."""
    NO_FIRING_TIME = "no-firing-time"
    """Reminders of a time when it was not recorded when a reminder fired."""
    NO_HISTORY = "no-history"
    """Obligations that differ at slots of which it is not recorded how they stood."""
    NO_RULE_BOOK = "no-rule-book"
    """Obligations of an office that has published no rule book."""
    STOPPED = "reading-stopped"
    """Partitions of the reminders that ingest has stopped to read."""
    PARKED = "records-parked"
    """Records of the reminders that ingest could not apply and has set aside."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to compare: an office's slots of some days, by what is known at an instant.

    Attributes:
        grace: a slot is not judged before it is so old.
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
class Audit:
    """What a comparison came to. Differences rise by slot, then by unit."""

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
        """Reminders that are not there, or lack something, though nothing explains it."""
        return sum(one.kind is not DifferenceKind.EXTRA for one in self.differences)

    def take(self, one: Comparison) -> None:
        """Add what one unit comes to."""
        self.expected += one.expected
        self.emitted += one.emitted
        self.differences += [diff for diff in one.differences if not diff.explained]
        self.explained += [diff for diff in one.differences if diff.explained]
        self.not_checked[Unchecked.NO_HISTORY] += len(one.unknown)


@dataclass(frozen=True, slots=True)
class _Span:
    """The slots of the question, and those of them that are compared; all ends are included."""

    first: datetime
    last: datetime
    checked_first: datetime
    checked_last: datetime


async def audit(db: AsyncConnection, asked: Question) -> Audit:
    """Compare what was emitted for an office with what should have been.

    Args:
        db: a connection with one snapshot for all its statements (REPEATABLE READ).
        asked: what to compare.

    Raises:
        RefusedError: the days are in the wrong order, or more than ten years.
    """
    if asked.last < asked.first:
        raise RefusedError(
            Fault.INVALID, "The last day lies before the first.", "Swap `from` and `to`."
        )
    if asked.last - asked.first > _LONGEST:
        raise RefusedError(Fault.INVALID, "Ten years at most are compared.", "Name fewer days.")
    zone = await office_zone(db, asked.office_id)
    span = await _span(db, asked, zone)
    times = await _eras(db, asked.office_id, span.first - asked.limits.reach)
    fired = await store.firings(db, asked.office_id, span.first, asked.limits.tolerance)
    done, office, after = Audit(asked.first, asked.last, zone.key), Firings(fired), None
    while page := await store.unit_page(db, asked.office_id, after, _UNITS_AT_ONCE):
        after = page[-1]
        since = span.first - asked.limits.reach
        standing = await store.standing(db, asked.office_id, page, since)
        stood = await store.stood(db, page, since)
        emitted = await store.reminders(db, page, span.first)
        part = _Part(page, times, office, asked.limits, span)
        await asyncio.to_thread(part.compare, done, standing, stood, emitted)
    stopped, parked = await store.unread(db, CONSUMER, apply_prefix(REMINDERS.name, asked.prefix))
    done.not_checked.update({Unchecked.STOPPED: stopped, Unchecked.PARKED: parked})
    done.not_checked += Counter()  # without the zeros
    for found in (done.differences, done.explained):
        found.sort(key=lambda one: (one.slot, str(one.unit_id), one.audience.value))
    return done


def question(
    settings: IngestSettings, office_id: UUID, days: tuple[date, date], now: datetime
) -> Question:
    """The question as the settings have it asked."""
    limits = ComparisonLimits(tolerance=settings.expected_tolerance)
    grace, prefix = settings.expected_grace, settings.topic_prefix
    return Question(office_id, *days, now, grace, prefix, limits)


async def shown(db: AsyncConnection, found: Audit) -> dict[str, Any]:
    """What a comparison came to, in plain data, with the names of units and measures."""
    some = [*found.differences[:LISTED], *found.explained[:LISTED]]
    names = await store.unit_names(db, sorted({one.unit_id for one in some}))
    refs = await store.refs(db, sorted({i for one in some for i in one.obligations}))

    def rows(differences: Sequence[Difference]) -> list[dict[str, Any]]:
        return [
            {
                "unit_id": one.unit_id,
                "unit": names.get(one.unit_id, ""),
                "audience": one.audience.value,
                "slot": one.slot,
                "kind": one.kind.value,
                "reason": one.reason.value,
                "obligations": list(one.obligations),
                "refs": [refs.get(i, "") for i in one.obligations],
            }
            for one in differences[:LISTED]
        ]

    return {
        "first": found.first,
        "last": found.last,
        "timezone": found.timezone,
        "expected": found.expected,
        "emitted": found.emitted,
        "missing": found.missing,
        "differing": len(found.differences),
        "differences": rows(found.differences),
        "explaining": len(found.explained),
        "explained": rows(found.explained),
        "not_checked": [
            {"reason": why.value, "number": number} for why, number in found.not_checked.items()
        ],
    }


async def _span(db: AsyncConnection, asked: Question, zone: ZoneInfo) -> _Span:
    first, last = midnight(asked.first, zone), midnight(asked.last + _DAY, zone) - _INSTANT
    timeless = await store.timeless(db, asked.office_id, first)
    checked = first if timeless is None else max(first, timeless + _INSTANT)
    last = min(last, asked.now)
    return _Span(first, last, checked, min(last, asked.now - asked.grace))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The beginning of a day at the office, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


async def _eras(db: AsyncConnection, office_id: UUID, since: datetime) -> list[Era]:
    books = await store.books(db, office_id, since)
    calendars = await store.calendars(db, office_id, since)
    return list_eras(
        [(row.published_at, RuleBook.model_validate(row.book)) for row in books],
        [(row.published_at, _calendar(row)) for row in calendars],
    )


def _calendar(row: AnyRow) -> WorkingCalendar:
    own = {date.fromisoformat(day): works for day, works in row.days.items()}
    return WorkingCalendar(row.number, own)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some units, compared together."""

    unit_ids: Sequence[UUID]
    times: Sequence[Era]
    office: Firings
    limits: ComparisonLimits
    span: _Span

    def compare(
        self,
        done: Audit,
        standing: Sequence[AnyRow],
        stood: Sequence[AnyRow],
        emitted: Sequence[AnyRow],
    ) -> None:
        """Compare the units, and add what they come to. No I/O: it runs in a thread."""
        histories = histories_of(standing, stood)
        told = emitted_of(emitted)
        span = self.span
        for unit_id in self.unit_ids:
            mine = histories.get(unit_id, {})
            if not self.times:
                done.not_checked[Unchecked.NO_RULE_BOOK] += len(mine)
            unit = UnitAudit(unit_id, self.times, mine, told[unit_id], self.office, self.limits)
            done.take(compare(unit, span.checked_first, span.checked_last))
            for why, first, last in (
                (Unchecked.NO_FIRING_TIME, span.first, span.checked_first - _INSTANT),
                (Unchecked.NOT_YET_DUE, span.checked_last + _INSTANT, span.last),
            ):
                rest = max(first, span.first), min(last, span.last)
                done.not_checked[why] += len(compute_expected(self.times, mine.values(), *rest))
