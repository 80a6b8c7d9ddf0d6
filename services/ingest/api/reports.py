"""Reports (通报), and lists as files, over HTTP."""

import asyncio
from typing import Annotated, Any, BinaryIO
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from services.ingest.api.callers import Call, Permitted
from services.ingest.api.downloads import answer_file, describe_file
from services.ingest.api.selecting import LedgerFilters, Selection
from services.ingest.domain.report import DueCount, Report
from services.ingest.exports.bulletin import write_bulletin
from services.ingest.handlers.ledger.selecting import LedgerQuery
from services.ingest.handlers.office.office_settings import get_settings
from services.ingest.handlers.reports import bulletin, exporting, summary
from services.ingest.handlers.reports.exporting import Export, FileFormat
from services.ingest.handlers.reports.summary import ReportQuery
from services.ingest.store import offices
from shared.api.fields import Day
from shared.api.reports import DueDaysOut, ReportBy, ReportCountsOut, ReportOut, ReportRowOut

ROUTER = APIRouter(prefix="/v1", tags=["reports"])
_COUNTED = tuple(ReportCountsOut.model_fields)


def _parse_report(
    among: Selection,
    first: Annotated[
        Day | None, Query(alias="from", description="The first due date; else 1 January.")
    ] = None,
    last: Annotated[
        Day | None, Query(alias="to", description="The last due date; else 31 December.")
    ] = None,
    by: Annotated[ReportBy, Query(description="What the rows stand for.")] = ReportBy.UNIT,
) -> ReportQuery:
    return ReportQuery(first, last, by, among)


Asked = Annotated[ReportQuery, Depends(_parse_report)]


@ROUTER.get("/reports/summary", response_model=ReportOut)
async def show_report(call: Permitted, asked: Asked) -> Response:
    """Count what is due in a period, by unit, category or task (通报).

    The filters of the ledger choose which obligations are counted. `total` is the sum of `rows`.
    What has no due date is in no period.
    """
    async with call.context.engine.connect() as db:
        report = await summary.summarise(db, call.act, asked)
    # Written here: FastAPI would validate thousands of rows a second time.
    return Response(_show(report).model_dump_json(), media_type="application/json")


@ROUTER.get("/reports/days")
async def show_due_days(
    call: Permitted,
    among: Selection,
    first: Annotated[Day, Query(alias="from", description="The first day.")],
    last: Annotated[Day, Query(alias="to", description="The last day; a year at most.")],
) -> DueDaysOut:
    """Count what is due on each day of a period. The filters of the ledger choose among what."""
    async with call.context.engine.connect() as db:
        return await summary.list_due_days(db, call.act, among, first, last)


def _show(report: Report) -> ReportOut:
    """A report as the API gives it."""
    return ReportOut(
        first=report.first,
        last=report.last,
        by=report.by,
        today=report.today,
        rows=[
            ReportRowOut(
                name=row.name,
                unit_id=row.unit_id,
                plan_id=row.plan_id,
                number=row.number,
                **_show_counts(row.counts),
            )
            for row in report.rows
        ],
        total=ReportCountsOut(**_show_counts(report.total)),
    )


def _show_counts(counts: DueCount) -> dict[str, Any]:
    return {name: getattr(counts, name) for name in _COUNTED}


@ROUTER.get(
    "/reports/summary.xlsx", response_class=StreamingResponse, responses=describe_file("xlsx")
)
async def export_report_as_xlsx(call: Permitted, asked: Asked) -> StreamingResponse:
    """The counts of a report as an Excel workbook."""
    report, _signature = await _count(call, asked)

    async def write(file: BinaryIO) -> None:
        await asyncio.to_thread(bulletin.write_table, file, report)

    return await answer_file(call, _name_report(report), "xlsx", write)


@ROUTER.get(
    "/reports/summary.docx", response_class=StreamingResponse, responses=describe_file("docx")
)
async def export_report_as_docx(call: Permitted, asked: Asked) -> StreamingResponse:
    """A report as a 通报 in the form of an official document, for Word."""
    report, signature = await _count(call, asked)

    async def write(file: BinaryIO) -> None:
        text = bulletin.compose(report, signature)
        await asyncio.to_thread(write_bulletin, file, text)

    return await answer_file(call, _name_report(report), "docx", write)


async def _count(call: Call, asked: ReportQuery) -> tuple[Report, str]:
    """A report, and who signs it."""
    async with call.context.engine.connect() as db:
        report = await summary.summarise(db, call.act, asked)
        own = await get_settings(db, call.act.office_id)
        office = await offices.get_office(db, call.act.office_id)
    return report, own.signature or office.name


def _name_report(report: Report) -> str:
    return f"通报-{bulletin.describe_period(report.first, report.last)}"


@ROUTER.get("/ledger.xlsx", response_class=StreamingResponse, responses=describe_file("xlsx"))
async def export_ledger_as_xlsx(call: Permitted, query: LedgerFilters) -> StreamingResponse:
    """The ledger, or what the filters select of it, as an Excel workbook."""
    return await _export_ledger(call, query, FileFormat.XLSX)


@ROUTER.get("/ledger.csv", response_class=StreamingResponse, responses=describe_file("csv"))
async def export_ledger_as_csv(call: Permitted, query: LedgerFilters) -> StreamingResponse:
    """The ledger, or what the filters select of it, as CSV for spreadsheets."""
    return await _export_ledger(call, query, FileFormat.CSV)


async def _export_ledger(call: Call, query: LedgerQuery, form: FileFormat) -> StreamingResponse:
    async def write(file: BinaryIO) -> None:
        async with call.context.engine.connect() as db:
            await exporting.export_ledger(db, call.act, query, Export(file, form))

    return await answer_file(call, f"台账-{call.act.now:%Y%m%d}", form, write)


@ROUTER.get(
    "/units/{unit_id}/history.xlsx",
    response_class=StreamingResponse,
    responses=describe_file("xlsx"),
)
async def export_history_as_xlsx(call: Permitted, unit_id: UUID) -> StreamingResponse:
    """What a unit was sent, as an Excel workbook."""
    return await _export_history(call, unit_id, FileFormat.XLSX)


@ROUTER.get(
    "/units/{unit_id}/history.csv", response_class=StreamingResponse, responses=describe_file("csv")
)
async def export_history_as_csv(call: Permitted, unit_id: UUID) -> StreamingResponse:
    """What a unit was sent, as CSV for spreadsheets."""
    return await _export_history(call, unit_id, FileFormat.CSV)


async def _export_history(call: Call, unit_id: UUID, form: FileFormat) -> StreamingResponse:
    async def write(file: BinaryIO) -> None:
        async with call.context.engine.connect() as db:
            await exporting.export_history(db, call.act, unit_id, Export(file, form))

    return await answer_file(call, f"发送记录-{call.act.now:%Y%m%d}", form, write)
