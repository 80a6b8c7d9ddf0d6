"""Takes back the last answer about an obligation on the day it was given.

Status and reported value are again as before it, and reminders that a report had stopped go on.
"""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.answers import TAKEN_BACK
from services.ingest.domain.timeline import NotedChange
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger import hearings
from services.ingest.handlers.ledger.changing import ENDED, NOTED_AS, store_status
from services.ingest.handlers.ledger.last_step import find_step, require_answer
from services.ingest.handlers.ledger.locking import (
    LockedObligation,
    lock_obligation,
    read_obligation,
)
from services.ingest.handlers.ledger.requests import withdraw_extension, withdraw_objection
from services.ingest.store import life
from services.ingest.store.life_tables import ExtensionState, ObjectionState
from shared.schemas.life import Action, ObligationStatus


async def take_back(
    db: AsyncConnection, act: Act, obligation_id: UUID, version: int, words: str
) -> UUID:
    """Take back the last answer about an obligation; returns the obligation's id.

    Raises:
        RefusedError: no such obligation, another version, nothing to take back, the other party
            or the leading unit took the last step, it is of an earlier day, or what it led to no
            longer holds.
    """
    locked = await lock_obligation(db, act, obligation_id, version)
    answer = await require_answer(db, act, locked)
    match answer.action:
        case "extension.asked":
            for asked in await life.list_extensions(db, obligation_id):
                if asked.state is ExtensionState.PENDING:
                    await withdraw_extension(db, act, asked.extension_id, words)
        case "objection.raised":
            for raised in await life.list_objections(db, obligation_id):
                if raised.state is ObjectionState.PENDING:
                    await withdraw_objection(db, act, raised.objection_id, words)
        case "hearing.recorded":
            await hearings.take_back_hearing(db, act, UUID(answer.after["hearing_id"]), words)
        case _:
            await _restore(db, act, locked, answer, words=words)
            await _restore_others(db, act, locked, answer, words)
    return obligation_id


async def _restore(
    db: AsyncConnection,
    act: Act,
    locked: LockedObligation,
    answer: NotedChange,
    *,
    words: str,
    leading: str = "",
) -> None:
    """Give an obligation the status and the reported value from before an answer."""
    values: dict[str, Any] = {}
    after: dict[str, Any] = {"answer": answer.action, "note": words}
    if "reported" in answer.before:
        before = answer.before["reported"]
        values["reported"] = None if before is None else float(before)
        after["reported"] = before
    if answer.action == NOTED_AS[Action.PROGRESS]:
        values["progressed_at"] = None
    if leading:
        after["leading"] = leading
    status = ObligationStatus(answer.before["status"])
    await store_status(db, act, locked, status, values, noted_as=TAKEN_BACK, after=after)
    present = locked.entry.status
    if present in ENDED:
        await life.restore_pending(
            db, locked.entry.obligation_id, closed_at=answer.at, why=present.value
        )


async def _restore_others(
    db: AsyncConnection, act: Act, locked: LockedObligation, answer: NotedChange, words: str
) -> None:
    """Restore the obligations that followed the leading unit's answer, where it still holds."""
    for each in locked.following:
        other = await read_obligation(db, act, each.obligation_id)
        step = await find_step(db, act, other)
        if step is None or "leading" not in step.after:
            continue
        is_same = (step.action, step.at) == (answer.action, answer.at)
        if is_same and step.after["status"] == other.entry.status:
            await _restore(db, act, other, step, words=words, leading=locked.entry.unit)
