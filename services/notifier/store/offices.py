"""The settings of offices, as their events tell them."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.store.tables import OFFICES
from shared.database.engine import insert_rows
from shared.schemas.office import OfficeSettings
from shared.schemas.office_events import OfficeSettingsPublished

_O = OFFICES.c
_SETTINGS = select(_O.office_id, _O.settings).where(
    _O.office_id == any_(bindparam("ids", type_=ARRAY(Uuid)))
)
_NEWER = (
    "(office_id) DO UPDATE SET number = EXCLUDED.number, settings = EXCLUDED.settings "
    "WHERE offices.number < EXCLUDED.number"
)


async def store_settings(db: AsyncConnection, events: Iterable[OfficeSettingsPublished]) -> None:
    """Store settings; the newest `number` of an office wins."""
    newest: dict[UUID, OfficeSettingsPublished] = {}
    for event in events:
        if event.office_id not in newest or event.number > newest[event.office_id].number:
            newest[event.office_id] = event
    rows = [
        {
            "office_id": event.office_id,
            "number": event.number,
            "settings": event.settings.model_dump(mode="json"),
        }
        for event in newest.values()
    ]
    await insert_rows(db, OFFICES, rows, _NEWER)


async def get_settings(
    db: AsyncConnection, office_ids: Iterable[UUID]
) -> dict[UUID, OfficeSettings]:
    """The settings of those offices that changed any."""
    rows = await db.execute(_SETTINGS, {"ids": list(office_ids)})
    return {row.office_id: OfficeSettings.model_validate(row.settings) for row in rows}
