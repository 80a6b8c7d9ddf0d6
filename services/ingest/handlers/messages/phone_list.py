"""The phone list: whom a person must phone, because no message reached them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import BinaryIO
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.phone_list import PhoneEntry, Unreached, group_unreached
from services.ingest.domain.words import AUDIENCES
from services.ingest.exports.columns import Column, Row
from services.ingest.exports.workbook import WorkbookWriter
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.ledger import LedgerItem, to_item
from services.ingest.handlers.messages.listing import MessageQuery, make_filter
from services.ingest.handlers.office.rules import get_office_day, get_office_zone
from services.ingest.store import messages as store
from services.ingest.store import obligations, units
from services.ingest.store.messages import StoredMessage
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Audience

PHONE_LIST = (
    *(Column("单位", 20), Column("岗位", 10), Column("姓名", 10), Column("电话", 16)),
    *(Column("单位其他联系人", 30), Column("未能送达的事项", 60), Column("原因", 40)),
    *(Column("提醒时点", 17), Column("通话结果", 30)),
)
MOST = 5000
"""How many messages a list is made from, the newest."""
_CLOSED = frozenset({ObligationStatus.DONE, ObligationStatus.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class PhoneListRow(PhoneEntry):
    """A call with the obligations that the post was not told of."""

    obligations: tuple[LedgerItem, ...]


async def list_phone_entries(
    db: AsyncConnection, act: Act, query: MessageQuery
) -> list[PhoneListRow]:
    """Whom a person must phone, by unit and post: it heard nothing of what is owed.

    The unit is the one that hears: of another unit's obligations, where a rule tells it of these.

    Raises:
        RefusedError: as `make_filter`.
    """
    wanted = await make_filter(db, act, query)
    rows = await store.list_unreached(db, act.office_id, wanted, MOST)
    unreached = [_to_unreached(row) for row in rows]
    day = await get_office_day(db, act.office_id, act.now)
    about = {each for row in unreached for each in row.obligation_ids}
    entries = await obligations.list_entries(db, about)
    items = {
        entry.obligation_id: to_item(entry, day) for entry in entries if entry.status not in _CLOSED
    }
    unit_ids = {row.told_unit_id for row in rows}
    named = await units.list_units(db, act.office_id, unit_ids) if unit_ids else []
    contacts = {unit.unit_id: unit.contacts for unit in named if unit.retired_at is None}
    grouped = group_unreached(unreached, contacts, set(items), day.today)
    return [_add_items(each, items) for each in grouped]


async def write_phone_list(
    db: AsyncConnection, act: Act, query: MessageQuery, file: BinaryIO
) -> None:
    """Write the phone list into a workbook, with a column for what was said.

    Raises:
        RefusedError: as `make_filter`.
    """
    entries = await list_phone_entries(db, act, query)
    zone = await get_office_zone(db, act.office_id)
    await asyncio.to_thread(_write, file, [_make_row(each, zone) for each in entries])


def _to_unreached(row: StoredMessage) -> Unreached:
    return Unreached(
        unit_id=row.told_unit_id,
        unit=row.to_unit or row.unit,
        audience=Audience(row.audience),
        channel=row.channel,
        cause=row.cause,
        slot=row.slot,
        obligation_ids=tuple(UUID(item["obligation_id"]) for item in row.items or ()),
    )


def _add_items(entry: PhoneEntry, items: Mapping[UUID, LedgerItem]) -> PhoneListRow:
    values = {field.name: getattr(entry, field.name) for field in fields(entry)}
    return PhoneListRow(**values, obligations=tuple(items[each] for each in entry.obligation_ids))


def _make_row(row: PhoneListRow, zone: ZoneInfo) -> Row:
    owed = "\n".join(
        f"{item.unit + ' ' if item.unit_id != row.unit_id else ''}{item.ref} {item.text}"
        f"（{item.due_on or '长期'}）"
        for item in row.obligations
    )
    return (
        *(row.unit, AUDIENCES.get(row.audience, row.audience)),
        *(row.holder.name, row.holder.mobile),
        "；".join(f"{each.name} {each.mobile}".strip() for each in row.others),
        *(owed, row.why, row.last.astimezone(zone).replace(tzinfo=None), ""),
    )


def _write(file: BinaryIO, rows: Sequence[Row]) -> None:
    writer = WorkbookWriter(file, PHONE_LIST, "电话清单")
    writer.write(rows)
    writer.close()
