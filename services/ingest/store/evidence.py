"""Evidence of obligations. A file's content is read for its download alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.evidence import EvidenceKind
from services.ingest.store.fetching import fetch_all, fetch_first, list_columns
from services.ingest.store.life_tables import EVIDENCE

_E = EVIDENCE.c


@dataclass(frozen=True, slots=True)
class StoredEvidence:
    """A note, a link or a file without its content."""

    evidence_id: UUID
    unit_id: UUID
    obligation_id: UUID
    kind: EvidenceKind
    note: str
    link: str | None
    name: str | None
    media_type: str | None
    size: int | None
    sha256: str | None
    added_at: datetime
    added_by: str
    removed_at: datetime | None
    removed_by: str | None
    removed_why: str | None


_EVIDENCE = list_columns(StoredEvidence, _E)


async def list_evidence(db: AsyncConnection, obligation_id: UUID) -> list[StoredEvidence]:
    """The evidence of an obligation, the oldest first, with what was removed."""
    query = select(*_EVIDENCE).where(_E.obligation_id == obligation_id)
    return await fetch_all(db, StoredEvidence, query.order_by(_E.added_at, _E.evidence_id))


async def find_evidence(
    db: AsyncConnection, office_id: UUID, evidence_id: UUID
) -> StoredEvidence | None:
    """A piece of evidence; None when the office has no such one."""
    query = select(*_EVIDENCE).where(_E.office_id == office_id, _E.evidence_id == evidence_id)
    return await fetch_first(db, StoredEvidence, query)


async def count_present(db: AsyncConnection, obligation_id: UUID) -> int:
    """How many pieces of evidence an obligation has that were not removed."""
    query = select(func.count()).where(_E.obligation_id == obligation_id, _E.removed_at.is_(None))
    return int((await db.execute(query)).scalar_one())


async def get_content(db: AsyncConnection, evidence_id: UUID) -> bytes:
    """The content of a file."""
    query = select(_E.content).where(_E.evidence_id == evidence_id)
    return bytes((await db.execute(query)).scalar_one())


async def add_evidence(db: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Enter a piece of evidence."""
    await db.execute(insert(EVIDENCE).values(dict(row)))


async def copy_evidence(
    db: AsyncConnection, evidence_id: UUID, new_id: UUID, *, unit_id: UUID, obligation_id: UUID
) -> None:
    """Enter a piece of evidence for another obligation, too, with when and by whom it was added."""
    changed = {"evidence_id": new_id, "unit_id": unit_id, "obligation_id": obligation_id}
    names = [column.name for column in EVIDENCE.columns]
    values = [literal(changed[name]) if name in changed else _E[name] for name in names]
    source = select(*values).where(_E.evidence_id == evidence_id)
    await db.execute(insert(EVIDENCE).from_select(names, source))


async def remove_evidence(
    db: AsyncConnection, evidence_id: UUID, *, now: datetime, actor: str, why: str
) -> None:
    """Take back a piece of evidence; the record of it stays."""
    await db.execute(
        update(EVIDENCE)
        .where(_E.evidence_id == evidence_id)
        .values(removed_at=now, removed_by=actor, removed_why=why)
    )
