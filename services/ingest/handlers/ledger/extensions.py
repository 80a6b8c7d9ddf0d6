"""Extensions (延期): a unit asks, the office grants, refuses, corrects or takes back.

Each step is kept with its dates, so that every date an obligation ever had can be read. Reminders
go on for the present date while an extension is asked for.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.transitions import NOT_OWED
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
from services.ingest.handlers.ledger.requests import decide_extension, lock_extension
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.store import life
from services.ingest.store import obligations as store
from services.ingest.store.life import StoredExtension
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
    due_before = _require_later(locked, wanted)
    if due_before < locked.day.today:
        raise RefusedError(
            Fault.CONFLICT,
            f"期限 {due_before.isoformat()} 已过，延期须在到期前申请。"
            "The date has passed: an extension is asked for before it.",
            "请报告进展并说明原因，由办公室改期。"
            "Report progress with the reason; the office may still set a later date.",
            allowed=locked.allowed,
        )
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


async def grant_extension(
    db: AsyncConnection,
    act: Act,
    extension_id: UUID,
    due_on: date | None,
    words: str,
    *,
    confirm: bool,
) -> UUID:
    """Grant a later date that was asked for, or another one; returns the obligation's id.

    Raises:
        RefusedError: no such extension, it is decided, the obligation is done or withdrawn, the
            date is not later than the present one, or lies beyond the plan's year and that is not
            confirmed.
    """
    extension, locked = await lock_extension(db, act, extension_id, ExtensionState.PENDING)
    _require_not_ended(locked)
    wanted = NewDate(due_on or extension.asked_due, words or extension.reason, confirm)
    present = locked.entry.due_on
    if present is None or wanted.due_on <= present:
        raise make_not_later(present)
    await require_confirmed(db, act, locked, wanted)
    await decide_extension(
        db, act, extension, ExtensionState.GRANTED, words, granted_due=wanted.due_on
    )
    await move_to(db, act, locked, wanted, "extension.granted")
    return extension.obligation_id


async def refuse_extension(db: AsyncConnection, act: Act, extension_id: UUID, words: str) -> UUID:
    """Refuse a later date with a reason; the present date stays. Returns the obligation's id.

    Raises:
        RefusedError: no such extension, it is decided, or no reason.
    """
    require_reason(words)
    extension, locked = await lock_extension(db, act, extension_id, ExtensionState.PENDING)
    await decide_extension(db, act, extension, ExtensionState.REFUSED, words)
    await store.touch_obligation(db, extension.obligation_id, locked.entry.number + 1)
    await note_change(db, act, locked, "extension.refused", {"note": words})
    return extension.obligation_id


async def correct_extension(
    db: AsyncConnection, act: Act, extension_id: UUID, wanted: NewDate
) -> UUID:
    """Give a granted extension another date, with a reason; returns the obligation's id.

    Raises:
        RefusedError: no such extension, it is not the one whose date is in force, no reason, the
            date is not after the one before the extension, or lies beyond the plan's year and that
            is not confirmed.
    """
    require_reason(wanted.reason)
    extension, locked = await _lock_in_force(db, act, extension_id)
    if wanted.due_on <= extension.due_before:
        raise make_not_later(extension.due_before)
    await require_confirmed(db, act, locked, wanted)
    state = ExtensionState.GRANTED
    await decide_extension(db, act, extension, state, wanted.reason, granted_due=wanted.due_on)
    await move_to(db, act, locked, wanted, "extension.corrected")
    return extension.obligation_id


async def take_back_extension(
    db: AsyncConnection, act: Act, extension_id: UUID, words: str
) -> UUID:
    """Give an obligation the date before a granted extension; returns the obligation's id.

    Raises:
        RefusedError: no such extension, it is not the one whose date is in force, or no reason.
    """
    require_reason(words)
    extension, locked = await _lock_in_force(db, act, extension_id)
    await decide_extension(db, act, extension, ExtensionState.TAKEN_BACK, words)
    back = NewDate(extension.due_before, words)
    await move_to(db, act, locked, back, "extension.taken-back")
    return extension.obligation_id


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


async def _lock_in_force(
    db: AsyncConnection, act: Act, extension_id: UUID
) -> tuple[StoredExtension, LockedObligation]:
    """A granted extension whose date is the obligation's present one.

    Raises:
        RefusedError: no such extension, its date is not in force, or the obligation has ended.
    """
    extension, locked = await lock_extension(db, act, extension_id, ExtensionState.GRANTED)
    _require_not_ended(locked)
    if extension.granted_due != locked.entry.due_on:
        raise RefusedError(
            Fault.CONFLICT,
            "现行期限不是这次延期的日期，其后又作过调整。"
            "Another date is in force: it was moved again after this extension.",
            "请更正或撤销最近一次延期。Take back or correct the newest extension.",
            allowed=locked.allowed,
        )
    return extension, locked


def _require_not_ended(locked: LockedObligation) -> None:
    """Make sure that an obligation's date still counts.

    Raises:
        RefusedError: the obligation is done or withdrawn.
    """
    if locked.situation.status in NOT_OWED:
        require_action(locked, Action.EXTEND)


async def extend(db: AsyncConnection, act: Act, obligation_id: UUID, wanted: NewDate) -> LedgerItem:
    """Move an obligation's date to a later one, whatever its version; as `set_date` refuses."""
    await set_date(db, act, obligation_id, None, wanted)
    day = await get_office_day(db, act.office_id, act.now)
    return to_item(await store.get_entry(db, obligation_id), day)
