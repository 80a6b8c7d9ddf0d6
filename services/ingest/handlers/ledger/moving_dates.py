"""Moves an obligation's date by a person's decision."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.transitions import NOT_OWED
from services.ingest.handlers.acting import Act, tell
from services.ingest.handlers.ledger.changing import note_change
from services.ingest.handlers.ledger.locking import LockedObligation, read_obligation
from services.ingest.store import obligations as store
from services.ingest.store import plans
from shared.schemas.events import ExtensionGranted


@dataclass(frozen=True, slots=True)
class NewDate:
    """A later date with the reason; `confirm` accepts one beyond the plan's year."""

    due_on: date
    reason: str
    confirm: bool = False


def make_not_later(present: date | None) -> RefusedError:
    """The refusal of a date that is not later than `present`."""
    after = present.isoformat() if present else "原期限"
    return RefusedError(
        Fault.INVALID,
        f"新期限须晚于 {after}。The new date must lie after {present or 'the present one'}.",
        "请改写日期（`due_on`）。Give a later date (`due_on`).",
    )


async def require_confirmed(
    db: AsyncConnection, act: Act, locked: LockedObligation, wanted: NewDate
) -> None:
    """Make sure that a date beyond the plan's year is meant.

    Raises:
        RefusedError: it is not confirmed.
    """
    if wanted.confirm:
        return
    plan = await plans.find_plan(db, act.office_id, locked.entry.plan_id)
    named = plan.year if plan else None
    year = named or (locked.entry.due_on or locked.day.today).year
    if wanted.due_on.year > year:
        raise RefusedError(
            Fault.UNCONFIRMED,
            f"{wanted.due_on.isoformat()} 超出任务表年度 {year} 年。"
            "The date lies beyond the plan's year.",
            "如确需改到该日，请确认后重新提交（`confirm`）。"
            "If it is meant, confirm it and send it again (`confirm`).",
        )


async def move_to(
    db: AsyncConnection, act: Act, locked: LockedObligation, wanted: NewDate, noted_as: str
) -> None:
    """Give an obligation another date, with event and journal entry.

    Those that its unit reports for, and that had the same date, move with it.
    """
    await _move(db, act, locked, wanted, noted_as=noted_as)
    for each in locked.following:
        other = await read_obligation(db, act, each.obligation_id)
        is_owed = other.entry.status not in NOT_OWED
        if is_owed and other.entry.due_on == locked.entry.due_on:
            await _move(db, act, other, wanted, noted_as=noted_as, leading=locked.entry.unit)


async def _move(
    db: AsyncConnection,
    act: Act,
    locked: LockedObligation,
    wanted: NewDate,
    *,
    noted_as: str,
    leading: str = "",
) -> None:
    entry, number = locked.entry, locked.entry.number + 1
    # A date that moves is announced; a date already past then counts as overdue from there.
    known_on = max(locked.day.told_on, entry.known_on) if locked.day.announces else None
    values = {"due_on": wanted.due_on, "number": number, "known_on": known_on or entry.known_on}
    await store.update_obligation(db, entry.obligation_id, values, act.now)
    event = ExtensionGranted(
        office_id=act.office_id,
        unit_id=entry.unit_id,
        obligation_id=entry.obligation_id,
        number=number,
        due_on=wanted.due_on,
        reason=wanted.reason,
        known_on=known_on,
    )
    await tell(db, act, event, entry.obligation_id, number)
    after = {"due_on": wanted.due_on.isoformat(), "reason": wanted.reason}
    if leading:
        after["leading"] = leading
    await note_change(db, act, locked, noted_as, after)
