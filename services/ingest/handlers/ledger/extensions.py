"""Extensions (延期): a unit asks for a later date, or the office sets one.

Every date that an obligation ever had can be read. Reminders go on for the present date while an
extension is asked for; `deciding_extensions` has the answers.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.transitions import TRANSITIONS
from services.ingest.domain.words import name_actions
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.changing import note_change
from services.ingest.handlers.ledger.ledger import LedgerItem, to_item
from services.ingest.handlers.ledger.locking import (
    LockedObligation,
    lock_obligation,
    require_action,
    require_reason,
)
from services.ingest.handlers.ledger.moving_dates import (
    NewDate,
    make_not_later,
    move_to,
    require_confirmed,
)
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.store import life
from services.ingest.store import obligations as store
from services.ingest.store.life_tables import ExtensionState
from shared.schemas import identity
from shared.schemas.life import Action, ObligationStatus


async def ask_extension(
    db: AsyncConnection, act: Act, obligation_id: UUID, version: int, wanted: NewDate
) -> UUID:
    """Ask for a later date; the office decides. Returns the obligation's id.

    Raises:
        RefusedError: no such obligation, another version, not possible now, no reason, the date
            has passed, or the new one is not later.
    """
    locked = await lock_obligation(db, act, obligation_id, version)
    _require_in_time(locked)
    due_before = _require_later(locked, wanted)
    number = locked.entry.number + 1
    row = _make_row(act, locked, wanted, due_before, number)
    await life.add_extension(db, row | {"state": ExtensionState.PENDING})
    await store.touch_obligation(db, obligation_id, number)
    after = {"asked_due": wanted.due_on.isoformat(), "note": wanted.reason}
    await note_change(db, act, locked, "extension.asked", after)
    return obligation_id


async def set_date(
    db: AsyncConnection, act: Act, obligation_id: UUID, version: int | None, wanted: NewDate
) -> UUID:
    """Move an obligation's date to a later one, by the office; returns the obligation's id.

    Raises:
        RefusedError: no such obligation, another version, not possible now, no reason, the new
            date is not later, or it lies beyond the plan's year and that is not confirmed.
    """
    locked = await lock_obligation(db, act, obligation_id, version)
    due_before = _require_later(locked, wanted)
    await require_confirmed(db, act, locked, wanted)
    row = _make_row(act, locked, wanted, due_before, locked.entry.number + 1)
    decided = {
        "state": ExtensionState.GRANTED,
        "granted_due": wanted.due_on,
        "decided_at": act.now,
        "decided_by": act.actor,
        "decision": wanted.reason,
    }
    await life.add_extension(db, row | decided)
    await move_to(db, act, locked, wanted, "extension.granted")
    return obligation_id


async def carry_extension(
    db: AsyncConnection, act: Act, obligation_id: UUID, other_id: UUID
) -> None:
    """Ask for the same later date for an obligation that was taken over; the office decides.

    `other_id` is that obligation. Both units are locked.
    """
    for asked in await life.list_extensions(db, obligation_id):
        if asked.state is not ExtensionState.PENDING:
            continue
        locked = await lock_obligation(db, act, other_id)
        wanted, number = NewDate(asked.asked_due, asked.reason), locked.entry.number + 1
        row = _make_row(act, locked, wanted, asked.due_before, number)
        asker = {"asked_at": asked.asked_at, "asked_by": asked.asked_by}
        await life.add_extension(db, row | asker | {"state": ExtensionState.PENDING})
        await store.touch_obligation(db, other_id, number)
        after = {"asked_due": asked.asked_due.isoformat(), "note": asked.reason}
        await note_change(db, act, locked, "extension.asked", after)


def _require_in_time(locked: LockedObligation) -> None:
    """Make sure that a later date is asked for before the present one has passed.

    Raises:
        RefusedError: it has passed.
    """
    situation, due_on = locked.situation, locked.entry.due_on
    if due_on is None or not situation.is_past:
        return
    if Action.EXTEND in TRANSITIONS[situation.status]:
        raise RefusedError(
            Fault.CONFLICT,
            f"期限 {due_on.isoformat()} 已过，延期须在到期前申请。"
            "The date has passed: an extension is asked for before it.",
            "请报告进展并说明原因，由办公室改期。"
            "Report progress with the reason; the office may still set a later date.",
            allowed=locked.allowed,
        )


def _require_later(locked: LockedObligation, wanted: NewDate) -> date:
    """The present date, if an extension to the new one is possible.

    Raises:
        RefusedError: it is not, or there is no reason.
    """
    present = locked.entry.due_on
    if present is None and locked.situation.status is not ObligationStatus.WITHDRAWN:
        raise RefusedError(
            Fault.CONFLICT,
            "该事项没有期限，无需延期。The obligation has no date that could be moved.",
            f"现在可以：{name_actions(locked.allowed)}。"
            f"Possible now: {', '.join(locked.allowed) or 'nothing'}.",
            allowed=locked.allowed,
        )
    require_action(locked, Action.EXTEND)
    require_reason(wanted.reason)
    if present is None or wanted.due_on <= present:
        raise make_not_later(present)
    return present


def _make_row(
    act: Act, locked: LockedObligation, wanted: NewDate, due_before: date, number: int
) -> dict[str, Any]:
    entry = locked.entry
    return {
        "extension_id": identity.derive_id("extension", entry.obligation_id, number),
        "office_id": act.office_id,
        "unit_id": entry.unit_id,
        "obligation_id": entry.obligation_id,
        "asked_at": act.now,
        "asked_by": act.actor,
        "reason": wanted.reason,
        "due_before": due_before,
        "asked_due": wanted.due_on,
    }


async def extend(
    db: AsyncConnection, act: Act, obligation_id: UUID, wanted: NewDate, version: int | None = None
) -> LedgerItem:
    """Move an obligation's date to a later one; as `set_date` refuses."""
    await set_date(db, act, obligation_id, version, wanted)
    day = await get_office_day(db, act.office_id, act.now)
    return to_item(await store.get_entry(db, obligation_id), day)
