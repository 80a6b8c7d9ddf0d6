"""The templates of offices, as their events tell them."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Text, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.store.tables import TEMPLATES
from shared.database.engine import insert_rows
from shared.schemas.office_events import TemplatePublished
from shared.schemas.templates import TemplateKind, TemplateParts

_T = TEMPLATES.c
_OF_KIND = select(_T.office_id, _T.name, _T.number, _T.parts).where(
    _T.office_id == any_(bindparam("ids", type_=ARRAY(Uuid))),
    _T.kind == bindparam("kind", type_=Text),
    _T.parts.is_not(None),
)
_NEWER = (
    "(office_id, kind, name) DO UPDATE SET number = EXCLUDED.number, parts = EXCLUDED.parts "
    "WHERE templates.number < EXCLUDED.number"
)


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """A template of an office; `number` is that of its version."""

    office_id: UUID
    kind: TemplateKind
    name: str
    number: int
    parts: TemplateParts


async def store_templates(db: AsyncConnection, events: Iterable[TemplatePublished]) -> None:
    """Store templates; the newest `number` of each wins."""
    newest: dict[tuple[UUID, TemplateKind, str], TemplatePublished] = {}
    for event in events:
        key = (event.office_id, event.kind, event.name)
        if key not in newest or event.number > newest[key].number:
            newest[key] = event
    rows = [
        {
            "office_id": event.office_id,
            "kind": event.kind.value,
            "name": event.name,
            "number": event.number,
            "parts": event.parts.model_dump() if event.parts else None,
        }
        for event in newest.values()
    ]
    await insert_rows(db, TEMPLATES, rows, _NEWER)


async def list_templates(
    db: AsyncConnection, office_ids: Iterable[UUID], kind: TemplateKind
) -> list[OwnTemplate]:
    """The templates of a kind that offices use in the place of the built-in one."""
    rows = await db.execute(_OF_KIND, {"ids": list(office_ids), "kind": kind.value})
    return [
        OwnTemplate(
            row.office_id, kind, row.name, row.number, TemplateParts.model_validate(row.parts)
        )
        for row in rows
    ]
