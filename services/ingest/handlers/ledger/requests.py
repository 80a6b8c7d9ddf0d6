"""What a unit asks for about an obligation, an extension or an objection, until it is decided."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.words import DECISIONS
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.changing import note_change
from services.ingest.handlers.ledger.locking import LockedObligation, lock_obligation
from services.ingest.handlers.ledger.staleness import list_changes, make_stale
from services.ingest.store import life
from services.ingest.store import obligations as store
from services.ingest.store.life import StoredExtension, StoredObjection
from services.ingest.store.life_tables import ExtensionState, ObjectionState


async def withdraw_extension(
    db: AsyncConnection, act: Act, extension_id: UUID, words: str, version: int | None = None
) -> UUID:
    """No longer ask for a later date; returns the obligation's id.

    `version` of the obligation as it was seen; None for any. So in the functions that follow.

    Raises:
        RefusedError: no such extension, it is decided, or another version.
    """
    extension, locked = await lock_extension(db, act, extension_id, ExtensionState.PENDING, version)
    await decide_extension(db, act, extension, ExtensionState.WITHDRAWN, words)
    await store.touch_obligation(db, extension.obligation_id, locked.entry.number + 1)
    await note_change(db, act, locked, "extension.withdrawn", {"note": words})
    return extension.obligation_id


async def lock_extension(
    db: AsyncConnection,
    act: Act,
    extension_id: UUID,
    state: ExtensionState,
    version: int | None = None,
) -> tuple[StoredExtension, LockedObligation]:
    """An extension in a state, with its obligation, whose unit is locked.

    Raises:
        RefusedError: no such extension, it is in another state, or the obligation has another
            version.
    """
    extension = await life.find_extension(db, act.office_id, extension_id)
    if extension is None or act.unit_id not in {None, extension.unit_id}:
        raise RefusedError(Fault.NOT_FOUND, "没有这一延期申请。There is no such extension.")
    locked = await lock_obligation(db, act, extension.obligation_id)
    extension = await life.find_extension(db, act.office_id, extension_id) or extension
    number = locked.entry.number
    seen = number if version is None else version
    if extension.state is not state:
        raise RefusedError(
            Fault.CONFLICT,
            f"该延期申请{DECISIONS[extension.state]}。The extension is {extension.state.value}.",
            "请查看所属事项。"
            f"See its obligation (`GET /v1/obligations/{extension.obligation_id}`).",
            await list_changes(db, act, extension.obligation_id, min(seen, number - 1)),
            allowed=locked.allowed,
        )
    if seen != number:
        raise await make_stale(db, act, locked.entry, seen, locked.allowed)
    return extension, locked


async def decide_extension(
    db: AsyncConnection,
    act: Act,
    extension: StoredExtension,
    state: ExtensionState,
    words: str,
    **values: object,
) -> None:
    """Store what became of an extension, by whom and why, with other `values`."""
    decided = {"state": state, "decided_at": act.now, "decided_by": act.actor, "decision": words}
    await life.update_extension(db, extension.extension_id, decided | values)


async def withdraw_objection(
    db: AsyncConnection, act: Act, objection_id: UUID, words: str, version: int | None = None
) -> UUID:
    """No longer object; returns the obligation's id.

    Raises:
        RefusedError: no such objection, it is decided, or another version.
    """
    objection, locked = await lock_objection(db, act, objection_id, version)
    await decide_objection(db, act, objection, ObjectionState.WITHDRAWN, words=words)
    await store.touch_obligation(db, objection.obligation_id, locked.entry.number + 1)
    await note_change(db, act, locked, "objection.withdrawn", {"note": words})
    return objection.obligation_id


async def require_objection(db: AsyncConnection, act: Act, objection_id: UUID) -> StoredObjection:
    """An objection that the actor may see.

    Raises:
        RefusedError: no such objection.
    """
    objection = await life.find_objection(db, act.office_id, objection_id)
    if objection is None or act.unit_id not in {None, objection.unit_id}:
        raise RefusedError(Fault.NOT_FOUND, "没有这一异议。There is no such objection.")
    return objection


async def lock_objection(
    db: AsyncConnection, act: Act, objection_id: UUID, version: int | None = None
) -> tuple[StoredObjection, LockedObligation]:
    """An objection that is not decided, with its obligation, whose unit is locked.

    Raises:
        RefusedError: no such objection, it is decided, or the obligation has another version.
    """
    objection = await require_objection(db, act, objection_id)
    locked = await lock_obligation(db, act, objection.obligation_id)
    objection = await require_objection(db, act, objection_id)
    number = locked.entry.number
    seen = number if version is None else version
    if objection.state is not ObjectionState.PENDING:
        raise RefusedError(
            Fault.CONFLICT,
            f"该异议{DECISIONS[objection.state]}。The objection is {objection.state.value}.",
            "请查看所属事项。"
            f"See its obligation (`GET /v1/obligations/{objection.obligation_id}`).",
            await list_changes(db, act, objection.obligation_id, min(seen, number - 1)),
            allowed=locked.allowed,
        )
    if seen != number:
        raise await make_stale(db, act, locked.entry, seen, locked.allowed)
    return objection, locked


async def decide_objection(
    db: AsyncConnection,
    act: Act,
    objection: StoredObjection,
    state: ObjectionState,
    *,
    words: str,
    unit_id: UUID | None = None,
) -> None:
    """Store what became of an objection, by whom and why; `unit_id` owes it instead."""
    decided = {
        "state": state,
        "decided_at": act.now,
        "decided_by": act.actor,
        "decision": words,
        "reassigned_to": unit_id,
    }
    await life.update_objection(db, objection.objection_id, decided)
