"""Objections (异议): a unit says that a duty is not its own, and the office decides."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.changing import note_change
from services.ingest.handlers.ledger.locking import (
    lock_obligation,
    require_action,
    require_reason,
)
from services.ingest.handlers.ledger.requests import (
    decide_objection,
    lock_objection,
    require_objection,
)
from services.ingest.handlers.ledger.withdrawing import assign_to, end_obligation
from services.ingest.store import life, units
from services.ingest.store import obligations as store
from services.ingest.store.life_tables import ObjectionState
from shared.schemas import identity
from shared.schemas.life import Action


async def raise_objection(
    db: AsyncConnection, act: Act, obligation_id: UUID, version: int, words: str
) -> UUID:
    """Object to an obligation with a reason; reminders go on. Returns the obligation's id.

    Raises:
        RefusedError: no such obligation, another version, not possible now, or no reason.
    """
    require_reason(words)
    locked = await lock_obligation(db, act, obligation_id, version)
    require_action(locked, Action.OBJECT)
    number = locked.entry.number + 1
    await life.add_objection(
        db,
        {
            "objection_id": identity.derive_id("objection", obligation_id, number),
            "office_id": act.office_id,
            "unit_id": locked.entry.unit_id,
            "obligation_id": obligation_id,
            "raised_at": act.now,
            "raised_by": act.actor,
            "reason": words,
            "state": ObjectionState.PENDING,
        },
    )
    await store.touch_obligation(db, obligation_id, number)
    await note_change(db, act, locked, "objection.raised", {"note": words})
    return obligation_id


async def uphold_objection(
    db: AsyncConnection,
    act: Act,
    objection_id: UUID,
    words: str,
    unit_id: UUID | None,
    *,
    version: int | None = None,
) -> UUID:
    """Withdraw what was objected to, or assign it to another unit; returns the obligation's id.

    `version` of the obligation as it was seen; None for any. Both stories say that the objection
    was upheld, and who owes it instead of whom.

    Raises:
        RefusedError: no such objection or unit, it is decided, another version, the obligation has
            ended, the unit is retired or the same, or no reason.
    """
    require_reason(words)
    objection = await require_objection(db, act, objection_id)
    upheld = "异议成立"
    if unit_id is not None:
        upheld += f"，改派{await _lock_both(db, act, objection.unit_id, unit_id)}"
    objection, locked = await lock_objection(db, act, objection_id, version)
    await decide_objection(db, act, objection, ObjectionState.UPHELD, words=words, unit_id=unit_id)
    await end_obligation(db, act, locked, f"{upheld}：{words}", reason="objection")
    if unit_id is not None:
        await assign_to(db, act, locked, unit_id, f"由{locked.entry.unit}改派：{words}")
    return objection.obligation_id


async def reject_objection(
    db: AsyncConnection, act: Act, objection_id: UUID, words: str, *, version: int | None = None
) -> UUID:
    """Reject an objection with a reason; the unit still owes it. Returns the obligation's id.

    Raises:
        RefusedError: no such objection, it is decided, another version, or no reason.
    """
    require_reason(words)
    objection, locked = await lock_objection(db, act, objection_id, version)
    await decide_objection(db, act, objection, ObjectionState.REJECTED, words=words)
    await store.touch_obligation(db, objection.obligation_id, locked.entry.number + 1)
    await note_change(db, act, locked, "objection.rejected", {"note": words})
    return objection.obligation_id


async def _lock_both(db: AsyncConnection, act: Act, owner: UUID, other: UUID) -> str:
    """Lock the unit that owes it and the one that is to; returns the name of that one.

    Raises:
        RefusedError: the other unit does not exist, is retired, or is the same.
    """
    unit = await units.find_unit(db, act.office_id, other)
    if unit is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有这个单位，无法改派。There is no such unit to assign it to.",
            "请在单位列表中查找（`GET /v1/units`）。Look in the list of units (`GET /v1/units`).",
        )
    if unit.retired_at is not None or other == owner:
        raise RefusedError(
            Fault.CONFLICT,
            f"不能改派给“{unit.name}”：该单位已撤销，或就是原单位。"
            "The unit can't be assigned this: it is retired, or the same unit.",
            "请改派其他单位，或不填单位以撤回该事项。"
            "Name another unit, or none to withdraw the obligation.",
        )
    await units.lock_units(db, [owner, other])
    return unit.name
