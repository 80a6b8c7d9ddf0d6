"""Decisions about extensions (延期): granted, refused, corrected, taken back.

Each step is kept with its dates. A decision names the version of the obligation that was seen.
"""

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.transitions import NOT_OWED
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.changing import note_change
from services.ingest.handlers.ledger.locking import (
    LockedObligation,
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
from services.ingest.store import obligations as store
from services.ingest.store.life import StoredExtension
from services.ingest.store.life_tables import ExtensionState
from shared.schemas.life import Action


async def grant_extension(
    db: AsyncConnection,
    act: Act,
    extension_id: UUID,
    due_on: date | None,
    words: str,
    *,
    confirm: bool,
    version: int | None = None,
) -> UUID:
    """Grant a later date that was asked for, or another one; returns the obligation's id.

    `version` of the obligation as it was seen; None for any. So in the functions that follow.

    Raises:
        RefusedError: no such extension, it is decided, another version, the obligation is done or
            withdrawn, the date is not later than the present one, or lies beyond the plan's year
            and that is not confirmed.
    """
    extension, locked = await lock_extension(db, act, extension_id, ExtensionState.PENDING, version)
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


async def refuse_extension(
    db: AsyncConnection, act: Act, extension_id: UUID, words: str, version: int | None = None
) -> UUID:
    """Refuse a later date with a reason; the present date stays. Returns the obligation's id.

    Raises:
        RefusedError: no such extension, it is decided, another version, or no reason.
    """
    require_reason(words)
    extension, locked = await lock_extension(db, act, extension_id, ExtensionState.PENDING, version)
    await decide_extension(db, act, extension, ExtensionState.REFUSED, words)
    await store.touch_obligation(db, extension.obligation_id, locked.entry.number + 1)
    await note_change(db, act, locked, "extension.refused", {"note": words})
    return extension.obligation_id


async def correct_extension(
    db: AsyncConnection,
    act: Act,
    extension_id: UUID,
    wanted: NewDate,
    version: int | None = None,
) -> UUID:
    """Give a granted extension another date, with a reason; returns the obligation's id.

    Raises:
        RefusedError: no such extension, it is not the one whose date is in force, another version,
            no reason, the date is not after the one before the extension, or lies beyond the
            plan's year and that is not confirmed.
    """
    require_reason(wanted.reason)
    extension, locked = await _lock_in_force(db, act, extension_id, version)
    if wanted.due_on <= extension.due_before:
        raise make_not_later(extension.due_before)
    await require_confirmed(db, act, locked, wanted)
    state = ExtensionState.GRANTED
    await decide_extension(db, act, extension, state, wanted.reason, granted_due=wanted.due_on)
    await move_to(db, act, locked, wanted, "extension.corrected")
    return extension.obligation_id


async def take_back_extension(
    db: AsyncConnection, act: Act, extension_id: UUID, words: str, version: int | None = None
) -> UUID:
    """Give an obligation the date before a granted extension; returns the obligation's id.

    Raises:
        RefusedError: no such extension, it is not the one whose date is in force, another version,
            or no reason.
    """
    require_reason(words)
    extension, locked = await _lock_in_force(db, act, extension_id, version)
    await decide_extension(db, act, extension, ExtensionState.TAKEN_BACK, words)
    back = NewDate(extension.due_before, words)
    await move_to(db, act, locked, back, "extension.taken-back")
    return extension.obligation_id


async def _lock_in_force(
    db: AsyncConnection, act: Act, extension_id: UUID, version: int | None
) -> tuple[StoredExtension, LockedObligation]:
    """A granted extension whose date is the obligation's present one.

    Raises:
        RefusedError: no such extension, its date is not in force, another version, or the
            obligation has ended.
    """
    state = ExtensionState.GRANTED
    extension, locked = await lock_extension(db, act, extension_id, state, version)
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
