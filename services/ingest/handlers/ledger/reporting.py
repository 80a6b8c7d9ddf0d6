"""What units report, statuses and hearings, and the office's extensions.

Each command takes the unit's lock first and holds it while it writes its event, so that the
events of a unit are published in the order of their commits.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.lifecycle import ReportOutcome, complete, judge_report
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note, require_unit, tell
from services.ingest.handlers.ledger.ledger import LedgerItem, to_item
from services.ingest.handlers.office.rules import OfficeDay, get_office_day, get_office_zone
from services.ingest.store import obligations as store
from services.ingest.store import units
from services.ingest.store.rows import LedgerEntry, StoredObligation
from shared.schemas import identity
from shared.schemas.events import ExtensionGranted, HearingRecorded, StatusReported
from shared.schemas.facts import Status


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


async def report(
    db: AsyncConnection, act: Act, obligation_id: UUID, status: Status, words: str
) -> LedgerItem:
    """Report the status of an obligation. The same status without a note changes nothing.

    Raises:
        RefusedError: no such obligation, it was withdrawn, or only the record of a hearing
            fulfils it.
    """
    entry = await _lock_obligation(db, act, obligation_id)
    day = await get_office_day(db, act.office_id, act.now)
    match judge_report(entry.kind, entry.status, status, words):
        case ReportOutcome.NEEDS_HEARING:
            raise RefusedError(
                Fault.CONFLICT,
                "A hearing is fulfilled by its record, not by a status.",
                f"Record it: POST /v1/units/{entry.unit_id}/hearings.",
            )
        case ReportOutcome.REPEATS:
            return to_item(entry, day)
        case ReportOutcome.CHANGES:
            return await _set_status(db, act, entry, status, words, day=day)


async def _set_status(
    db: AsyncConnection, act: Act, entry: LedgerEntry, status: Status, words: str, *, day: OfficeDay
) -> LedgerItem:
    obligation_id, number = entry.obligation_id, entry.number + 1
    values = {"status": status, "number": number}
    completion = complete(entry.status, status, act.now, act.actor)
    await store.update_obligation(db, obligation_id, values | completion, act.now)
    event = StatusReported(
        office_id=act.office_id,
        unit_id=entry.unit_id,
        obligation_id=obligation_id,
        status=status,
        number=number,
        reported_by=act.actor,
        note=words,
    )
    await tell(db, act, event, obligation_id, number)
    before = {"status": entry.status, "number": entry.number}
    after = values | {"note": words}
    await note(db, act, "status.reported", obligation_id, before=before, after=after)
    return to_item(await store.get_entry(db, obligation_id), day)


async def record_hearing(
    db: AsyncConnection, act: Act, unit_id: UUID, record: HearingRecord
) -> Hearing:
    """Record that a unit's head heard the report; the same day and person again changes nothing.

    It counts for all of the unit's hearing obligations of that year. An obligation that asks for
    several hearings is done with the last of them.

    Raises:
        RefusedError: no such unit, a day to come, or the unit owes no hearing in that year.
    """
    require_unit(act, unit_id)
    if await units.lock_unit(db, act.office_id, unit_id) is None:
        raise RefusedError(Fault.NOT_FOUND, "There is no such unit.")
    day = await get_office_day(db, act.office_id, act.now)
    if record.heard_on > day.today:
        raise RefusedError(Fault.INVALID, "A hearing can't be recorded before it was held.")
    year = record.heard_on.year
    owed = await store.list_hearing_obligations(db, act.office_id, unit_id, year)
    if not owed:
        raise RefusedError(
            Fault.CONFLICT, f"The unit owes no hearing in {year}.", "Check the date."
        )
    hearing_id = identity.derive_id("hearing", unit_id, record.heard_on, record.heard_by)
    for obligation in owed:
        await _count_hearing(db, act, obligation, hearing_id, record)
    items = [
        to_item(await store.get_entry(db, obligation.obligation_id), day) for obligation in owed
    ]
    return Hearing(
        hearing_id, unit_id, record.heard_on, record.heard_by, record.minutes, tuple(items)
    )


async def _count_hearing(
    db: AsyncConnection,
    act: Act,
    obligation: StoredObligation,
    hearing_id: UUID,
    record: HearingRecord,
) -> None:
    """Count a hearing for an obligation, once; the last one that it asks for makes it done."""
    obligation_id = obligation.obligation_id
    counted = await store.map_hearing_days(db, obligation_id)
    if hearing_id in counted:
        return
    await store.add_hearing(
        db,
        {
            "hearing_id": hearing_id,
            "obligation_id": obligation_id,
            "office_id": act.office_id,
            "unit_id": obligation.unit_id,
            "heard_on": record.heard_on,
            "heard_by": record.heard_by,
            "minutes": record.minutes,
            "recorded_by": act.actor,
            "recorded_at": act.now,
        },
    )
    number = obligation.number + 1
    status = Status.DONE if len(counted) + 1 >= obligation.times else Status.IN_PROGRESS
    values = {"status": status, "number": number}
    last_day = max([record.heard_on, *counted.values()])
    heard_at = datetime.combine(last_day, time(0), await get_office_zone(db, act.office_id))
    completion = complete(obligation.status, status, heard_at, act.actor)
    await store.update_obligation(db, obligation_id, values | completion, act.now)
    event: HearingRecorded | StatusReported
    if status is Status.DONE:
        event = HearingRecorded(
            office_id=act.office_id,
            unit_id=obligation.unit_id,
            obligation_id=obligation_id,
            number=number,
            hearing_id=hearing_id,
            heard_on=record.heard_on,
            heard_by=record.heard_by,
            minutes=record.minutes,
        )
    else:
        event = StatusReported(
            office_id=act.office_id,
            unit_id=obligation.unit_id,
            obligation_id=obligation_id,
            number=number,
            status=status,
            reported_by=act.actor,
            note=record.minutes,
        )
    await tell(db, act, event, obligation_id, number)
    before = {"status": obligation.status, "number": obligation.number}
    after = values | {"hearing_id": str(hearing_id)}
    await note(db, act, "hearing.recorded", obligation_id, before=before, after=after)


async def extend(
    db: AsyncConnection, act: Act, obligation_id: UUID, due_on: date, reason: str
) -> LedgerItem:
    """Move an obligation's date to a later one.

    Raises:
        RefusedError: no such obligation, it was withdrawn or is done, it has no date, or the
            new date is not later.
    """
    entry = await _lock_obligation(db, act, obligation_id)
    if entry.status is Status.DONE:
        raise RefusedError(Fault.CONFLICT, "The obligation is done.")
    if entry.due_on is None:
        raise RefusedError(Fault.CONFLICT, "The obligation has no date that could be moved.")
    if due_on <= entry.due_on:
        raise RefusedError(
            Fault.INVALID, f"The new date must lie after {entry.due_on.isoformat()}."
        )
    number = entry.number + 1
    values = {"due_on": due_on, "number": number}
    await store.update_obligation(db, obligation_id, values, act.now)
    event = ExtensionGranted(
        office_id=act.office_id,
        unit_id=entry.unit_id,
        obligation_id=obligation_id,
        number=number,
        due_on=due_on,
        reason=reason,
    )
    await tell(db, act, event, obligation_id, number)
    before = {"due_on": entry.due_on.isoformat(), "number": entry.number}
    after = {"due_on": due_on.isoformat(), "number": number, "reason": reason}
    await note(db, act, "extension.granted", obligation_id, before=before, after=after)
    changed = await store.get_entry(db, obligation_id)
    return to_item(changed, await get_office_day(db, act.office_id, act.now))


async def _lock_obligation(db: AsyncConnection, act: Act, obligation_id: UUID) -> LedgerEntry:
    """An obligation whose unit is locked until the transaction ends.

    Raises:
        RefusedError: no such obligation, or it was withdrawn.
    """
    unit_id = await store.find_unit_id(db, act.office_id, obligation_id)
    if unit_id is None or (act.unit_id is not None and act.unit_id != unit_id):
        raise RefusedError(Fault.NOT_FOUND, "There is no such obligation.")
    await units.lock_unit(db, act.office_id, unit_id)
    entry = await store.get_entry(db, obligation_id)
    if entry.withdrawn_at is not None:
        raise RefusedError(
            Fault.CONFLICT, "The unit no longer owes this: the plan was revised.", "See the ledger."
        )
    return entry
