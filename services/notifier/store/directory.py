"""Units and their contacts, as the directory tells of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.policy.fanout import Recipient
from services.notifier.tables import contacts, units
from shared.database.engine import insert_rows
from shared.schemas.events import UnitUpserted

_LOCK = 0x6375_6901
"""The advisory lock between who looks a unit up and who enters it."""


async def lock_for_reading(db: AsyncConnection) -> None:
    """Until the transaction ends no unit arrives, so that no reminder misses its unit.

    Take it first in a transaction: who waits for it must hold no row.
    """
    await db.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": _LOCK})


async def lock_for_writing(db: AsyncConnection) -> None:
    """Until the transaction ends nobody looks units up. Take it first in a transaction."""
    await db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


async def enter(db: AsyncConnection, events: Iterable[UnitUpserted]) -> list[UUID]:
    """Store units with their contacts; the newest `number` of a unit wins.

    Returns:
        The units that changed.
    """
    newest: dict[UUID, UnitUpserted] = {}
    for event in events:
        if event.unit_id not in newest or event.number > newest[event.unit_id].number:
            newest[event.unit_id] = event
    rows = await db.execute(
        text("SELECT unit_id, number FROM notifier.units WHERE unit_id = ANY(:ids)"),
        {"ids": list(newest)},
    )
    known = {row.unit_id: row.number for row in rows}
    changed = [e for e in newest.values() if e.number > known.get(e.unit_id, -1)]
    await _replace(db, changed)
    return [event.unit_id for event in changed]


async def _replace(db: AsyncConnection, changed: Sequence[UnitUpserted]) -> None:
    await insert_rows(
        db,
        units,
        [
            {
                "unit_id": event.unit_id,
                "office_id": event.office_id,
                "number": event.number,
                "name": event.name,
                "office_name": event.office_name,
            }
            for event in changed
        ],
        "(unit_id) DO UPDATE SET number = EXCLUDED.number, name = EXCLUDED.name, "
        "office_name = EXCLUDED.office_name, office_id = EXCLUDED.office_id",
    )
    await db.execute(
        text("DELETE FROM notifier.contacts WHERE unit_id = ANY(:ids)"),
        {"ids": [event.unit_id for event in changed]},
    )
    rows = [
        {
            "unit_id": event.unit_id,
            "place": place,
            "contact_id": contact.contact_id,
            "post": contact.post,
            "name": contact.name,
            "email": contact.email.strip(),
            "mobile": contact.mobile.strip(),
            "valid_from": contact.valid_from,
            "valid_to": contact.valid_to,
        }
        for event in changed
        for place, contact in enumerate(event.contacts)
    ]
    await insert_rows(db, contacts, rows)


async def recipients_of(
    db: AsyncConnection, unit_ids: Iterable[UUID]
) -> dict[UUID, list[Recipient]]:
    """The contacts of those units that are known; a known unit may have none."""
    rows = await db.execute(
        text(
            "SELECT u.unit_id AS unit, c.contact_id, c.post, c.email, c.mobile, c.valid_from, "
            "c.valid_to FROM notifier.units u LEFT JOIN notifier.contacts c USING (unit_id) "
            "WHERE u.unit_id = ANY(:ids) ORDER BY u.unit_id, c.place"
        ),
        {"ids": list(set(unit_ids))},
    )
    found: dict[UUID, list[Recipient]] = defaultdict(list)
    for row in rows:
        of_unit = found[row.unit]
        if row.contact_id is not None:
            of_unit.append(
                Recipient(
                    row.contact_id, row.post, row.email, row.mobile, row.valid_from, row.valid_to
                )
            )
    return dict(found)
