"""Rule events: store rule books and calendars, then plan the office's units anew. And mutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.scheduler.store import agenda, mutes, obligations, offices, traits
from services.scheduler.store.agenda import LockedUnit
from services.scheduler.store.offices import Timetables
from shared.database.engine import is_poison
from shared.database.trusted_clock import TrustedClock
from shared.errors import PoisonError
from shared.logging import bound, log
from shared.planning.timers import Timer, compute_plan_start, get_later, replan_timers
from shared.schemas.envelope import Envelope
from shared.schemas.office_events import (
    CalendarPublished,
    MuteRecorded,
    OfficeSettingsPublished,
    RuleBookPublished,
    TemplatePublished,
    TraitsPublished,
)
from shared.schemas.topics import RuleEvent

_FAILED_REST = timedelta(minutes=10)


async def handle(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
    """Apply events of the rules topic, in order; an older number changes nothing.

    The office's row is locked before its units' rows, as in every transaction.
    """
    for envelope in envelopes:
        event = envelope.event
        if not isinstance(event, RuleEvent):
            raise PoisonError("not-a-rule", type(event).__name__)
        await offices.add_missing(db, [event.office_id])
        if envelope.partition is not None:
            await offices.set_partition(db, event.office_id, envelope.partition)
        if isinstance(event, TraitsPublished):
            await traits.put_told(db, event, envelope.time)
            continue
        number, newer = await _store(db, event, envelope.time)
        replans = newer and isinstance(event, RuleBookPublished | CalendarPublished)
        units = await agenda.mark_stale(db, event.office_id) if replans else 0
        with bound(
            office_id=str(event.office_id),
            event_id=str(envelope.id),
            correlation_id=str(envelope.correlation_id),
        ):
            log(__name__).info(
                "rules.stored" if newer else "rules.ignored",
                what=type(event).__name__,
                number=number,
                reason="" if newer else "older-than-known",
                stale_units=units,
            )


async def _store(
    db: AsyncConnection,
    event: RuleBookPublished
    | CalendarPublished
    | OfficeSettingsPublished
    | MuteRecorded
    | TemplatePublished,
    at: datetime,
) -> tuple[int, bool]:
    """Store a rule book, calendar, mute or setting; its number, and whether it is newer.

    A mute changes no timer, nor does the unit that is the office: firing asks for them. The other
    settings and templates decide nothing here: how messages are sent, and what they say, is the
    notifier's.
    """
    match event:
        case RuleBookPublished():
            book = event.book
            return book.version, await offices.put_rule_book(
                db, event.office_id, book, at, keeps_begun=event.keeps_begun
            )
        case CalendarPublished():
            days, number = event.days, event.number
            return number, await offices.put_calendar(db, event.office_id, number, days, at)
        case MuteRecorded():
            newer = await mutes.put_mute(db, event.office_id, event.number, event.mute)
            return event.number, newer
        case OfficeSettingsPublished():
            number, settings = event.number, event.settings
            return number, await offices.put_settings(db, event.office_id, number, settings)
        case TemplatePublished():
            return event.number, False


@dataclass(frozen=True)
class Replanning:
    """Replans stale units by the newest rules (`horizon`: see `compute_plan_start`)."""

    engine: AsyncEngine
    timetables: Timetables
    clock: TrustedClock
    horizon: timedelta

    async def replan_batch(self, limit: int) -> int:
        """Plan up to `limit` units; how many. A unit that fails does not stop the others."""
        try:
            async with self.engine.begin() as db:
                units = await agenda.claim_stale(db, limit)
                await self._replan(db, units)
        except Exception as error:
            if not is_poison(error):
                raise
            return await self._replan_singly(limit)
        return len(units)

    async def _replan_singly(self, limit: int) -> int:
        for number in range(limit):
            async with self.engine.begin() as db:
                units = await agenda.claim_stale(db, 1)
                if not units:
                    return number
                await self._replan_or_postpone(db, units[0])
        return limit

    async def _replan_or_postpone(self, db: AsyncConnection, unit: LockedUnit) -> None:
        """Plan one unit; after an error postpone it. Nothing fires for it before it is planned."""
        try:
            async with db.begin_nested():
                await self._replan(db, [unit])
        except Exception as error:
            if not is_poison(error):
                raise
            with bound(office_id=str(unit.office_id), unit_id=str(unit.unit_id)):
                log(__name__).exception(
                    "replan.unit_failed",
                    put_off=str(_FAILED_REST),
                    hint="The unit gets no reminders until the error is corrected.",
                )
            await agenda.postpone_replanning(db, unit.unit_id, _FAILED_REST)

    async def _replan(self, db: AsyncConnection, units: Sequence[LockedUnit]) -> None:
        """Plan locked units in the caller's transaction.

        The rules can't change before the commit: a change marks the units' rows stale, and they are
        locked. Units of an office without a rule book are not planned; its first rule book makes
        them stale again.
        """
        if not units:
            return
        now = await self.clock.now(db)
        rules = await self.timetables.load(db, {unit.office_id for unit in units})
        ids = [unit.unit_id for unit in units]
        before = await obligations.get_next_instants(db, ids)
        planned: list[tuple[UUID, Timer]] = []
        for obligation in await obligations.list_owed(db, ids):
            office = rules.get(obligation.office_id)
            if office is None:
                continue
            timers = replan_timers(
                office.timetable,
                obligation.obligation_id,
                obligation.dates,
                before=before.get(obligation.obligation_id, {}),
                changed=compute_plan_start(
                    get_later(office.changed_at, obligation.planned_from), now, self.horizon
                ),
                fired_until=obligation.fired_until,
            )
            planned.extend((obligation.unit_id, timer) for timer in timers)
        await obligations.end_timers_of(db, before.keys())
        await obligations.start_timers(db, planned)
        await agenda.clear_stale(db, ids)
        await agenda.refresh_next(db, ids)
        log(__name__).info("units.planned_anew", units=len(units), timers=len(planned))
