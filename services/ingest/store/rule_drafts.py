"""Drafts of rule books."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, fetch_first, list_columns
from services.ingest.store.office_tables import RULE_DRAFTS


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """A draft of a rule book.

    Attributes:
        version: rises with each change.
        based_on: the version of the live book when the draft was last saved.
        text: as it was written, YAML or JSON.
        author: who began it.
        writers: the callers (accounts or tokens) who wrote in it; none of them may approve it.
    """

    draft_id: UUID
    version: int
    based_on: int
    text: str
    note: str
    author: str
    writers: tuple[UUID, ...]
    created_at: datetime
    changed_by: str
    changed_at: datetime


_D = RULE_DRAFTS.c
_DRAFT = list_columns(StoredDraft, _D)


async def list_drafts(db: AsyncConnection, office_id: UUID) -> list[StoredDraft]:
    """An office's drafts, the last changed first."""
    query = select(*_DRAFT).where(_D.office_id == office_id)
    return await fetch_all(db, StoredDraft, query.order_by(_D.changed_at.desc(), _D.draft_id))


async def find_draft(db: AsyncConnection, office_id: UUID, draft_id: UUID) -> StoredDraft | None:
    """A draft by its id; None when there is none."""
    query = select(*_DRAFT).where(_D.office_id == office_id, _D.draft_id == draft_id)
    return await fetch_first(db, StoredDraft, query)


async def put_draft(db: AsyncConnection, office_id: UUID, draft: StoredDraft) -> None:
    """Save a draft; an earlier state of it is replaced."""
    row = asdict(draft) | {"office_id": office_id, "writers": list(draft.writers)}
    replaced = {name: value for name, value in row.items() if name not in {"draft_id", "office_id"}}
    await db.execute(
        postgresql.insert(RULE_DRAFTS)
        .values(row)
        .on_conflict_do_update(index_elements=[_D.draft_id], set_=replaced)
    )


async def remove_draft(db: AsyncConnection, office_id: UUID, draft_id: UUID) -> None:
    """Forget a draft."""
    await db.execute(delete(RULE_DRAFTS).where(_D.office_id == office_id, _D.draft_id == draft_id))
