"""Withdraws an obligation by a person's decision, restores it, and assigns one to another unit.

What a person withdrew is restored by a person alone: no publication or revision does.
"""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, note, tell
from services.ingest.handlers.ledger.changing import NOTED_AS, list_columns, note_change
from services.ingest.handlers.ledger.locking import (
    LockedObligation,
    lock_obligation,
    require_action,
    require_reason,
)
from services.ingest.handlers.office.measure_facts import to_measure_facts
from services.ingest.store import life, plans
from services.ingest.store import obligations as store
from services.ingest.store.ledger_rows import LedgerEntry
from shared.schemas import identity
from shared.schemas.events import ObligationsAmended, ObligationsAssigned, ObligationsWithdrawn
from shared.schemas.facts import ObligationFacts
from shared.schemas.life import Action, ObligationStatus


async def withdraw_obligation(
    db: AsyncConnection, act: Act, obligation_id: UUID, version: int, words: str
) -> UUID:
    """Withdraw an obligation with a reason; returns its id.

    Raises:
        RefusedError: no such obligation, another version, it is done or withdrawn, or no reason.
    """
    require_reason(words)
    locked = await lock_obligation(db, act, obligation_id, version)
    await end_obligation(db, act, locked, words, reason="withdrawn")
    return obligation_id


async def end_obligation(
    db: AsyncConnection,
    act: Act,
    locked: LockedObligation,
    words: str,
    *,
    reason: str,
    ends_report: bool = True,
) -> None:
    """Withdraw a locked obligation; `reason` is the event's word.

    A report that waits for its review ends with it, which the journal says, unless another unit
    has it from now on (`ends_report` False).

    Raises:
        RefusedError: it is done or withdrawn.
    """
    status = require_action(locked, Action.WITHDRAW)
    entry = locked.entry
    obligation_id, number = entry.obligation_id, entry.number + 1
    values = list_columns(act, locked, status) | {
        "number": number,
        "withdrawn_at": act.now,
        "withdrawn_by": act.actor,
        "withdrawn_why": words,
    }
    await store.update_obligation(db, obligation_id, values, act.now)
    await life.close_pending(db, [obligation_id], now=act.now, actor=act.actor, why=status.value)
    event = ObligationsWithdrawn(
        office_id=act.office_id,
        unit_id=entry.unit_id,
        obligation_ids=(obligation_id,),
        reason=reason,
    )
    await tell(db, act, event, obligation_id, number)
    after: dict[str, Any] = {"status": status, "note": words}
    if ends_report and entry.status is ObligationStatus.SUBMITTED:
        after["ends_report"] = True
    await note_change(db, act, locked, "obligation.withdrawn", after)


async def restore_obligation(
    db: AsyncConnection,
    act: Act,
    locked: LockedObligation,
    words: str,
    taken: LedgerEntry | None = None,
) -> None:
    """Assign a withdrawn obligation again; one that is `taken` over, with its date and lead."""
    entry, number = locked.entry, locked.entry.number + 1
    if taken is not None:
        entry = replace(entry, due_on=taken.due_on, lead=taken.lead)
    values = list_columns(act, locked, ObligationStatus.ASSIGNED) | {
        "number": number,
        "due_on": entry.due_on,
        "lead": entry.lead,
        "known_on": max(locked.day.told_on, entry.known_on),
        "withdrawn_at": None,
        "withdrawn_by": None,
        "withdrawn_why": None,
    }
    await store.update_obligation(db, entry.obligation_id, values, act.now)
    facts = _make_facts(entry, entry.obligation_id, number, locked)
    await _tell_owed(db, act, entry, entry.unit_id, facts)
    after: dict[str, Any] = {"status": ObligationStatus.ASSIGNED, "note": words}
    if entry.due_on is not None and entry.due_on != locked.entry.due_on:
        after["due_on"] = entry.due_on.isoformat()
    await note_change(db, act, locked, NOTED_AS[Action.REOPEN], after)


async def assign_to(
    db: AsyncConnection, act: Act, locked: LockedObligation, unit_id: UUID, words: str
) -> UUID | None:
    """Assign what an obligation asks for to another unit, which is locked.

    Returns the id of what that unit newly owes. None where it owes it already, or has done it:
    then it keeps its date, and leads where the obligation's unit led.
    """
    entry = locked.entry
    new_id = identity.derive_obligation_id(entry.measure_id, unit_id, entry.period)
    known = await store.find_status(db, new_id)
    if known is not None:
        other = await lock_obligation(db, act, new_id)
        if known.status is ObligationStatus.WITHDRAWN:
            await restore_obligation(db, act, other, words, taken=entry)
            return new_id
        if entry.lead and not other.entry.lead and known.status is not ObligationStatus.DONE:
            await _let_lead(db, act, other, words)
        return None
    await store.add_obligation(
        db,
        {
            "obligation_id": new_id,
            "office_id": act.office_id,
            "unit_id": unit_id,
            "plan_id": entry.plan_id,
            "measure_id": entry.measure_id,
            "ordinal": entry.ordinal,
            "kind": entry.kind,
            "period": entry.period,
            "due_on": entry.due_on,
            "known_on": max(locked.day.told_on, entry.known_on),
            "lead": entry.lead,
            "times": entry.times,
            "status": ObligationStatus.ASSIGNED,
            "number": 1,
            "by_hand": True,
            "since": act.now,
        },
    )
    facts = _make_facts(entry, new_id, 1, locked)
    await _tell_owed(db, act, entry, unit_id, facts)
    after = {"status": ObligationStatus.ASSIGNED, "from": str(entry.obligation_id), "note": words}
    await note(db, act, "obligation.assigned", new_id, after=after)
    return new_id


async def _let_lead(db: AsyncConnection, act: Act, locked: LockedObligation, words: str) -> None:
    """Let a unit lead what it owes already."""
    entry, number = replace(locked.entry, lead=True), locked.entry.number + 1
    values = {"lead": True, "number": number}
    await store.update_obligation(db, entry.obligation_id, values, act.now)
    facts = _make_facts(entry, entry.obligation_id, number, locked, known_on=entry.known_on)
    await _tell_owed(db, act, entry, entry.unit_id, facts, event_class=ObligationsAmended)
    await note_change(db, act, locked, "obligation.leads", {"note": words})


def _make_facts(
    entry: LedgerEntry,
    obligation_id: UUID,
    number: int,
    locked: LockedObligation,
    known_on: date | None = None,
) -> ObligationFacts:
    """An obligation as an event has it; by default the unit is told of it now."""
    return ObligationFacts(
        obligation_id=obligation_id,
        measure_id=entry.measure_id,
        kind=entry.kind,
        period=entry.period,
        due_on=entry.due_on,
        known_on=known_on or max(locked.day.told_on, entry.known_on),
        lead=entry.lead,
        number=number,
    )


async def _tell_owed(
    db: AsyncConnection,
    act: Act,
    entry: LedgerEntry,
    unit_id: UUID,
    facts: ObligationFacts,
    *,
    event_class: type[ObligationsAmended | ObligationsAssigned] = ObligationsAssigned,
) -> None:
    plan = await plans.find_plan(db, act.office_id, entry.plan_id)
    title = (plan.title or plan.document_name) if plan else ""
    event = event_class(
        office_id=act.office_id,
        unit_id=unit_id,
        plan_id=entry.plan_id,
        plan_title=title,
        measures=(to_measure_facts(entry.measure_id, entry),),
        obligations=(facts,),
    )
    # Its own number keeps the id apart from those of the plan's publications.
    await tell(db, act, event, "by-hand", facts.obligation_id, facts.number)
