"""Units and their contacts, as the directory's events list them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Uuid, and_, any_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.store.tables import CONTACTS, SET_ASIDE, UNITS
from shared.database.engine import insert_rows
from shared.database.statements import AnyRow
from shared.messages.recipients import Recipient
from shared.schemas.events import UnitUpserted
from shared.schemas.rules import Channel

_LOCK = 0x6375_6901
"""The advisory lock between transactions that look units up and those that store them."""
_LOCK_READING = select(func.pg_advisory_xact_lock_shared(_LOCK))
_LOCK_WRITING = select(func.pg_advisory_xact_lock(_LOCK))
_C, _S, _U = CONTACTS.c, SET_ASIDE.c, UNITS.c
_IDS = any_(bindparam("ids", type_=ARRAY(Uuid)))
_NUMBERS = select(_U.unit_id, _U.number).where(_U.unit_id == _IDS)
_RECIPIENTS = (
    select(_U.unit_id, _C.contact_id, _C.post, _C.email, _C.mobile, _C.valid_from, _C.valid_to)
    .select_from(UNITS.outerjoin(CONTACTS, _C.unit_id == _U.unit_id))
    .where(_U.unit_id == _IDS)
    .order_by(_U.unit_id, _C.place)
)
_SET_ASIDE = (
    select(_U.unit_id, _S.address, _S.channel)
    .join_from(UNITS, CONTACTS, _C.unit_id == _U.unit_id)
    .join(SET_ASIDE, and_(_S.office_id == _U.office_id, _S.address.in_((_C.email, _C.mobile))))
    .where(_U.unit_id == _IDS)
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
    ids = {"ids": list(set(unit_ids))}
    set_aside: dict[tuple[UUID, str], set[Channel]] = defaultdict(set)
    for bounced in await db.execute(_SET_ASIDE, ids):
        set_aside[bounced.unit_id, bounced.address].add(Channel(bounced.channel))
    for row in await db.execute(_RECIPIENTS, ids):
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
                    set_aside=_select_set_aside(row, set_aside) if set_aside else frozenset(),
                )
            )
    return dict(recipients)


def _select_set_aside(
    contact: AnyRow, set_aside: Mapping[tuple[UUID, str], Collection[Channel]]
) -> frozenset[Channel]:
    """The channels on which a contact's address is set aside: an e-mail's alone, or the others."""
    by_email = set_aside.get((contact.unit_id, contact.email), ())
    by_mobile = set_aside.get((contact.unit_id, contact.mobile), ())
    of_mobile = {channel for channel in by_mobile if channel is not Channel.EMAIL}
    return frozenset(of_mobile | ({Channel.EMAIL} & set(by_email)))
