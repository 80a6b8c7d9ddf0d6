"""Changes of an obligation's status: columns, event and journal entry in one transaction."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.transitions import (
    Party,
    Stamps,
    find_next_status,
    is_reminded,
    stamp,
    to_wire,
)
from services.ingest.handlers.acting import Act, note, tell
from services.ingest.handlers.ledger.locking import LockedObligation, read_obligation
from services.ingest.store import life
from services.ingest.store import obligations as store
from shared.schemas.events import StatusReported
from shared.schemas.facts import ObligationProgress
from shared.schemas.life import Action, ObligationStatus

NOTED_AS = {
    Action.ACCEPT: "obligation.accepted",
    Action.PROGRESS: "obligation.progressed",
    Action.SUBMIT: "obligation.submitted",
    Action.COMPLETE: "obligation.completed",
    Action.RETURN: "obligation.returned",
    Action.REOPEN: "obligation.reopened",
}
"""The journal's names of the actions that change the status alone."""
_FOR_ALL = {Action.SUBMIT, Action.COMPLETE, Action.RETURN, Action.REOPEN}
"""What a leading unit's report, and the office's answer to it, mean for the units it leads."""
ENDED = {ObligationStatus.DONE, ObligationStatus.WITHDRAWN}
"""Statuses that end what is asked for about an obligation."""


async def change_status(
    db: AsyncConnection,
    act: Act,
    locked: LockedObligation,
    action: Action,
    status: ObligationStatus,
    *,
    words: str,
    reported: float | None = None,
    leading: str = "",
) -> None:
    """Give an obligation the status that an allowed action leads to.

    `reported` is the value of what it asks for, None to leave it. `leading` names the unit that
    reports for this one.
    """
    values: dict[str, Any] = {}
    after: dict[str, Any] = {"note": words}
    if reported is not None:
        values["reported"] = reported
        after["reported"] = format_reported(reported)
    if action is Action.PROGRESS:
        values["progressed_at"] = act.now
    if leading:
        after["leading"] = leading
    await store_status(db, act, locked, status, values, noted_as=NOTED_AS[action], after=after)
    if status in ENDED:
        ids = [locked.entry.obligation_id]
        await life.close_pending(db, ids, now=act.now, actor=act.actor, why=status.value)


async def store_status(
    db: AsyncConnection,
    act: Act,
    locked: LockedObligation,
    status: ObligationStatus,
    values: dict[str, Any],
    *,
    noted_as: str,
    after: dict[str, Any],
) -> None:
    """Store a status with what follows from it and `values`; tell it, and note it with `after`."""
    entry, number = locked.entry, locked.entry.number + 1
    columns = list_columns(act, locked, status) | {"number": number} | values
    await store.update_obligation(db, entry.obligation_id, columns, act.now)
    event = StatusReported(
        office_id=act.office_id,
        unit_id=entry.unit_id,
        obligation_id=entry.obligation_id,
        status=to_wire(status),
        number=number,
        reported_by=act.actor,
        note=after["note"],
        reminded=columns["reminded"],
        progress=ObligationProgress(
            status=status,
            reported=values.get("reported", entry.reported),
            progressed_at=values.get("progressed_at", entry.progressed_at),
        ),
    )
    await tell(db, act, event, entry.obligation_id, number)
    await note_change(db, act, locked, noted_as, {"status": status} | after)


async def report_for_others(
    db: AsyncConnection,
    act: Act,
    locked: LockedObligation,
    action: Action,
    *,
    words: str,
    reported: float | None,
) -> None:
    """Let the obligations that a leading unit reports for follow its report.

    A return or a reopening concerns those that stand as the leading unit's did.
    """
    if action not in _FOR_ALL:
        return
    unit = locked.entry.unit
    for each in locked.following:
        other = await read_obligation(db, act, each.obligation_id)
        undoes = action in {Action.RETURN, Action.REOPEN}
        if undoes and other.entry.status is not locked.entry.status:
            continue
        review = locked.policy.review
        status = find_next_status(other.situation, action, Party.OFFICE, review=review)
        if status is not None:
            await change_status(
                db, act, other, action, status, words=words, reported=reported, leading=unit
            )


def list_columns(act: Act, locked: LockedObligation, status: ObligationStatus) -> dict[str, Any]:
    """The columns that follow from a status: whether it is reminded of, and the stamps."""
    entry = locked.entry
    before = Stamps(entry.submitted_at, entry.submitted_by, entry.done_at, entry.done_by)
    after = stamp(before, status, act.actor, act.now)
    return {
        "status": status,
        "reminded": is_reminded(status, locked.policy.quiet),
        "submitted_at": after.submitted_at,
        "submitted_by": after.submitted_by,
        "done_at": after.done_at,
        "done_by": after.done_by,
    }


async def note_change(
    db: AsyncConnection, act: Act, locked: LockedObligation, action: str, after: dict[str, Any]
) -> None:
    """Write a change of an obligation into the journal, with the values before of what changed.

    The entry says who acted, the unit or the office (`party`).
    """
    entry = locked.entry
    present = {
        "status": entry.status,
        "due_on": entry.due_on.isoformat() if entry.due_on else None,
        "reported": None if entry.reported is None else format_reported(entry.reported),
    }
    before = {name: value for name, value in present.items() if name in after}
    await note(
        db,
        act,
        action,
        entry.obligation_id,
        before=before | {"number": entry.number},
        after=after | {"number": entry.number + 1, "party": locked.who},
    )


def format_reported(value: float) -> str:
    """A reported value as the journal has it, whose chain takes no fractions."""
    return f"{value:.15g}"
