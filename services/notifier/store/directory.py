"""Units and their contacts, as the directory's events list them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.store.tables import CONTACTS, UNITS
from shared.database.engine import insert_rows
from shared.messages.recipients import Recipient
from shared.schemas.events import UnitUpserted

_LOCK = 0x6375_6901
"""The advisory lock between transactions that look units up and those that store them."""
_LOCK_READING = select(func.pg_advisory_xact_lock_shared(_LOCK))
_LOCK_WRITING = select(func.pg_advisory_xact_lock(_LOCK))
_C, _U = CONTACTS.c, UNITS.c
_IDS = any_(bindparam("ids", type_=ARRAY(Uuid)))
_NUMBERS = select(_U.unit_id, _U.number).where(_U.unit_id == _IDS)
_RECIPIENTS = (
    select(_U.unit_id, _C.contact_id, _C.post, _C.email, _C.mobile, _C.valid_from, _C.valid_to)
    .select_from(UNITS.outerjoin(CONTACTS, _C.unit_id == _U.unit_id))
    .where(_U.unit_id == _IDS)
    .order_by(_U.unit_id, _C.place)
)


async def lock_for_reading(db: AsyncConnection) -> None:
    """Until the transaction ends no unit is stored, so that no reminder misses its unit.

    Take this lock first: a transaction that waits for it must hold no row lock.
    """
    await db.execute(_LOCK_READING)


async def lock_for_writing(db: AsyncConnection) -> None:
    """Until the transaction ends no other looks units up. Take this lock first."""
    await db.execute(_LOCK_WRITING)


async def store_units(db: AsyncConnection, events: Iterable[UnitUpserted]) -> list[UUID]:
    """Store units with their contacts; the newest `number` of a unit wins.

    Returns:
        The units that changed.
    """
    newest: dict[UUID, UnitUpserted] = {}
    for event in events:
        if event.unit_id not in newest or event.number > newest[event.unit_id].number:
            newest[event.unit_id] = event
    rows = await db.execute(_NUMBERS, {"ids": list(newest)})
    stored = {row.unit_id: row.number for row in rows}
    changed = [e for e in newest.values() if e.number > stored.get(e.unit_id, -1)]
    await _replace(db, changed)
    return [event.unit_id for event in changed]


async def _replace(db: AsyncConnection, changed: Sequence[UnitUpserted]) -> None:
    await insert_rows(
        db,
        UNITS,
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
        delete(CONTACTS).where(_C.unit_id == _IDS), {"ids": [event.unit_id for event in changed]}
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
    await insert_rows(db, CONTACTS, rows)


async def get_recipients(
    db: AsyncConnection, unit_ids: Iterable[UUID]
) -> dict[UUID, list[Recipient]]:
    """The contacts of those units that are known, by unit; a known unit may have none."""
    recipients: dict[UUID, list[Recipient]] = defaultdict(list)
    for row in await db.execute(_RECIPIENTS, {"ids": list(set(unit_ids))}):
        of_unit = recipients[row.unit_id]
        if row.contact_id is not None:
            of_unit.append(
                Recipient(
                    contact_id=row.contact_id,
                    post=row.post,
                    email=row.email,
                    mobile=row.mobile,
                    valid_from=row.valid_from,
                    valid_to=row.valid_to,
                )
            )
    return dict(recipients)
