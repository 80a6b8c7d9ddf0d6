"""Records of hearings (听取汇报): each counts for all of a unit's hearing duties of its year.

A duty that asks for several hearings is done with the last of them. A record is taken back with a
reason; what it fulfilled is then owed again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.transitions import to_wire
from services.ingest.handlers.acting import Act, require_unit, tell
from services.ingest.handlers.ledger.changing import list_columns, note_change
from services.ingest.handlers.ledger.ledger import LedgerItem, to_item
from services.ingest.handlers.ledger.locking import LockedObligation, read_obligation
from services.ingest.handlers.office.rules import get_office_day, get_office_zone
from services.ingest.store import hearings as store
from services.ingest.store import life, obligations, units
from services.ingest.store.hearings import StoredHearing
from shared.schemas import identity
from shared.schemas.events import HearingRecorded, StatusReported
from shared.schemas.facts import ObligationProgress
from shared.schemas.life import ObligationStatus


@dataclass(frozen=True, slots=True)
class HearingRecord:
    """When a hearing was held, who heard the report, and the minutes of it."""

    heard_on: date
    heard_by: str
    minutes: str


@dataclass(frozen=True, slots=True)
class Hearing:
    """A recorded hearing, and the obligations that it counts for."""

    hearing_id: UUID
    unit_id: UUID
    heard_on: date
    heard_by: str
    minutes: str
    obligations: tuple[LedgerItem, ...]


async def record_hearing(
    db: AsyncConnection, act: Act, unit_id: UUID, record: HearingRecord
) -> Hearing:
    """Record that a unit's head heard the report; the same day and person again changes nothing.

    Raises:
        RefusedError: no such unit, a day to come, or the unit owes no hearing in that year.
    """
    require_unit(act, unit_id)
    if await units.lock_unit(db, act.office_id, unit_id) is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
    day = await get_office_day(db, act.office_id, act.now)
    if record.heard_on > day.today:
        raise RefusedError(
            Fault.INVALID,
            f"{record.heard_on.isoformat()} 尚未到来，不能登记。"
            "A hearing can't be recorded before it was held.",
            "请核对日期。Check the date.",
        )
    year = record.heard_on.year
    owed = await store.list_hearing_obligations(db, act.office_id, unit_id, year)
    if not owed:
        raise RefusedError(
            Fault.CONFLICT,
            f"该单位 {year} 年没有听取汇报的任务。The unit owes no hearing in {year}.",
            "请核对日期。Check the date.",
        )
    hearing_id = identity.derive_id("hearing", unit_id, record.heard_on, record.heard_by)
    for obligation_id in owed:
        await _count_hearing(db, act, obligation_id, hearing_id, record)
    return Hearing(
        hearing_id=hearing_id,
        unit_id=unit_id,
        heard_on=record.heard_on,
        heard_by=record.heard_by,
        minutes=record.minutes,
        obligations=await _list_items(db, act, owed),
    )


async def take_back_hearing(db: AsyncConnection, act: Act, hearing_id: UUID, words: str) -> Hearing:
    """Take back the record of a hearing with a reason; what it fulfilled is owed again.

    Raises:
        RefusedError: no such record, or it was taken back.
    """
    counted = await store.list_counted(db, act.office_id, hearing_id)
    if not counted:
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有这一听取汇报登记。There is no such hearing.",
            "可能已经撤销。It may have been taken back already.",
        )
    hearing = counted[0]
    unit_ids = sorted({each.unit_id for each in counted})
    for unit_id in unit_ids:  # several, where a successor took the duty over
        require_unit(act, unit_id)
    await units.lock_units(db, unit_ids)
    await store.take_back(db, hearing_id, now=act.now, actor=act.actor, why=words)
    for each in counted:
        await _count_less(db, act, each, words)
    return Hearing(
        hearing_id=hearing_id,
        unit_id=hearing.unit_id,
        heard_on=hearing.heard_on,
        heard_by=hearing.heard_by,
        minutes=hearing.minutes,
        obligations=await _list_items(db, act, [each.obligation_id for each in counted]),
    )


async def count_earlier_hearings(db: AsyncConnection, act: Act, plan_id: UUID) -> int:
    """Count hearings that were recorded before a plan's duties for these; for how many they count.

    The units of the plan are locked.
    """
    earlier = await store.list_earlier(db, act.office_id, plan_id, act.now)
    for hearing in earlier:
        record = HearingRecord(hearing.heard_on, hearing.heard_by, hearing.minutes)
        await _count_hearing(db, act, hearing.obligation_id, hearing.hearing_id, record)
    return len({hearing.obligation_id for hearing in earlier})


async def carry_hearings(
    db: AsyncConnection, act: Act, obligation_id: UUID, other_id: UUID
) -> None:
    """Count the hearings of an obligation for the one that was taken over from it, too."""
    for each in await store.list_hearings(db, obligation_id):
        record = HearingRecord(each.heard_on, each.heard_by, each.minutes)
        await _count_hearing(db, act, other_id, each.hearing_id, record)


async def _list_items(
    db: AsyncConnection, act: Act, obligation_ids: Iterable[UUID]
) -> tuple[LedgerItem, ...]:
    day = await get_office_day(db, act.office_id, act.now)
    return tuple([to_item(await obligations.get_entry(db, id_), day) for id_ in obligation_ids])


async def _count_hearing(
    db: AsyncConnection, act: Act, obligation_id: UUID, hearing_id: UUID, record: HearingRecord
) -> None:
    """Count a hearing for an obligation, once; the last one that it asks for makes it done."""
    counted = {
        each.hearing_id: each.heard_on for each in await store.list_hearings(db, obligation_id)
    }
    if hearing_id in counted:
        return
    locked = await read_obligation(db, act, obligation_id)
    entry = locked.entry
    await store.put_hearing(
        db,
        {
            "hearing_id": hearing_id,
            "obligation_id": obligation_id,
            "office_id": act.office_id,
            "unit_id": entry.unit_id,
            "heard_on": record.heard_on,
            "heard_by": record.heard_by,
            "minutes": record.minutes,
            "recorded_by": act.actor,
            "recorded_at": act.now,
        },
    )
    is_done = len(counted) + 1 >= entry.times
    status = ObligationStatus.DONE if is_done else ObligationStatus.IN_PROGRESS
    number = entry.number + 1
    event: HearingRecorded | StatusReported
    if is_done:
        event = HearingRecorded(
            office_id=act.office_id,
            unit_id=entry.unit_id,
            obligation_id=obligation_id,
            number=number,
            hearing_id=hearing_id,
            heard_on=record.heard_on,
            heard_by=record.heard_by,
            minutes=record.minutes,
        )
    else:
        event = _make_report(act, locked, status, record.minutes, progressed_at=act.now)
    after = {
        "hearing_id": str(hearing_id),
        "heard_on": record.heard_on.isoformat(),
        "heard_by": record.heard_by,
        "minutes": record.minutes,
    }
    await _store(db, act, locked, status, event=event, noted_as="hearing.recorded", after=after)


async def _count_less(db: AsyncConnection, act: Act, hearing: StoredHearing, words: str) -> None:
    """Give an obligation the status that its other hearings lead to."""
    locked = await read_obligation(db, act, hearing.obligation_id)
    if locked.entry.withdrawn_at is not None:
        return
    left = len(await store.list_hearings(db, hearing.obligation_id))
    if left >= locked.entry.times:
        status = ObligationStatus.DONE
    else:
        status = ObligationStatus.IN_PROGRESS if left else ObligationStatus.ASSIGNED
    event = _make_report(act, locked, status, words, progressed_at=None)
    after = {
        "hearing_id": str(hearing.hearing_id),
        "heard_on": hearing.heard_on.isoformat(),
        "note": words,
    }
    await _store(db, act, locked, status, event=event, noted_as="hearing.taken-back", after=after)


def _make_report(
    act: Act,
    locked: LockedObligation,
    status: ObligationStatus,
    words: str,
    *,
    progressed_at: datetime | None,
) -> StatusReported:
    entry = locked.entry
    return StatusReported(
        office_id=act.office_id,
        unit_id=entry.unit_id,
        obligation_id=entry.obligation_id,
        number=entry.number + 1,
        status=to_wire(status),
        reported_by=act.actor,
        note=words,
        reminded=status is not ObligationStatus.DONE,
        progress=ObligationProgress(status=status, progressed_at=progressed_at),
    )


async def _store(
    db: AsyncConnection,
    act: Act,
    locked: LockedObligation,
    status: ObligationStatus,
    *,
    event: HearingRecorded | StatusReported,
    noted_as: str,
    after: dict[str, Any],
) -> None:
    entry, number = locked.entry, locked.entry.number + 1
    values = list_columns(act, locked, status) | {"number": number}
    if status is ObligationStatus.DONE:
        values["done_at"] = await _find_last_hearing(db, act, entry.obligation_id)
        ids = [entry.obligation_id]
        await life.close_pending(db, ids, now=act.now, actor=act.actor, why=status.value)
    else:
        values["reminded"] = True  # an office's quiet statuses are those of reports
    if isinstance(event, StatusReported) and event.progress is not None:
        values["progressed_at"] = event.progress.progressed_at
    await obligations.update_obligation(db, entry.obligation_id, values, act.now)
    await tell(db, act, event, entry.obligation_id, number)
    await note_change(db, act, locked, noted_as, after | {"status": status})


async def _find_last_hearing(db: AsyncConnection, act: Act, obligation_id: UUID) -> datetime:
    """The beginning of the day of the last hearing: it counts, not the day of the record."""
    last_day = max(each.heard_on for each in await store.list_hearings(db, obligation_id))
    return datetime.combine(last_day, time(), await get_office_zone(db, act.office_id))
