"""Writes the ledger, and the history of a unit, into files for people.

Rows are read and written in chunks, so that memory does not grow with the ledger. The file is
whole before it is sent: a slow reader holds no connection to the database.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain import words
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.exports.columns import Column, Row
from services.ingest.exports.csv_text import CsvWriter
from services.ingest.exports.workbook import WorkbookWriter
from services.ingest.handlers.acting import Act, require_unit
from services.ingest.handlers.ledger.ledger import LedgerItem, to_item
from services.ingest.handlers.ledger.selecting import LedgerQuery, make_filter
from services.ingest.handlers.office.office_settings import get_settings
from services.ingest.handlers.office.rules import get_office_day, get_office_zone
from services.ingest.store import history, ledger, units
from services.ingest.store.rows import StoredNotification
from shared.schemas.lights import Light
from shared.schemas.office import LightLook

LEDGER = (
    *(Column("单位", 18), Column("序号", 8), Column("类别", 14), Column("任务", 24)),
    *(Column("具体内容", 60), Column("类型", 10), Column("周期", 10), Column("完成时限", 12)),
    *(Column("状态", 10), Column("亮灯", 8), Column("牵头", 6), Column("办结时间", 17)),
    *(Column("办结人", 14), Column("任务表", 30), Column("年度", 8), Column("编号", 38)),
)
HISTORY = (
    *(Column("提醒时点", 17), Column("对象", 12), Column("渠道", 8), Column("状态", 10)),
    *(Column("原因", 14), Column("时间", 17), Column("地址", 26), Column("序号", 14)),
    *(Column("主题", 40), Column("内容", 60), Column("编号", 38)),
)
_CHUNK = 500


class FileFormat(StrEnum):
    """What a list is written as."""

    XLSX = "xlsx"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Export:
    """Where a list is written to, and as what."""

    file: BinaryIO
    format: FileFormat

    def open_writer(self, columns: Sequence[Column], title: str) -> WorkbookWriter | CsvWriter:
        """What writes rows into the file."""
        match self.format:
            case FileFormat.XLSX:
                return WorkbookWriter(self.file, columns, title)
            case FileFormat.CSV:
                return CsvWriter(self.file, columns)


async def export_ledger(db: AsyncConnection, act: Act, query: LedgerQuery, export: Export) -> None:
    """Write the obligations that a query selects, by unit name, plan and measure.

    Raises:
        RefusedError: the query names what does not exist or the actor may not see.
    """
    day = await get_office_day(db, act.office_id, act.now)
    zone = await get_office_zone(db, act.office_id)
    wanted = await make_filter(db, act, query, day)
    lights = (await get_settings(db, act.office_id)).lights

    async def read() -> AsyncIterator[list[Row]]:
        async for entries in ledger.read_entries(db, act.office_id, wanted):
            yield [_make_ledger_row(to_item(entry, day), zone, lights) for entry in entries]

    await _write(export, LEDGER, "台账", read())


async def export_history(db: AsyncConnection, act: Act, unit_id: UUID, export: Export) -> None:
    """Write what a unit was sent, the newest slot first.

    Raises:
        RefusedError: no such unit.
    """
    require_unit(act, unit_id)
    if await units.find_unit(db, act.office_id, unit_id) is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
    zone = await get_office_zone(db, act.office_id)

    async def read() -> AsyncIterator[list[Row]]:
        before: tuple[datetime, UUID] | None = None
        while rows := await history.list_notifications(
            db, act.office_id, unit_id, before, _CHUNK, hides_others=act.unit_id is not None
        ):
            yield [_make_history_row(row, zone) for row in rows]
            before = rows[-1].slot, rows[-1].notification_id

    await _write(export, HISTORY, "发送记录", read())


async def _write(
    export: Export, columns: Sequence[Column], title: str, chunks: AsyncIterator[list[Row]]
) -> None:
    """Write chunks of rows in a thread, so that other requests are served meanwhile."""
    writer = await asyncio.to_thread(export.open_writer, columns, title)
    async for rows in chunks:
        await asyncio.to_thread(writer.write, rows)
    await asyncio.to_thread(writer.close)


def _make_ledger_row(item: LedgerItem, zone: ZoneInfo, lights: Mapping[Light, LightLook]) -> Row:
    return (
        *(item.unit, item.ref, item.category, item.task_name, item.text),
        words.KINDS.get(item.kind, item.kind),
        item.period,
        item.due_on,
        words.STATUSES.get(item.status, item.status),
        lights[item.light].name,
        "是" if item.lead else "",
        _to_local(item.done_at, zone),
        *(item.done_by, item.plan, item.year, str(item.obligation_id)),
    )


def _make_history_row(sent: StoredNotification, zone: ZoneInfo) -> Row:
    return (
        _to_local(sent.slot, zone),
        f"{sent.to_unit}{words.AUDIENCES.get(sent.audience, sent.audience)}",
        words.CHANNELS.get(sent.channel, sent.channel),
        words.STATES[sent.state],
        sent.reason,
        _to_local(sent.at, zone),
        sent.address,
        "、".join(sent.refs),
        *(sent.subject, sent.body, str(sent.notification_id)),
    )


def _to_local(instant: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if instant is None else instant.astimezone(zone).replace(tzinfo=None)
