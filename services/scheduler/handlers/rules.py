"""Rule books and calendars: stored whole; the office's units are then planned anew."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.store import agenda, obligations, offices
from services.scheduler.store.offices import Timetables
from shared.clock import Clock
from shared.errors import PoisonError
from shared.events import CalendarPublished, Envelope, RuleBookPublished
from shared.logging import bound, log
from shared.planning.timers import Timer, latest, plan_anew, plan_from


async def handle(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
    """Apply events of the rules topic, in order; an older number changes nothing.

    The office's row is taken before its units' rows, as everywhere.
    """
    for envelope in envelopes:
        event = envelope.event
        await offices.know(db, [event.office_id])
        if envelope.partition is not None:
            await offices.read_from(db, event.office_id, envelope.partition)
        match event:
            case RuleBookPublished():
                number = event.book.version
                newer = await offices.put_rule_book(db, event.office_id, event.book, envelope.time)
            case CalendarPublished():
                number = event.number
                newer = await offices.put_calendar(
                    db, event.office_id, event.number, event.days, envelope.time
                )
            case _:
                raise PoisonError("not-a-rule", type(event).__name__)
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


async def plan_stale(
    db: AsyncConnection,
    timetables: Timetables,
    clock: Clock,
    *,
    horizon: timedelta,
    limit: int,
) -> int:
    """Plan some stale units anew by the newest rules and calendar; how many.

    The units' rows were there before the rules changed and are locked here, so the rules can't
    change again before the commit.
    """
    units = await agenda.claim_stale(db, limit)
    if not units:
        return 0
    now = clock.now()
    rules = await timetables.now(db, {unit.office_id for unit in units})
    ids = [unit.unit_id for unit in units]
    before = await obligations.timers_of(db, ids)
    by_unit = {unit.unit_id: unit for unit in units}
    planned: list[tuple[UUID, Timer]] = []
    owed = await obligations.owed_by(db, ids)
    for one in owed:
        unit = by_unit[one.unit_id]
        office = rules.get(unit.office_id)
        if office is None:
            continue
        fresh = plan_anew(
            office.timetable,
            one.obligation_id,
            one.dates,
            before=before.get(one.obligation_id, {}),
            changed=plan_from(latest(office.changed_at, one.planned_from), now, horizon),
            fired_until=one.fired_until,
        )
        planned.extend((one.unit_id, timer) for timer in fresh)
    await obligations.end_timers_of(db, before.keys())
    await obligations.start_timers(db, planned)
    await agenda.planned(db, [unit for unit in ids if by_unit[unit].office_id in rules])
    await agenda.refresh(db, ids)
    log(__name__).info("units.planned_anew", units=len(units), timers=len(planned))
    return len(units)
