"""Why a unit was reminded of an obligation, or was not.

Computed from ingest's own tables: the ledger with its history, rule books, calendars, mutes, and
what the consumer of the history recorded of the scheduler's reminders.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, require_unit
from services.ingest.handlers.ledger.audited_times import read_asked, read_eras
from services.ingest.handlers.ledger.locking import require_obligation
from services.ingest.handlers.ledger.timelines import build_lives, group_reminders
from services.ingest.handlers.ledger.why_answer import KnownOfUnit, Why, describe_why
from services.ingest.handlers.office.rules import get_office_zone, list_published
from services.ingest.store import mutes, reminder_audit, units
from services.ingest.store import why as store
from services.ingest.store.mutes import MuteFilter
from shared.planning.coming import list_coming
from shared.planning.difference_reasons import ComparisonLimits, ReasonFinder, UnitAudit
from shared.planning.expected import list_asked
from shared.planning.explaining import (
    Explanation,
    RecordedKey,
    SentOfUnit,
    UnfiredReminder,
    explain,
)
from shared.planning.firings import Firings
from shared.planning.possible import PossibleReminders
from shared.schemas.mutes import NotFired
from shared.schemas.why_not import WhyNot

_ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
_BEFORE_ASSIGNED = timedelta(days=366)
_INSTANT, _DAY = timedelta(microseconds=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WhyQuestion:
    """What to explain.

    Attributes:
        grace: a reminder of a slot that is not this old may be under way.
        limits: of the search for reasons in outages.
    """

    now: datetime
    grace: timedelta
    limits: ComparisonLimits


async def explain_obligation(
    db: AsyncConnection, act: Act, asked: WhyQuestion, obligation_id: UUID
) -> Why:
    """Explain all reminders of an obligation up to now, and name the next.

    Raises:
        RefusedError: no such obligation, or one of a unit that the actor may not act for.
    """
    unit_id = await require_obligation(db, act, obligation_id)
    known = await _load(db, act, unit_id, (_ALWAYS, asked.now))
    life = known.lives[obligation_id]
    explained = await _explain(db, act, asked, known, [obligation_id])
    coming = {obligation_id: list_coming(known.eras, life, asked.now)}
    return await describe_why(db, act, known, explained, coming)


async def explain_day(
    db: AsyncConnection, act: Act, asked: WhyQuestion, unit_id: UUID, day: date | None
) -> Why:
    """Explain a unit's reminders of one day at the office (today), and name those to come on it.

    Raises:
        RefusedError: no such unit, or one that the actor may not act for.
    """
    require_unit(act, unit_id)
    if await units.find_unit(db, act.office_id, unit_id) is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
    zone = await get_office_zone(db, act.office_id)
    day = day or act.now.astimezone(zone).date()
    first, after = (
        datetime.combine(each, time(), tzinfo=zone).astimezone(UTC) for each in (day, day + _DAY)
    )
    known = await _load(db, act, unit_id, (first, min(after - _INSTANT, asked.now)))
    explained = await _explain(db, act, asked, known, list(known.lives))
    since = max(first - _INSTANT, asked.now)
    coming = {
        obligation_id: list_coming(known.eras, life, since, after - _INSTANT)
        for obligation_id, life in known.lives.items()
        if since < after
    }
    return await describe_why(db, act, known, explained, coming)


async def _load(
    db: AsyncConnection, act: Act, unit_id: UUID, span: tuple[datetime, datetime]
) -> KnownOfUnit:
    first, last = span
    current = await reminder_audit.list_current_states(db, act.office_id, [unit_id], _ALWAYS)
    past = await reminder_audit.list_past_states(db, [unit_id], _ALWAYS)
    muted = await mutes.list_mutes(db, act.office_id, MuteFilter(until_after=first))
    eras = await read_eras(db, act.office_id, await list_published(db, act.office_id), first)
    asked = await read_asked(db, act.office_id, [unit_id], list_asked(eras), _ALWAYS)
    lives = build_lives(current, past, asked, [stored.to_mute() for stored in muted])
    recorded: defaultdict[UUID, dict[RecordedKey, NotFired]] = defaultdict(dict)
    for item in await store.list_not_fired(db, unit_id, first, last):
        for audience in item.audiences:
            recorded[item.obligation_id][item.slot, item.rule_id, item.of, audience] = item
    return KnownOfUnit(
        unit_id,
        lives,
        eras,
        await store.list_reminders(db, unit_id, first, last),
        recorded,
        span,
    )


async def _explain(
    db: AsyncConnection,
    act: Act,
    asked: WhyQuestion,
    known: KnownOfUnit,
    obligation_ids: Sequence[UUID],
) -> dict[UUID, Explanation]:
    """Explain some obligations; outages are looked for only where something is unexplained."""
    explained = await asyncio.to_thread(_explain_all, asked, known, obligation_ids, None)
    unexplained = {
        obligation_id: [each.slot for each in explanation.not_fired if _is_open(each)]
        for obligation_id, explanation in explained.items()
    }
    slots = [slot for of_one in unexplained.values() for slot in of_one]
    if not slots:
        return explained
    since = min(slots) - asked.limits.reach
    fired = await reminder_audit.map_firings(db, act.office_id, since, asked.limits.tolerance)
    open_ids = [obligation_id for obligation_id, of_one in unexplained.items() if of_one]
    finder = await asyncio.to_thread(_make_finder, asked, known, fired)
    return explained | await asyncio.to_thread(_explain_all, asked, known, open_ids, finder)


def _is_open(unfired: UnfiredReminder) -> bool:
    return unfired.reason is WhyNot.UNEXPLAINED


def _make_finder(
    asked: WhyQuestion, known: KnownOfUnit, fired: Mapping[datetime, bool]
) -> ReasonFinder:
    histories = {obligation_id: life.history for obligation_id, life in known.lives.items()}
    emitted = group_reminders(known.reminders).get(known.unit_id, {})
    unit = UnitAudit(known.unit_id, known.eras, histories, emitted, Firings(fired), asked.limits)
    return ReasonFinder(unit)


def _explain_all(
    asked: WhyQuestion,
    known: KnownOfUnit,
    obligation_ids: Sequence[UUID],
    finder: ReasonFinder | None,
) -> dict[UUID, Explanation]:
    """Explain some obligations. No I/O: it runs in a thread."""
    possible = PossibleReminders(known.eras)
    emitted = group_reminders(known.reminders).get(known.unit_id, {})
    explained = {}
    for obligation_id in obligation_ids:
        life = known.lives[obligation_id]
        first = max(known.span[0], life.states[0].version.since - _BEFORE_ASSIGNED)
        recorded = known.recorded.get(obligation_id, {})
        sent = SentOfUnit(emitted, recorded, asked.now - asked.grace, finder)
        explained[obligation_id] = explain(possible, life, sent, first, known.span[1])
    return explained
