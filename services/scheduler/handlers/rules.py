"""Rule books and calendars: stored whole; the office's units are then planned anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.scheduler.store import agenda, obligations, offices
from services.scheduler.store.agenda import UnitRow
from services.scheduler.store.offices import Timetables
from shared.database.engine import is_poison
from shared.database.trusted_clock import TrustedClock
from shared.errors import PoisonError
from shared.logging import bound, log
from shared.planning.timers import Timer, compute_plan_start, get_later, replan_timers
from shared.schemas.events import CalendarPublished, Envelope, RuleBookPublished
from shared.schemas.topics import RuleEvent

_FAILED_REST = timedelta(minutes=10)


async def handle(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
    """Apply events of the rules topic, in order; an older number changes nothing.

    The office's row is taken before its units' rows, as everywhere.
    """
    for envelope in envelopes:
        event = envelope.event
        if not isinstance(event, RuleEvent):
            raise PoisonError("not-a-rule", type(event).__name__)
        await offices.know(db, [event.office_id])
        if envelope.partition is not None:
            await offices.read_from(db, event.office_id, envelope.partition)
        number, newer = await _store(db, event, envelope.time)
        units = await agenda.mark_stale(db, event.office_id) if newer else 0
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


async def _store(db: AsyncConnection, event: RuleEvent, at: datetime) -> tuple[int, bool]:
    """Store a rule book or calendar; its number, and whether it is newer than what is stored."""
    match event:
        case RuleBookPublished():
            book = event.book
            return book.version, await offices.put_rule_book(db, event.office_id, book, at)
        case CalendarPublished():
            days, number = event.days, event.number
            return number, await offices.put_calendar(db, event.office_id, number, days, at)


@dataclass(frozen=True)
class Replanning:
    """Replans stale units by the newest rules (`horizon`: see `compute_plan_start`)."""

    engine: AsyncEngine
    timetables: Timetables
    clock: TrustedClock
    horizon: timedelta

    async def batch(self, limit: int) -> int:
        """Plan some units; how many. A unit that can't be planned holds up no other."""
        try:
            async with self.engine.begin() as db:
                units = await agenda.claim_stale(db, limit)
                await self._plan(db, units)
        except Exception as error:
            if not is_poison(error):
                raise
            return await self._one_by_one(limit)
        return len(units)

    async def _one_by_one(self, limit: int) -> int:
        for number in range(limit):
            async with self.engine.begin() as db:
                units = await agenda.claim_stale(db, 1)
                if not units:
                    return number
                await self._alone(db, units[0])
        return limit

    async def _alone(self, db: AsyncConnection, unit: UnitRow) -> None:
        """Plan one unit, or put it off; until it is planned nothing fires for it."""
        try:
            async with db.begin_nested():
                await self._plan(db, [unit])
        except Exception as error:
            if not is_poison(error):
                raise
            with bound(office_id=str(unit.office_id), unit_id=str(unit.unit_id)):
                log(__name__).exception(
                    "replan.unit_failed",
                    put_off=str(_FAILED_REST),
                    hint="The unit has no reminders until this is mended.",
                )
            await agenda.put_off_planning(db, unit.unit_id, _FAILED_REST)

    async def _plan(self, db: AsyncConnection, units: Sequence[UnitRow]) -> None:
        """Plan locked units in the caller's transaction.

        The units' rows were there before the rules changed and are locked, so the rules can't
        change again before the commit. Where an office has no rule book there is nothing to plan:
        its units are stale again once it has one.
        """
        if not units:
            return
        now = await self.clock.now(db)
        rules = await self.timetables.now(db, {unit.office_id for unit in units})
        ids = [unit.unit_id for unit in units]
        before = await obligations.timers_of(db, ids)
        planned: list[tuple[UUID, Timer]] = []
        for one in await obligations.owed_by(db, ids):
            office = rules.get(one.office_id)
            if office is None:
                continue
            fresh = replan_timers(
                office.timetable,
                one.obligation_id,
                one.dates,
                before=before.get(one.obligation_id, {}),
                changed=compute_plan_start(
                    get_later(office.changed_at, one.planned_from), now, self.horizon
                ),
                fired_until=one.fired_until,
            )
            planned.extend((one.unit_id, timer) for timer in fresh)
        await obligations.end_timers_of(db, before.keys())
        await obligations.start_timers(db, planned)
        await agenda.planned(db, ids)
        await agenda.refresh(db, ids)
        log(__name__).info("units.planned_anew", units=len(units), timers=len(planned))
