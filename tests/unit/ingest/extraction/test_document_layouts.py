"""Tables of other offices in Word, Excel and web pages: merged cells, several tables, banners."""

import datetime as dt
import io

import docx
import openpyxl
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from services.ingest.extraction.plans.reading import read_plan
from tests.unit.ingest.extraction.brief_tasks import brief, dues


def saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


def word_table() -> docx.document.Document:
    document = docx.Document()
    document.add_paragraph("青溪市2024年政务公开工作要点任务分解表")
    table = document.add_table(7, 6)

    def put(row: int, column: int, text: str, to: tuple[int, int] | None = None) -> None:
        cell = table.cell(row, column)
        (cell.merge(table.cell(*to)) if to else cell).text = text

    put(0, 0, "序号", (1, 0))
    put(0, 1, "重点任务", (1, 1))
    put(0, 2, "工作措施", (1, 2))
    put(0, 3, "责任单位", (0, 4))
    put(1, 3, "牵头单位")
    put(1, 4, "配合单位")
    put(0, 5, "完成时限", (1, 5))
    put(2, 0, "一、主动公开（3项）", (2, 5))
    put(3, 0, "1", (5, 0))
    put(3, 1, "财政信息", (5, 1))
    for row, text in enumerate(["公开预算", "公开绩效", "公开债务"], start=3):
        put(row, 2, text)
    put(3, 3, "市财政局", (5, 3))
    put(3, 4, "市直各部门", (4, 4))
    put(5, 4, "市审计局等部门")
    put(3, 5, "6月底前")
    put(4, 5, "9月底", (6, 5))
    put(6, 0, "2")
    put(6, 1, "教育信息")
    put(6, 2, "公开招生")
    put(6, 3, "市教育局")
    return document


def test_merged_cells_in_word_are_shared_by_their_rows() -> None:
    plan = read_plan("a.docx", saved(word_table()))
    assert [brief(t) for t in plan.tasks] == [
        (1, "一、主动公开（3项）", "财政信息", ["市财政局", "市直各部门"], ["市财政局"]),
        (1, "一、主动公开（3项）", "财政信息", ["市财政局", "市审计局"], ["市财政局"]),
        (2, "一、主动公开（3项）", "教育信息", ["市教育局"], ["市教育局"]),
    ]
    assert dues(plan) == [["2024-06-30"], ["2024-09-30"], ["2024-09-30"], ["2024-09-30"]]
    assert plan.warnings == ()


def test_numbers_that_word_prints_automatically_are_counted() -> None:
    document = docx.Document()
    document.add_paragraph("青溪市2024年任务表")
    table = document.add_table(3, 5)
    for cell, text in zip(
        table.rows[0].cells, ["序号", "任务", "内容", "责任单位", "时限"], strict=True
    ):
        cell.text = text
    for index, row in enumerate(table.rows[1:]):
        row.cells[0].paragraphs[0].style = "List Number"
        for cell, text in zip(
            row.cells[1:], [f"任务{index}", "做好公开。", "市财政局", "年底前"], strict=True
        ):
            cell.text = text
    plan = read_plan("a.docx", saved(document))
    assert [t.number for t in plan.tasks] == [1, 2]


def test_several_tables_continue_or_stand_apart_in_word() -> None:
    document = docx.Document()
    form = document.add_table(1, 2)
    form.cell(0, 0).text = "填报单位"
    form.cell(0, 1).text = "市政府办"
    document.add_paragraph("青溪市2024年任务表")
    for rows in (
        [
            ["序号", "任务", "内容", "责任单位", "时限"],
            ["1", "甲", "公开甲。", "市财政局", "年底前"],
        ],
        [["2", "乙", "公开乙。", "市审计局", "6月底"]],
    ):
        table = document.add_table(len(rows), 5)
        for cells, texts in zip(table.rows, rows, strict=True):
            for cell, text in zip(cells.cells, texts, strict=True):
                cell.text = text
        document.add_paragraph("")
    plan = read_plan("a.docx", saved(document))
    assert [(t.number, t.name) for t in plan.tasks] == [(1, "甲"), (2, "乙")]


def test_deleted_words_and_frames_in_word_are_seen_through() -> None:
    document = docx.Document()
    frame = document.add_table(1, 1)
    frame.cell(0, 0).text = "青溪市2024年任务表"
    inner = frame.cell(0, 0).add_table(2, 4)
    rows = [["任务", "内容", "责任单位", "时限"], ["甲", "公开甲。", "市财政局", "年底前"]]
    for cells, texts in zip(inner.rows, rows, strict=True):
        for cell, text in zip(cells.cells, texts, strict=True):
            cell.text = text
    paragraph = inner.cell(1, 1).paragraphs[0]._p
    deleted = OxmlElement("w:del")
    run = OxmlElement("w:r")
    gone = OxmlElement("w:t")
    gone.text = "不再公开乙。"
    run.append(gone)
    deleted.append(run)
    paragraph.append(deleted)
    assert paragraph.find(qn("w:del")) is not None
    plan = read_plan("a.docx", saved(document))
    assert [m.text for t in plan.tasks for m in t.measures] == ["公开甲。"]
    assert plan.title == "青溪市2024年任务表"


def test_a_workbook_with_banner_two_headers_and_dates_is_read() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["云水区2025年重点工作任务台账"])
    sheet.merge_cells("A1:H1")
    sheet.append(["填报单位：区政府办"])
    sheet.append(["序号", "类别", "重点工作", "具体举措", "责任分工", None, "完成时间", "目标值"])
    sheet.append([None, None, None, None, "牵头部门", "协办部门"])
    sheet.append(
        [1, "数字政府", "数据共享", "编目录", "区数据局", "各部门", dt.date(2025, 6, 30), 0.95]
    )
    sheet["H5"].number_format = "0%"
    sheet.append([2, None, "一网通办", "进大厅", "区政务中心", None, dt.date(2025, 9, 1)])
    sheet["G6"].number_format = 'yyyy"年"m"月"'
    sheet.append([3, "营商环境", "惠企", "兑现资金", "区财政局", None, 45900, "≥90%"])
    for area in ("A3:A4", "B3:B4", "C3:C4", "D3:D4", "E3:F3", "G3:G4", "H3:H4", "B5:B6"):
        sheet.merge_cells(area)
    second = book.create_sheet("乡镇")
    second.append(["序号", "任务", "内容", "责任单位", "时限"])
    second.append([1, "村务公开", "公开村务。", "各乡镇", "长期"])
    hidden = book.create_sheet("旧表")
    hidden.append(["序号", "任务", "内容", "责任单位", "时限"])
    hidden.append([9, "作废", "作废。", "区财政局", "年底"])
    hidden.sheet_state = "hidden"
    plan = read_plan("a.xlsx", saved(book))
    assert [brief(t) for t in plan.tasks] == [
        (1, "数字政府", "数据共享", ["区数据局", "各部门"], ["区数据局"]),
        (2, "数字政府", "一网通办", ["区政务中心"], ["区政务中心"]),
        (3, "营商环境", "惠企", ["区财政局"], ["区财政局"]),
        (1, None, "村务公开", ["各乡镇"], []),
    ]
    assert dues(plan) == [["2025-06-30"], ["2025-09-30"], ["2025-08-31"], []]
    targets = [m.target.at_least_percent for t in plan.tasks for m in t.measures if m.target]
    assert targets == [95, 90]


def test_a_page_with_spans_and_a_number_under_the_duty_header_is_read() -> None:
    page = """<html><body><div>首页</div><table><tr><td>
    <h2>丰河县信访局2023年政务公开重点任务清单</h2><table border=1>
    <tr><td>工作任务</td><td colspan=2>具体要求</td><td>责任科室</td><td>时限要求</td></tr>
    <tr><td>规范公开</td><td>1</td><td>清理文件。</td><td>办公室</td><td>年底前</td></tr>
    <tr><td rowspan=2>主动公开</td><td>2</td><td>规范专栏。<br>防范泄密。</td><td>各科室</td>
    <td rowspan=2>持续推进</td></tr>
    <tr><td>3</td><td>编制年报。</td><td>办公室</td></tr>
    </table></td></tr></table></body></html>"""
    plan = read_plan("a.html", page.encode())
    assert plan.issuer == "丰河县信访局"
    assert [(t.number, t.name, len(t.measures)) for t in plan.tasks] == [
        (1, "规范公开", 1),
        (2, "主动公开", 2),
        (3, "主动公开", 1),
    ]
    assert [m.continuous for t in plan.tasks for m in t.measures] == [False, True, True, True]
