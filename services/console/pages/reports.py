"""通报: what was due in a period, and what became of it; each number leads to its list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import nlargest
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from services.console.client import ApiError, fetch_together
from services.console.shell.downloads import answer_file
from services.console.shell.forms import Form
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from shared.api.ledger import LedgerChoicesOut
from shared.api.reports import ReportBy, ReportCountsOut, ReportOut, ReportRowOut

ROUTER = APIRouter()
_PAGE = "/reports"
_FAULTY = 500
_ROWS = 24
"""Rows of the table on one page; the exports have all."""
_BARS = 24
"""How many rows a chart shows: those with the most that is overdue, then with the most due."""
BY = {
    ReportBy.UNIT: N_("按单位"),
    ReportBy.CATEGORY: N_("按任务类别"),
    ReportBy.TASK: N_("按任务"),
}
_FIELDS = ("from", "to", "by", "plan", "group")
_LISTED: Mapping[str, Mapping[str, str]] = {
    "due": {},
    "done": {"light": "done"},
    "on_time": {"in_time": "true"},
    "late": {"in_time": "false"},
    "open": {"light": "yellow,green"},
    "overdue": {"light": "red"},
}
"""The filters of the ledger that list what a column counts."""


@dataclass(frozen=True, slots=True)
class UsualPeriod:
    """A usual period with its address."""

    name: str
    path: str
    is_present: bool


@ROUTER.get("/reports")
async def show_report(
    visit: SignedIn,
    begin: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    whole: Annotated[bool, Query()] = False,
) -> Response:
    """The report that the address asks for; a wrong period is told beside the form.

    `begin` is how many rows come before those that the table shows; `whole` shows all, to print.
    """
    visit.require("read-drafts")
    asked = _read_query(visit)
    choices, (report, refused) = await fetch_together(
        visit.api.get(LedgerChoicesOut, "/v1/ledger/choices", most_units=0), _count(visit, asked)
    )
    form, status = Form.begin(**asked), 200
    if refused:
        form, status = form.refuse(visit, refused), refused.status
    elif report:
        form = Form.begin(**{**asked, "from": str(report.first), "to": str(report.last)})
    return visit.render(
        "reports/report.html",
        status,
        form=form,
        report=report,
        **_cut(asked, report.rows if report else [], begin, whole=whole),
        bars=choose_bars(report.rows) if report else [],
        bys=[(by.value, visit.gettext(name)) for by, name in BY.items()],
        plans=[(str(plan.plan_id), plan.title or "") for plan in choices.plans],
        groups=[(group, group) for group in choices.groups],
        has_any=bool(choices.plans),
        periods=_list_periods(visit.person.today, asked, report),
        query=urlencode(asked),
        link=lambda row, column: _make_link(asked, report, row, column) if report else "",
    )


async def _count(
    visit: Visit, asked: Mapping[str, str]
) -> tuple[ReportOut | None, ApiError | None]:
    """The report, or why the API refuses what was asked."""
    try:
        return await visit.api.get(ReportOut, "/v1/reports/summary", **asked), None
    except ApiError as error:
        if error.status >= _FAULTY:
            raise
        return None, error


def _cut(
    asked: Mapping[str, str], rows: Sequence[ReportRowOut], begin: int, *, whole: bool
) -> dict[str, Any]:
    """The rows that the table shows, and the addresses of its other parts and of the whole."""
    if whole or len(rows) <= _ROWS:
        return {"rows": rows, "first": "", "following": "", "whole": ""}
    after = begin + _ROWS
    return {
        "rows": rows[begin:after],
        "first": _make_address(asked) if begin else "",
        "following": _make_address(asked, begin=str(after)) if len(rows) > after else "",
        "whole": _make_address(asked, whole="true"),
    }


def _make_address(asked: Mapping[str, str], **more: str) -> str:
    query = urlencode({**asked, **more})
    return f"{_PAGE}?{query}" if query else _PAGE


def _read_query(visit: Visit) -> dict[str, str]:
    query = visit.request.query_params
    values = {name: query.get(name, "").strip()[:200] for name in _FIELDS}
    return {name: value for name, value in values.items() if value}


def choose_bars(rows: list[ReportRowOut]) -> list[ReportRowOut]:
    """The rows of the charts, in the order of the report."""
    numbers = range(len(rows))
    most = nlargest(_BARS, numbers, key=lambda at: (rows[at].overdue, rows[at].due, -at))
    return [rows[at] for at in sorted(most)]


def _make_link(
    asked: Mapping[str, str], report: ReportOut, row: ReportCountsOut, column: str
) -> str:
    """The list of what a number counts; empty where no filter says it."""
    filters = {"due_from": str(report.first), "due_to": str(report.last)}
    filters |= {name: asked[name] for name in ("plan", "group") if name in asked}
    if isinstance(row, ReportRowOut):
        if row.unit_id:
            filters["unit_id"] = str(row.unit_id)
        elif row.number is not None:
            filters |= {"plan": str(row.plan_id), "task": row.number}
        elif row.name:
            filters["category"] = row.name
        else:
            return ""
    return "/ledger?" + urlencode({**filters, **_LISTED[column]})


def _list_periods(
    today: date, asked: Mapping[str, str], report: ReportOut | None
) -> list[UsualPeriod]:
    """The usual periods, by the office's present day."""
    month = date(today.year, today.month, 1)
    quarter = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    spans = (
        (N_("本年"), date(today.year, 1, 1), date(today.year, 12, 31)),
        (N_("截至今天"), date(today.year, 1, 1), today),
        (N_("本季度"), quarter, _end_quarter(quarter)),
        (N_("上季度"), _begin_quarter_before(quarter), quarter - timedelta(days=1)),
        (N_("本月"), month, _begin_month_after(month) - timedelta(days=1)),
        (N_("上月"), _begin_month_before(month), month - timedelta(days=1)),
    )
    shown = (report.first, report.last) if report else None
    return [
        UsualPeriod(
            name,
            f"{_PAGE}?{urlencode({**asked, 'from': first, 'to': last})}",
            shown == (first, last),
        )
        for name, first, last in spans
    ]


def _begin_month_after(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _begin_month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _end_quarter(first: date) -> date:
    return (first + timedelta(days=92)).replace(day=1) - timedelta(days=1)


def _begin_quarter_before(first: date) -> date:
    return (first - timedelta(days=80)).replace(day=1)


@ROUTER.get("/reports.xlsx")
async def export_xlsx(visit: SignedIn) -> StreamingResponse:
    """The same report as an Excel workbook."""
    visit.require("read-drafts")
    return await answer_file(visit, "/v1/reports/summary.xlsx", **_read_query(visit))


@ROUTER.get("/reports.docx")
async def export_docx(visit: SignedIn) -> StreamingResponse:
    """The same report as an official document for Word."""
    visit.require("read-drafts")
    return await answer_file(visit, "/v1/reports/summary.docx", **_read_query(visit))
