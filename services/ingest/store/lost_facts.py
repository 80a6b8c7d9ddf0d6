"""What a restored ledger takes from the log: whole facts of offices, and numbers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.office_tables import CALENDARS, HOLDS, MUTES, RULE_BOOKS, TEMPLATES
from shared.schemas.base_events import Event
from shared.schemas.gateway_events import HoldRecorded
from shared.schemas.office_events import (
    CalendarPublished,
    MuteRecorded,
    OfficeSettingsPublished,
    RuleBookPublished,
    TemplatePublished,
)

_BY = "restore"
"""Who published what returned: the event does not name the person."""
_RAISE = (
    "UPDATE ingest.{table} t SET number = v.number FROM unnest(CAST(:ids AS uuid[]), "
    "CAST(:numbers AS int[])) AS v(id, number) WHERE t.{key} = v.id AND t.number < v.number"
)
# What no event tells stays as it was.
_SETTINGS = text(
    "INSERT INTO ingest.office_settings (office_id, version, settings, logo, reporting, "
    "rule_approval_share, changed_by, changed_at) "
    "SELECT :office_id, :version, CAST(:settings AS jsonb), p.logo, p.reporting, "
    "p.rule_approval_share, :by, :at FROM (SELECT 1) AS one LEFT JOIN LATERAL ("
    "SELECT * FROM ingest.office_settings WHERE office_id = :office_id "
    "ORDER BY version DESC LIMIT 1) p ON true ON CONFLICT DO NOTHING"
)


async def raise_numbers(
    db: AsyncConnection, obligations: Mapping[UUID, int], units: Mapping[UUID, int]
) -> None:
    """Let the next change of each have a higher number than was told."""
    for table, key, numbers in (
        ("obligations", "obligation_id", obligations),
        ("units", "unit_id", units),
    ):
        statement = text(_RAISE.format(table=table, key=key))
        await db.execute(statement, {"ids": list(numbers), "numbers": list(numbers.values())})


async def insert_fact(db: AsyncConnection, event: Event, at: datetime) -> bool:
    """Enter a fact that an event tells whole; False when it tells none, or it is there already."""
    if isinstance(event, OfficeSettingsPublished):
        values = {
            "office_id": event.office_id,
            "version": event.number,
            "settings": event.settings.model_dump_json(),
            "by": _BY,
            "at": at,
        }
        return (await db.execute(_SETTINGS, values)).rowcount > 0
    made = _make_row(event, at)
    if made is None:
        return False
    table, row, changed = made
    statement = insert(table).values({"office_id": event.office_id} | row)
    keys = list(table.primary_key)
    if changed:
        statement = statement.on_conflict_do_update(
            index_elements=keys, set_={name: row[name] for name in changed}
        )
    else:
        statement = statement.on_conflict_do_nothing()
    return (await db.execute(statement)).rowcount > 0


def _make_row(event: Event, at: datetime) -> tuple[Table, dict[str, Any], tuple[str, ...]] | None:
    """The table and row of a fact, and the columns that its later form changes."""
    published = {"published_by": _BY, "published_at": at}
    match event:
        case RuleBookPublished(book=book):
            row = {"version": book.version, "book": book.model_dump(mode="json")}
            return RULE_BOOKS, row | published | {"keeps_begun": event.keeps_begun}, ()
        case CalendarPublished():
            days = {day.isoformat(): works for day, works in event.days.items()}
            return CALENDARS, {"number": event.number, "days": days} | published, ()
        case TemplatePublished():
            row = {"kind": event.kind, "name": event.name, "version": event.number, "note": ""}
            parts = event.parts.model_dump() if event.parts else None
            return TEMPLATES, row | {"parts": parts} | published, ()
        case MuteRecorded(mute=mute):
            ids = None if mute.measure_ids is None else list(mute.measure_ids)
            return MUTES, mute.model_dump() | {"measure_ids": ids}, ("ended_at",)
        case HoldRecorded(hold=hold):
            row = hold.model_dump() | {"channel": hold.channel or ""}
            return HOLDS, row, ("released_at",)
        case _:
            return None
