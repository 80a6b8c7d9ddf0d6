"""What units report, and the office's review of it.

Each command takes the unit's lock first and holds it while it writes its event, so that the
events of a unit are published in the order of their commits.
"""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.transitions import choose_action
from services.ingest.extraction.plans.quantities import find_target
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.changing import (
    change_status,
    format_reported,
    note_change,
    report_for_others,
    store_status,
)
from services.ingest.handlers.ledger.evidence import copy_evidence
from services.ingest.handlers.ledger.ledger import LedgerItem, to_item
from services.ingest.handlers.ledger.locking import (
    LockedObligation,
    lock_obligation,
    require_action,
    require_reason,
)
from services.ingest.handlers.ledger.withdrawing import restore_obligation
from services.ingest.store import obligations as store
from shared.schemas.facts import Status
from shared.schemas.life import Action, ObligationStatus
from shared.schemas.rules import ObligationKind


async def take_action(
    db: AsyncConnection,
    act: Act,
    obligation_id: UUID,
    action: Action,
    *,
    version: int,
    words: str,
    reported: float | None = None,
) -> UUID:
    """Accept, progress, submit, complete or return an obligation, or reopen one; returns its id.

    `reported` is the value of the quantity that it asks for.

    Raises:
        RefusedError: no such obligation, another version than the present one, the action is not
            possible now, a return without a reason, or a value where no quantity is asked for.
    """
    locked = await lock_obligation(db, act, obligation_id, version)
    await _carry_out(db, act, locked, action, words=words, reported=reported)
    return obligation_id


async def report(
    db: AsyncConnection, act: Act, obligation_id: UUID, status: Status, words: str
) -> LedgerItem:
    """Report one of three statuses. The same status again only adds its note, if it has one.

    A unit's “done” is submitted for review; the office's confirms it.

    Raises:
        RefusedError: no such obligation, it was withdrawn, or only the record of a hearing
            fulfils it.
    """
    locked = await lock_obligation(db, act, obligation_id)
    action = choose_action(locked.situation, status, locked.who, has_note=bool(words))
    if action is not None:
        await _carry_out(db, act, locked, action, words=words)
    elif words:
        await store.touch_obligation(db, obligation_id, locked.entry.number + 1)
        await note_change(db, act, locked, "obligation.noted", {"note": words})
    return to_item(await store.get_entry(db, obligation_id), locked.day)


async def carry_report(
    db: AsyncConnection, act: Act, locked: LockedObligation, other_id: UUID, words: str
) -> None:
    """Let what was taken over wait for the review of the report that its former unit submitted.

    When and by whom it was submitted, the value and the evidence stay. Both units are locked;
    `other_id` is the obligation of the unit that took over; one that is done stays done.
    """
    entry, status = locked.entry, ObligationStatus.SUBMITTED
    other = await lock_obligation(db, act, other_id)
    if other.situation.status is ObligationStatus.DONE:
        return
    evidence = await copy_evidence(db, act, entry.obligation_id, other_id)
    values = {
        "submitted_at": entry.submitted_at,
        "submitted_by": entry.submitted_by,
        "reported": entry.reported,
    }
    after: dict[str, Any] = {
        "note": words,
        "from": str(entry.obligation_id),
        "submitted_by": entry.submitted_by,
        "evidence": evidence,
    }
    if entry.reported is not None:
        after["reported"] = format_reported(entry.reported)
    await store_status(
        db, act, other, status, values, noted_as="obligation.taken-over", after=after
    )


async def _carry_out(
    db: AsyncConnection,
    act: Act,
    locked: LockedObligation,
    action: Action,
    *,
    words: str,
    reported: float | None = None,
) -> None:
    status = require_action(locked, action)
    if reported is not None:
        _require_target(locked)
    if action is Action.RETURN:
        require_reason(words)
    if locked.situation.status is ObligationStatus.WITHDRAWN:
        await restore_obligation(db, act, locked, words)
    else:
        await change_status(db, act, locked, action, status, words=words, reported=reported)
        await report_for_others(db, act, locked, action, words=words, reported=reported)


def _require_target(locked: LockedObligation) -> None:
    """Make sure that a value can be reported.

    Raises:
        RefusedError: the obligation asks for no quantity, or for hearings, which are counted.
    """
    entry = locked.entry
    is_hearing = entry.kind is ObligationKind.HEARING
    if is_hearing or find_target(entry.text, entry.target) is None:
        raise RefusedError(
            Fault.INVALID,
            "该事项没有可填报的数量目标。The obligation asks for no quantity that is reported.",
            "请写在说明（`note`）中，不填数量（`reported`）。"
            "Leave the quantity out (`reported`), and say it in the note (`note`).",
        )
