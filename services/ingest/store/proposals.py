"""Corrections that units propose for their contacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, fetch_first, list_columns
from services.ingest.store.proposal_tables import CONTACT_PROPOSALS, ProposalState
from services.ingest.store.tables import UNITS
from shared.schemas.rules import Audience

_P = CONTACT_PROPOSALS.c


@dataclass(frozen=True, slots=True)
class StoredProposal:
    """A proposed correction: who holds a post of a unit, and why.

    `unit` and `contacts` are the unit's name and contacts now.
    """

    proposal_id: UUID
    unit_id: UUID
    post: Audience
    name: str
    email: str
    mobile: str
    note: str
    state: ProposalState
    proposed_at: datetime
    proposed_by: str
    decided_at: datetime | None
    decided_by: str | None
    decision: str | None
    unit: str
    contacts: list[dict[str, Any]]


_PROPOSAL = list_columns(StoredProposal, {"unit": UNITS.c.name, "contacts": UNITS.c.contacts}, _P)
_JOINED = CONTACT_PROPOSALS.join(UNITS, UNITS.c.unit_id == _P.unit_id)


@dataclass(frozen=True, slots=True)
class ProposalFilter:
    """Which proposals of an office to list; empty leaves a condition out."""

    states: Sequence[ProposalState] = ()
    unit_id: UUID | None = None


async def list_proposals(
    db: AsyncConnection,
    office_id: UUID,
    wanted: ProposalFilter,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredProposal]:
    """The proposals of an office after a place, the oldest first."""
    query = select(*_PROPOSAL).select_from(_JOINED).where(_P.office_id == office_id)
    if wanted.states:
        query = query.where(_P.state.in_(wanted.states))
    if wanted.unit_id is not None:
        query = query.where(_P.unit_id == wanted.unit_id)
    if after is not None:
        query = query.where(tuple_(_P.proposed_at, _P.proposal_id) > tuple_(*after))
    query = query.order_by(_P.proposed_at, _P.proposal_id).limit(limit)
    return await fetch_all(db, StoredProposal, query)


async def find_proposal(
    db: AsyncConnection, office_id: UUID, proposal_id: UUID
) -> StoredProposal | None:
    """A proposal; None when the office has no such one. Its unit's lock keeps it unchanged."""
    query = select(*_PROPOSAL).select_from(_JOINED)
    query = query.where(_P.office_id == office_id, _P.proposal_id == proposal_id)
    return await fetch_first(db, StoredProposal, query)


async def find_pending(
    db: AsyncConnection, office_id: UUID, unit_id: UUID, post: Audience
) -> StoredProposal | None:
    """The open proposal for a post of a unit, which is locked."""
    query = select(*_PROPOSAL).select_from(_JOINED)
    query = query.where(
        _P.office_id == office_id,
        _P.unit_id == unit_id,
        _P.post == post,
        _P.state == ProposalState.PENDING,
    )
    return await fetch_first(db, StoredProposal, query)


async def add_proposal(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Enter a proposal."""
    await db.execute(insert(CONTACT_PROPOSALS).values(dict(row)))


async def update_proposal(
    db: AsyncConnection, proposal_id: UUID, values: Mapping[str, Any]
) -> None:
    """Change columns of a proposal; the caller holds its unit's lock."""
    await db.execute(
        update(CONTACT_PROPOSALS).where(_P.proposal_id == proposal_id).values(dict(values))
    )
