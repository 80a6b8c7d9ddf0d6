"""The text of a 通报 from the counts of a report."""

from datetime import date
from typing import BinaryIO

from services.ingest.domain.report import DueCount, Report, ReportRow
from services.ingest.exports.bulletin import Bulletin, Section
from services.ingest.exports.columns import Column, Row
from services.ingest.exports.workbook import WorkbookWriter
from shared.api.reports import ReportBy

_NUMBERS = ("应办", "已办结", "按期办结", "逾期办结", "超期", "在办", "办结率")
_FIRST = {ReportBy.UNIT: "责任单位", ReportBy.CATEGORY: "类别", ReportBy.TASK: "任务"}
_TOTAL = "合计"


def compose(report: Report, signature: str) -> Bulletin:
    """The 通报 of a report: the whole, what is overdue, and a table with all rows."""
    period = describe_period(report.first, report.last)
    return Bulletin(
        title=f"关于{period}政务公开重点任务办理情况的通报",
        recipients="各责任单位",
        opening=(f"现将{period}到期的政务公开重点任务办理情况通报如下。",),
        sections=(
            Section("一、总体情况", (_describe_total(report, period),)),
            Section("二、超期情况", (_describe_overdue(report),)),
            Section("三、有关要求", ("请各责任单位对照附表抓紧办理，并及时报告办理情况。",)),
        ),
        table_title="附表：办理情况统计",
        head=(_FIRST[report.by], *_NUMBERS),
        rows=[
            *((_name(row), *_to_texts(row.counts)) for row in report.rows),
            (_TOTAL, *_to_texts(report.total)),
        ],
        signature=signature,
        issued_on=report.today,
    )


def write_table(file: BinaryIO, report: Report) -> None:
    """Write a report as an Excel workbook: its rows and their sum."""
    columns = (Column(_FIRST[report.by], 30), *(Column(name, 10) for name in _NUMBERS))
    writer = WorkbookWriter(file, columns, "通报")
    writer.write((_name(row), *_to_cells(row.counts)) for row in report.rows)
    writer.write([(_TOTAL, *_to_cells(report.total))])
    writer.close()


def describe_period(first: date, last: date) -> str:
    """A period as a title has it: 2023年, 2023年上半年, or from day to day."""
    year = first.year
    names = {
        (date(year, 1, 1), date(year, 12, 31)): f"{year}年",
        (date(year, 1, 1), date(year, 6, 30)): f"{year}年上半年",
        (date(year, 7, 1), date(year, 12, 31)): f"{year}年下半年",
        (date(year, 1, 1), date(year, 3, 31)): f"{year}年第一季度",
        (date(year, 4, 1), date(year, 6, 30)): f"{year}年第二季度",
        (date(year, 7, 1), date(year, 9, 30)): f"{year}年第三季度",
        (date(year, 10, 1), date(year, 12, 31)): f"{year}年第四季度",
    }
    return names.get((first, last)) or f"{_to_chinese(first)}至{_to_chinese(last)}"


def _to_chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _describe_total(report: Report, period: str) -> str:
    total = report.total
    if not total.due:
        return f"{period}没有到期的任务。"
    return (
        f"截至{_to_chinese(report.today)}，{period}应办{total.due}项，已办结{total.done}项，"
        f"其中按期办结{total.on_time}项、逾期办结{total.late}项；超期未办结{total.overdue}项，"
        f"尚未到期、正在办理{total.open}项；办结率{_to_percent(total)}。"
    )


def _describe_overdue(report: Report) -> str:
    behind = [row for row in report.rows if row.counts.overdue]
    if not behind:
        return "没有超期未办结的任务。"
    named = "、".join(f"{_name(row)}（{row.counts.overdue}项）" for row in behind)
    return f"超期未办结的有：{named}。"


def _name(row: ReportRow) -> str:
    if row.number:
        return f"{row.number}. {row.name}"
    return row.name or "未分类"


def _to_percent(counts: DueCount) -> str:
    return "—" if counts.rate is None else f"{counts.rate * 100:.1f}%"


def _to_cells(counts: DueCount) -> Row:
    """The numbers of a row; the share as a percentage."""
    numbers = (counts.due, counts.done, counts.on_time, counts.late, counts.overdue, counts.open)
    return (*numbers, _to_percent(counts))


def _to_texts(counts: DueCount) -> tuple[str, ...]:
    return tuple(map(str, _to_cells(counts)))
