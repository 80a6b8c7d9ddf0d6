"""What units report: statuses and hearings; and the office's extensions.

Each takes the unit's lock first and tells its event under it, so that the events of a unit
leave in the order of their commits.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, Fault, RefusedError, note, require_unit, tell
from services.ingest.handlers.ledger.ledger import Item, item
from services.ingest.handlers.office.rules import OfficeDay, office_day
from services.ingest.lifecycle import ReportOutcome, judge_report
from services.ingest.store import obligations as store
from services.ingest.store import units
from services.ingest.tables import AnyRow
from shared.schemas import identity
from shared.schemas.events import ExtensionGranted, HearingRecorded, StatusReported
from shared.schemas.facts import Status
from shared.schemas.rules import ObligationKind


@dataclass(frozen=True, slots=True)
class Record:
    """What is told of a hearing."""

    heard_on: date
    heard_by: str
    minutes: str


@dataclass(frozen=True, slots=True)
class Hearing:
    """A record of a hearing, and the obligations that it counts for."""

    hearing_id: UUID
    unit_id: UUID
    heard_on: date
    heard_by: str
    minutes: str
    obligations: tuple[Item, ...]


async def report(
    db: AsyncConnection, act: Act, obligation_id: UUID, status: Status, words: str
) -> Item:
    """Report how an obligation stands. The same again, without a note, changes nothing.

    Raises:
        RefusedError: no such obligation, it is owed no more, or it is fulfilled by the record of
            a hearing alone.
    """
    row = await _locked(db, act, obligation_id)
    day = await office_day(db, act.office_id, act.now)
    match judge_report(ObligationKind(row.kind), Status(row.status), status, words):
        case ReportOutcome.NEEDS_HEARING:
            raise RefusedError(
                Fault.CONFLICT,
                "A hearing is fulfilled by its record, not by a status.",
                f"Record it: POST /v1/units/{row.unit_id}/hearings.",
            )
        case ReportOutcome.REPEATS:
            return item(row, day)
        case ReportOutcome.CHANGES:
            return await _set_status(db, act, row, status, words, day=day)


async def _set_status(
    db: AsyncConnection, act: Act, row: AnyRow, status: Status, words: str, *, day: OfficeDay
) -> Item:
    number = row.number + 1
    await store.change(db, row.obligation_id, {"status": status.value, "number": number}, act.now)
    event = StatusReported(
        office_id=act.office_id,
        unit_id=row.unit_id,
        obligation_id=row.obligation_id,
        status=status,
        number=number,
        reported_by=act.actor,
        note=words,
    )
    await tell(db, act, event, row.obligation_id, number)
    before = {"status": row.status, "number": row.number}
    after = {"status": status.value, "number": number, "note": words}
    await note(db, act, "status.reported", row.obligation_id, before=before, after=after)
    return item(await store.obligation(db, row.obligation_id), day)


async def record_hearing(db: AsyncConnection, act: Act, unit_id: UUID, record: Record) -> Hearing:
    """Record that a unit's head heard the report; the same day and person again is no change.

    It counts for every duty of that year to hear it. A duty of several hearings is fulfilled by
    the last of them.

    Raises:
        RefusedError: no such unit, a day to come, or the unit owes no hearing in that year.
    """
    require_unit(act, unit_id)
    if await units.lock_unit(db, act.office_id, unit_id) is None:
        raise RefusedError(Fault.NOT_FOUND, "There is no such unit.")
    day = await office_day(db, act.office_id, act.now)
    if record.heard_on > day.today:
        raise RefusedError(Fault.INVALID, "A hearing can't be recorded before it was held.")
    year = record.heard_on.year
    owed = await store.hearing_obligations(db, act.office_id, unit_id, year)
    if not owed:
        raise RefusedError(
            Fault.CONFLICT, f"The unit owes no hearing in {year}.", "Check the date."
        )
    hearing_id = identity.derive_id("hearing", unit_id, record.heard_on, record.heard_by)
    for row in owed:
        await _count(db, act, row, hearing_id, record)
    shown = [item(await store.obligation(db, row.obligation_id), day) for row in owed]
    return Hearing(
        hearing_id, unit_id, record.heard_on, record.heard_by, record.minutes, tuple(shown)
    )


async def _count(
    db: AsyncConnection,
    act: Act,
    row: AnyRow,
    hearing_id: UUID,
    record: Record,
) -> None:
    """Let a hearing count for one obligation; the one that completes it is told as such."""
    recorded = await store.hearings_of(db, row.obligation_id)
    if hearing_id in recorded:
        return
    await store.add_hearing(
        db,
        {
            "hearing_id": hearing_id,
            "obligation_id": row.obligation_id,
            "office_id": act.office_id,
            "unit_id": row.unit_id,
            "heard_on": record.heard_on,
            "heard_by": record.heard_by,
            "minutes": record.minutes,
            "recorded_by": act.actor,
            "recorded_at": act.now,
        },
    )
    number = row.number + 1
    status = Status.DONE if len(recorded) + 1 >= row.times else Status.IN_PROGRESS
    await store.change(db, row.obligation_id, {"status": status.value, "number": number}, act.now)
    about = {
        "office_id": act.office_id,
        "unit_id": row.unit_id,
        "obligation_id": row.obligation_id,
        "number": number,
    }
    event: HearingRecorded | StatusReported
    if status is Status.DONE:
        event = HearingRecorded.model_validate(
            {
                **about,
                "hearing_id": hearing_id,
                "heard_on": record.heard_on,
                "heard_by": record.heard_by,
                "minutes": record.minutes,
            }
        )
    else:
        event = StatusReported.model_validate(
            {**about, "status": status, "reported_by": act.actor, "note": record.minutes}
        )
    await tell(db, act, event, row.obligation_id, number)
    before = {"status": row.status, "number": row.number}
    after = {"status": status.value, "number": number, "hearing_id": str(hearing_id)}
    await note(db, act, "hearing.recorded", row.obligation_id, before=before, after=after)


async def extend(
    db: AsyncConnection, act: Act, obligation_id: UUID, due_on: date, reason: str
) -> Item:
    """Move an obligation's date to a later one.

    Raises:
        RefusedError: no such obligation, it is done, has no date, or the date is not later.
    """
    row = await _locked(db, act, obligation_id)
    if row.status == Status.DONE.value:
        raise RefusedError(Fault.CONFLICT, "The obligation is done.")
    if row.due_on is None:
        raise RefusedError(Fault.CONFLICT, "The obligation has no date that could be moved.")
    if due_on <= row.due_on:
        raise RefusedError(Fault.INVALID, f"The new date must lie after {row.due_on.isoformat()}.")
    number = row.number + 1
    await store.change(db, obligation_id, {"due_on": due_on, "number": number}, act.now)
    event = ExtensionGranted(
        office_id=act.office_id,
        unit_id=row.unit_id,
        obligation_id=obligation_id,
        number=number,
        due_on=due_on,
        reason=reason,
    )
    await tell(db, act, event, obligation_id, number)
    before = {"due_on": row.due_on.isoformat(), "number": row.number}
    after = {"due_on": due_on.isoformat(), "number": number, "reason": reason}
    await note(db, act, "extension.granted", obligation_id, before=before, after=after)
    shown = await store.obligation(db, obligation_id)
    return item(shown, await office_day(db, act.office_id, act.now))


async def _locked(db: AsyncConnection, act: Act, obligation_id: UUID) -> AnyRow:
    """An obligation under its unit's lock."""
    unit_id = await store.unit_of(db, act.office_id, obligation_id)
    if unit_id is None or (act.unit_id is not None and act.unit_id != unit_id):
        raise RefusedError(Fault.NOT_FOUND, "There is no such obligation.")
    await units.lock_unit(db, act.office_id, unit_id)
    row = await store.obligation(db, obligation_id)
    if row.withdrawn_at is not None:
        raise RefusedError(
            Fault.CONFLICT, "The unit no longer owes this: the plan was revised.", "See the ledger."
        )
    return row
