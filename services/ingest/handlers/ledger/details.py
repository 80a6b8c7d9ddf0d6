"""One obligation with everything that a person needs to act on it."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.timeline import TimelineEntry, describe_change
from services.ingest.extraction.plans.quantities import Quantity, find_target
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.joint import get_joint
from services.ingest.handlers.ledger.last_step import find_answer
from services.ingest.handlers.ledger.ledger import LedgerItem, to_item
from services.ingest.handlers.ledger.locking import read_obligation, require_obligation
from services.ingest.store import evidence, hearings, life
from services.ingest.store.evidence import StoredEvidence
from services.ingest.store.hearings import StoredHearing
from services.ingest.store.life import StoredExtension, StoredObjection
from shared.schemas.life import Action, Joint
from shared.schemas.rules import ObligationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationDetails(LedgerItem):
    """An obligation as the ledger shows it, and its life so far.

    Attributes:
        version: what a change must name; it counts the obligation's changes.
        allowed: what the caller may do now.
        reminded: whether reminders are sent for it.
        times: how many hearings fulfil it.
        begins_on: the day that its period begins, while that is to come.
        target: the quantity that it asks for; None where it asks for none.
        reported: what was reported of it; of a hearing duty how many hearings count.
        fulfils: whether that is enough; None where nothing was reported or asked for.
        joint: who reports where several units owe it.
        leading: the unit that reports for this one.
        last_answer: what the caller may take back now.
    """

    version: int
    allowed: tuple[Action, ...]
    reminded: bool
    times: int
    begins_on: date | None
    submitted_at: datetime | None
    submitted_by: str | None
    withdrawn_at: datetime | None
    withdrawn_why: str | None
    extensions: list[StoredExtension]
    objections: list[StoredObjection]
    hearings: list[StoredHearing]
    target: Quantity | None
    reported: float | None
    fulfils: bool | None
    joint: Joint
    leading: str | None
    evidence: list[StoredEvidence]
    last_answer: TimelineEntry | None


async def get_details(db: AsyncConnection, act: Act, obligation_id: UUID) -> ObligationDetails:
    """An obligation, also one that was withdrawn.

    Raises:
        RefusedError: no such obligation, or one of a unit that the actor may not act for.
    """
    await require_obligation(db, act, obligation_id)
    read = await read_obligation(db, act, obligation_id)
    entry, item = read.entry, to_item(read.entry, read.day)
    held = await hearings.list_hearings(db, obligation_id)
    is_hearing = entry.kind is ObligationKind.HEARING
    target = find_target(entry.text, entry.target)
    if is_hearing:
        target = Quantity(entry.times, "次")
    reported = len(held) if is_hearing else entry.reported
    answer = await find_answer(db, act, read)
    return ObligationDetails(
        **{field.name: getattr(item, field.name) for field in fields(LedgerItem)},
        version=entry.number,
        allowed=read.allowed,
        reminded=entry.reminded,
        times=entry.times,
        begins_on=entry.known_on if entry.known_on > read.day.told_on else None,
        submitted_at=entry.submitted_at,
        submitted_by=entry.submitted_by,
        withdrawn_at=entry.withdrawn_at,
        withdrawn_why=entry.withdrawn_why,
        extensions=await life.list_extensions(db, obligation_id),
        objections=await life.list_objections(db, obligation_id),
        hearings=held,
        target=target,
        reported=reported,
        fulfils=None if target is None or reported is None else target.is_fulfilled_by(reported),
        joint=get_joint(entry, read.policy),
        leading=read.leading.unit if read.leading else None,
        evidence=await evidence.list_evidence(db, obligation_id),
        last_answer=describe_change(answer) if answer is not None else None,
    )
