"""`cuiban report`: what an office prints for the county government (通报)."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli import filters
from cli.client import connect, find_plans
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.api.reports import ReportBy, ReportCountsOut, ReportOut

report = typer.Typer(help="Reports for the county government.", no_args_is_help=True)
_DATES = ["%Y-%m-%d"]
_BY = {
    ReportBy.UNIT: N_("unit"),
    ReportBy.CATEGORY: N_("category"),
    ReportBy.TASK: N_("task"),
}


@report.command("summary")
def show_summary(
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=_DATES, help="The first due date; else 1 January."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=_DATES, help="The last due date; else 31 December."),
    ] = None,
    by: Annotated[ReportBy, typer.Option(help="What the rows stand for.")] = ReportBy.UNIT,
    group: filters.Groups = None,
    plan: filters.Plans = None,
    year: filters.Years = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write it into this file, for Excel.")] = None,
    docx: Annotated[
        Path | None, typer.Option(help="Write it into this file, as an official document for Word.")
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Count what is due in a period: done, on time, overdue, and the share that is done."""
    query = filters.make_query(
        {"from": first, "to": last, "by": by.value, "group": group, "plan": plan, "year": year}
    )
    api = connect(state)
    find_plans(api, query)
    for suffix, file in (("xlsx", xlsx), ("docx", docx)):
        if file is not None:
            api.download(f"/v1/reports/summary.{suffix}", file, **query)
            say(_("Written: {file}").format(file=file), error=True)
    summary = ReportOut.model_validate(api.get("/v1/reports/summary", **query))
    show_answer(summary, as_json, _show_report)


def _show_report(summary: ReportOut) -> None:
    if not summary.rows:
        message = _("Nothing is due from {first} to {last}.")
        say(message.format(first=summary.first, last=summary.last))
        return
    rows = [
        (f"{row.number} {row.name}" if row.number else row.name or _("(none)"), *_to_cells(row))
        for row in summary.rows
    ]
    rows.append((_("in total"), *_to_cells(summary.total)))
    headings = (
        *(_(_BY[summary.by]), _("owed"), _("done"), _("on time"), _("late"), _("overdue")),
        *(_("under way"), _("done, %")),
    )
    title = _("Due from {first} to {last}").format(first=summary.first, last=summary.last)
    show_table(headings, rows, title=title)


def _to_cells(counts: ReportCountsOut) -> tuple[str, ...]:
    numbers = (counts.due, counts.done, counts.on_time, counts.late, counts.overdue, counts.open)
    rate = "" if counts.rate is None else f"{counts.rate:.1%}"
    return (*map(str, numbers), rate)
