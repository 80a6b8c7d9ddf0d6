"""The templates of offices, every version of each."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, fetch_first, list_columns
from services.ingest.store.office_tables import TEMPLATES
from shared.schemas.templates import TemplateKind


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """A version of a template.

    Attributes:
        parts: subject, text and html; None where the built-in template is used again.
        restored_from: the earlier version whose content it has.
    """

    kind: TemplateKind
    name: str
    version: int
    parts: Mapping[str, Any] | None
    note: str
    restored_from: int | None
    published_by: str
    published_at: datetime


_T = TEMPLATES.c
_TEMPLATE = list_columns(StoredTemplate, _T)


async def list_current(db: AsyncConnection, office_id: UUID) -> list[StoredTemplate]:
    """The newest version of each template that the office ever published."""
    query = (
        select(*_TEMPLATE)
        .where(_T.office_id == office_id)
        .ext(distinct_on(_T.kind, _T.name))
        .order_by(_T.kind, _T.name, _T.version.desc())
    )
    return await fetch_all(db, StoredTemplate, query)


async def find_template(
    db: AsyncConnection, office_id: UUID, kind: TemplateKind, name: str, version: int | None = None
) -> StoredTemplate | None:
    """A version of a template, by default the newest; None when there is none."""
    query = select(*_TEMPLATE).where(
        _T.office_id == office_id, _T.kind == kind.value, _T.name == name
    )
    if version is not None:
        query = query.where(_T.version == version)
    return await fetch_first(db, StoredTemplate, query.order_by(_T.version.desc()).limit(1))


async def list_versions(
    db: AsyncConnection, office_id: UUID, kind: TemplateKind, name: str, limit: int
) -> list[StoredTemplate]:
    """The versions of a template, the newest first."""
    query = select(*_TEMPLATE).where(
        _T.office_id == office_id, _T.kind == kind.value, _T.name == name
    )
    return await fetch_all(db, StoredTemplate, query.order_by(_T.version.desc()).limit(limit))


async def add_template(db: AsyncConnection, office_id: UUID, template: StoredTemplate) -> None:
    """Enter a version of a template."""
    await db.execute(insert(TEMPLATES).values(asdict(template) | {"office_id": office_id}))
