"""Corrections of contacts (联系人更正): a unit proposes one, the office accepts or declines it.

Nothing of the directory changes until the office accepts it. Each step has an entry in the journal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.words import AUDIENCES, DECISIONS
from services.ingest.handlers.acting import Act, note, require_unit
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.handlers.units.contacts import (
    Holder,
    NewContact,
    correct_holder,
    find_holder,
)
from services.ingest.handlers.units.units import change_unit, lock_unit
from services.ingest.store import proposals as store
from services.ingest.store.proposal_tables import ProposalState
from services.ingest.store.proposals import ProposalFilter, StoredProposal
from services.ingest.store.rows import StoredUnit
from shared.schemas import identity
from shared.schemas.rules import Audience

_PERSON = ("name", "email", "mobile")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactProposal(StoredProposal):
    """A proposal, and who holds the post today by the directory."""

    present: Holder | None


async def propose(
    db: AsyncConnection, act: Act, unit_id: UUID, new: NewContact, words: str
) -> ContactProposal:
    """Propose who holds a post; an open proposal for the same post gives way to it.

    Raises:
        RefusedError: no such unit, it is retired, an invalid address, or the directory says so
            already.
    """
    require_unit(act, unit_id)
    parts = new.to_parts()
    unit = await lock_unit(db, act, unit_id)
    _require_current(unit)
    today = await _get_today(db, act)
    present = find_holder(unit.contacts, _get_contact_id(unit_id, new.post), today)
    person = {part: parts[part] for part in _PERSON}
    if present is not None and person == _get_person(present):
        raise RefusedError(
            Fault.CONFLICT,
            f"{AUDIENCES[new.post]}的信息与现有登记相同。The directory says so already.",
            "请修改姓名、邮箱或手机号。Change the name, the e-mail address or the mobile.",
        )
    earlier = await store.find_pending(db, act.office_id, unit_id, new.post)
    if earlier is not None:
        await _decide(db, act, earlier, ProposalState.WITHDRAWN, "")
    proposal_id = identity.derive_id("contact-proposal", unit_id, new.post, act.correlation_id)
    row = person | {
        "proposal_id": proposal_id,
        "office_id": act.office_id,
        "unit_id": unit_id,
        "post": new.post,
        "note": words,
        "state": ProposalState.PENDING,
        "proposed_at": act.now,
        "proposed_by": act.actor,
    }
    await store.add_proposal(db, row)
    before = {} if present is None else _get_person(present)
    after = {"unit_id": str(unit_id), "post": new.post, **person, "note": words}
    await note(db, act, "contact-proposal.made", proposal_id, before=before, after=after)
    return await get_proposal(db, act, proposal_id)


async def get_proposal(db: AsyncConnection, act: Act, proposal_id: UUID) -> ContactProposal:
    """A proposal.

    Raises:
        RefusedError: the office has no such one, or the actor may not see it.
    """
    proposal = await _require_proposal(db, act, proposal_id)
    return _describe(proposal, await _get_today(db, act))


async def list_page(
    db: AsyncConnection,
    act: Act,
    wanted: ProposalFilter,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[ContactProposal]:
    """Proposals that the actor may see, the oldest first."""
    today = await _get_today(db, act)
    rows = await store.list_proposals(db, act.office_id, wanted, after, limit)
    return [_describe(row, today) for row in rows]


async def accept(db: AsyncConnection, act: Act, proposal_id: UUID, words: str) -> ContactProposal:
    """Change the directory as proposed. The post's days, and who is to follow, stay.

    Raises:
        RefusedError: no such proposal, it is decided, or its unit is retired.
    """
    proposal, unit = await _lock_pending(db, act, proposal_id)
    _require_current(unit)
    today = await _get_today(db, act)
    contacts = [contact for contact in unit.contacts if contact["post"] != proposal.post]
    holders = [contact for contact in unit.contacts if contact["post"] == proposal.post]
    parts = {part: getattr(proposal, part) for part in _PERSON}
    contacts += correct_holder(unit.unit_id, holders, proposal.post, parts, today)
    contacts.sort(key=lambda contact: list(Audience).index(Audience(contact["post"])))
    await change_unit(db, act, "unit.contact-corrected", unit, contacts=contacts)
    await _decide(db, act, proposal, ProposalState.ACCEPTED, words)
    return await get_proposal(db, act, proposal_id)


async def decline(db: AsyncConnection, act: Act, proposal_id: UUID, words: str) -> ContactProposal:
    """Decline a proposal with a reason; the directory stays as it is.

    Raises:
        RefusedError: no such proposal, or it is decided.
    """
    proposal, _ = await _lock_pending(db, act, proposal_id)
    await _decide(db, act, proposal, ProposalState.DECLINED, words)
    return await get_proposal(db, act, proposal_id)


async def withdraw(db: AsyncConnection, act: Act, proposal_id: UUID, words: str) -> ContactProposal:
    """No longer propose it.

    Raises:
        RefusedError: no such proposal, or it is decided.
    """
    proposal, _ = await _lock_pending(db, act, proposal_id)
    await _decide(db, act, proposal, ProposalState.WITHDRAWN, words)
    return await get_proposal(db, act, proposal_id)


async def _lock_pending(
    db: AsyncConnection, act: Act, proposal_id: UUID
) -> tuple[StoredProposal, StoredUnit]:
    """A proposal that is not decided, and its unit, which is locked.

    Raises:
        RefusedError: no such proposal, or it is decided.
    """
    proposal = await _require_proposal(db, act, proposal_id)
    unit = await lock_unit(db, act, proposal.unit_id)
    proposal = await _require_proposal(db, act, proposal_id)
    if proposal.state is not ProposalState.PENDING:
        raise RefusedError(
            Fault.CONFLICT,
            f"该更正{DECISIONS[proposal.state]}。The proposal is {proposal.state.value}.",
            "请重新查看（`GET /v1/contact-proposals`）。"
            "See it again (`GET /v1/contact-proposals`).",
        )
    return proposal, unit


async def _require_proposal(db: AsyncConnection, act: Act, proposal_id: UUID) -> StoredProposal:
    proposal = await store.find_proposal(db, act.office_id, proposal_id)
    if proposal is None or act.unit_id not in {None, proposal.unit_id}:
        raise RefusedError(Fault.NOT_FOUND, "没有这一更正。There is no such proposal.")
    return proposal


async def _decide(
    db: AsyncConnection, act: Act, proposal: StoredProposal, state: ProposalState, words: str
) -> None:
    decided = {"state": state, "decided_at": act.now, "decided_by": act.actor, "decision": words}
    await store.update_proposal(db, proposal.proposal_id, decided)
    after = {
        "state": state,
        "unit_id": str(proposal.unit_id),
        "post": proposal.post,
        "proposed_by": proposal.proposed_by,
        "reason": proposal.note,
        "note": words,
    }
    action = f"contact-proposal.{state}"
    await note(db, act, action, proposal.proposal_id, before={"state": proposal.state}, after=after)


def _require_current(unit: StoredUnit) -> None:
    if unit.retired_at is not None:
        raise RefusedError(
            Fault.CONFLICT,
            f"“{unit.name}”已撤销，不再更正联系人。The unit is retired.",
            "请联系政务公开办。Ask the office.",
        )


async def _get_today(db: AsyncConnection, act: Act) -> date:
    return (await get_office_day(db, act.office_id, act.now)).today


def _describe(row: StoredProposal, today: date) -> ContactProposal:
    values = {field.name: getattr(row, field.name) for field in fields(StoredProposal)}
    present = find_holder(row.contacts, _get_contact_id(row.unit_id, row.post), today)
    return ContactProposal(**values, present=present)


def _get_contact_id(unit_id: UUID, post: Audience) -> UUID:
    return identity.derive_contact_id(unit_id, post.value, 0)


def _get_person(holder: Mapping[str, Any]) -> dict[str, str]:
    return {part: holder.get(part, "") for part in _PERSON}
