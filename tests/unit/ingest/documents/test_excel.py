"""Excel workbooks: values as their cells show them, what is hidden, merged areas."""

import io
import zipfile
from datetime import datetime

import openpyxl
import pytest

from services.ingest.documents.excel.number_formats import BUILT_IN, format_date, format_number
from services.ingest.documents.files import read_document
from services.ingest.documents.grid import Document, Paragraph, Table
from services.ingest.extraction.plans.reading import read_plan

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(
    *sheets: str,
    space: str = MAIN,
    strings: str = "",
    styles: str = "",
    states: tuple[str, ...] = (),
    book: str = "",
) -> Document:
    def root(name: str, inside: str) -> str:
        return f'<{name} xmlns="{space}" xmlns:r="{OFFICE}">{inside}</{name}>'

    shown = [(n, states[n] if n < len(states) else "visible") for n in range(len(sheets))]
    listed = "".join(
        f'<sheet name="表{n}" sheetId="{n + 1}" state="{state}" r:id="r{n}"/>' for n, state in shown
    )
    kinds = [(f"r{n}", "worksheet", f"worksheets/s{n}.xml") for n in range(len(sheets))]
    kinds += [("rs", "sharedStrings", "strings.xml"), ("rf", "styles", "/xl/styles.xml")]
    related = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for key, kind, target in kinds
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", root("workbook", f"{book}<sheets>{listed}</sheets>"))
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}">{related}</Relationships>',
        )
        archive.writestr("xl/strings.xml", root("sst", strings))
        archive.writestr("xl/styles.xml", root("styleSheet", styles))
        for n, sheet in enumerate(sheets):
            archive.writestr(f"xl/worksheets/s{n}.xml", root("worksheet", sheet))
    return read_document("a.xlsx", out.getvalue())


def data(*rows: str) -> str:
    return f"<sheetData>{''.join(rows)}</sheetData>"


def text(value: str, at: str = "") -> str:
    place = f' r="{at}"' if at else ""
    return f'<c{place} t="inlineStr"><is><t>{value}</t></is></c>'


def grid(document: Document) -> list[list[str]]:
    found = next(block for block in document.blocks if isinstance(block, Table))
    return [[f"{'^' * c.above}{'<' * c.left}{c.text}" for c in row.cells] for row in found.rows]


def told(document: Document) -> list[tuple[str, str]]:
    return [(each.place, each.text) for each in document.left_out]


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (45838, 'yyyy"年"m"月"d"日"', "2025年6月30日"),
        (45838, 'yyyy"年"m"月"', "2025年6月"),
        (45838, 'yyyy"年"', "2025年"),
        (45838, 'm"月"d"日"', "6月30日"),
        (45838, "[$-804]yyyy\\年m\\月d\\日;@", "2025年6月30日"),
        (45838, '[DBNum1][$-804]e"年"m"月"', "2025年6月"),
        (45838, "dddd, mmmm dd, yyyy", "2025年6月30日"),
        (45838, "mmm-yy", "2025年6月"),
        (45838.75, "yyyy/m/d h:mm", "2025年6月30日"),
        (0.75, "h:mm AM/PM", "18:00"),
        (60, "yyyy-mm-dd", "1900年2月28日"),
        (1, "yyyy-mm-dd", "1900年1月1日"),
        (-1, "yyyy-mm-dd", "-1"),
        (0.95, "0%", "95%"),
        (0.955, "0.0%", "95.5%"),
        (6, '0"月底前"', "6月底前"),
        (3, '"第"0"项"', "第3项"),
        (3, "General", "3"),
        (0.1 + 0.2, "General", "0.3"),
        (2.5, "0", "2"),
        (1234.5, "#,##0.00", "1234.5"),
        (1e22, "", "1e+22"),
        (45838, "@", "45838"),
        (12, "0.00E+00", "12"),
    ],
)  # fmt: skip
def test_a_number_is_told_as_its_cell_shows_it(value: float, code: str, shown: str) -> None:
    assert format_number(value, code) == shown


def test_formats_that_chinese_programs_know_by_number_are_dates() -> None:
    assert format_number(45838, BUILT_IN["57"]) == "2025年6月"
    assert format_number(45838, BUILT_IN["31"]) == "2025年6月30日"
    assert format_number(45838, BUILT_IN["58"]) == "6月30日"


def test_the_other_calendar_counts_from_1904() -> None:
    assert format_number(0, "yyyy-mm-dd", from_1904=True) == "1904年1月1日"
    book = workbook(
        data('<row><c s="1"><v>44376</v></c></row>'),
        styles='<cellXfs><xf/><xf numFmtId="14"/></cellXfs>',
        book='<workbookPr date1904="1"/>',
    )
    assert grid(book) == [["2025年6月30日"]]


def test_a_stored_date_is_shown_in_its_format_or_whole() -> None:
    day = datetime.fromisoformat("2025-06-30")
    assert format_date(day, "General") == "2025年6月30日"
    assert format_date(day, 'yyyy"年"m"月"') == "2025年6月"


def test_every_kind_of_value_is_read() -> None:
    runs = "<r><t>甲</t></r><r><t>乙</t></r><rPh><t>jia</t></rPh>"
    book = workbook(
        data(
            '<row><c t="s"><v>0</v></c><c t="s"><v>9</v></c><c t="b"><v>1</v></c><c/>'
            '<c t="str"><f>A1</f><v>丙_x000D_\n丁</v></c><c t="e"><v>#REF!</v></c>'
            '<c t="d"><v>2025-06-30</v></c><c t="d"><v>soon</v></c><c><v>nan</v></c></row>'
        ),
        strings=f"<si>{runs}</si>",
    )
    assert grid(book) == [["甲乙", "", "是", "", "丙\n丁", "#REF!", "2025年6月30日", "soon", "nan"]]


def test_places_may_be_told_or_counted() -> None:
    book = workbook(
        data(
            f"<row>{text('甲')}{text('乙', 'D1')}{text('丙')}</row>",
            f'<row r="5">{text("丁")}</row>',
        )
    )
    assert grid(book) == [["甲", "", "", "乙", "丙"], ["丁", "", "", "", ""]]
    table = next(block for block in book.blocks if isinstance(block, Table))
    assert [row.place for row in table.rows] == ["sheet 表0, row 1", "sheet 表0, row 5"]


def test_merged_areas_repeat_their_text_within_what_is_used() -> None:
    book = workbook(
        data(f"<row>{text('甲')}{text('乙', 'C1')}</row>", f"<row>{text('丙', 'C2')}</row>")
        + '<mergeCells><mergeCell ref="A1:B2"/><mergeCell ref="A1"/></mergeCells>'
    )
    assert grid(book) == [["甲", "<甲", "乙"], ["^甲", "^<甲", "丙"]]


def test_what_is_hidden_is_left_out_and_told() -> None:
    book = workbook(
        '<cols><col min="2" max="2" hidden="1"/></cols>'
        + data(
            f"<row>{text('甲')}{text('暗')}{text('乙')}</row>",
            f'<row hidden="1">{text("旧一")}{text("")}{text("旧二")}</row>',
            f"<row>{text('丙')}{text('')}{text('丁')}</row>",
        ),
        data(f"<row>{text('作废')}</row>"),
        states=("visible", "veryHidden"),
    )
    assert grid(book) == [["甲", "乙"], ["丙", "丁"]]
    assert told(book) == [
        ("sheet 表0, column B", "隐藏的列未读取：暗"),
        ("sheet 表0, row 2", "隐藏的行未读取：旧一｜旧二"),
        ("sheet 表1", "隐藏的工作表未读取"),
    ]


def test_a_merged_area_whose_first_row_is_hidden_shows_its_text_in_the_next() -> None:
    book = workbook(
        data(
            f'<row hidden="1">{text("甲")}{text("藏")}</row>',
            f"<row>{text('乙', 'B2')}</row>",
            f"<row>{text('丙', 'B3')}</row>",
        )
        + '<mergeCells><mergeCell ref="A1:A3"/></mergeCells>'
    )
    assert grid(book) == [["甲", "乙"], ["^甲", "丙"]]


def test_a_formula_without_a_result_is_told() -> None:
    book = workbook(data(f"<row>{text('甲')}<c><f>ROW()</f></c></row>"))
    assert told(book) == [("sheet 表0, cell B1", "公式没有保存结果，请用 Excel 或 WPS 打开并保存")]


def test_the_warnings_of_a_plan_name_what_was_left_out() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "清单"
    for row in (
        ["序号", "任务", "内容", "责任单位", "时限"],
        ["=ROW()-1", "甲", "公开甲。", "县财政局", "年底前"],
        [2, "乙", "公开乙。", "县财政局", "年底前"],
    ):
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    out = io.BytesIO()
    book.save(out)
    plan = read_plan("2024年.xlsx", out.getvalue())
    assert [task.name for task in plan.tasks] == ["甲"]
    assert [warning.where for warning in plan.warnings] == [
        "sheet 清单, row 3",
        "sheet 清单, cell A2",
    ]


def test_many_left_out_places_are_told_in_short() -> None:
    hidden = "".join(f'<row hidden="1">{text(f"旧{n}")}</row>' for n in range(80))
    assert told(workbook(data(hidden)))[-1] == ("sheet 表0, row 51", "另有30处未读取")
    assert len(told(workbook(data(hidden)))) == 51


def test_a_named_sheet_heads_its_table_and_the_strict_variant_is_read() -> None:
    book = workbook(data(f"<row>{text('甲')}</row>"), space=STRICT)
    assert [b.text for b in book.blocks if isinstance(b, Paragraph)] == ["表0"]
    assert grid(book) == [["甲"]]
