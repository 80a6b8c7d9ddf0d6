"""What a person who opens the file does not see as valid is left out, and told."""

import io
import zipfile

import docx
import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Font

from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.reading import read_plan

TITLE = "临江县2024年政务公开工作任务分解表"
HEAD = ["序号", "任务名称", "具体内容", "责任单位", "完成时限"]
GONE = ["1", "甲", "编旧目录。", "县财政局", "3月底前"]
KEPT = ["2", "乙", "建专栏。", "县教育局", "9月底前"]
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


def check(plan: ParsedPlan, word: str) -> None:
    """Only the second row is owed, and a warning tells of the first."""
    texts = [m.text for task in plan.tasks for m in task.measures]
    assert texts == ["建专栏。"]
    assert any(word in w.message and "编旧目录" in w.message for w in plan.warnings)


def in_word(mark: str, *, style: str = "", row: str = "") -> ParsedPlan:
    """The first row's runs with run properties `mark`, or the row itself with `row`."""

    def cells(texts: list[str], run: str) -> str:
        return "".join(
            f"<w:tc><w:p><w:r><w:rPr>{run}</w:rPr><w:t>{text}</w:t></w:r></w:p></w:tc>"
            for text in texts
        )

    rows = [(HEAD, "", ""), (GONE, mark, row), (KEPT, "", "")]
    table = "".join(f"<w:tr><w:trPr>{p}</w:trPr>{cells(t, m)}</w:tr>" for t, m, p in rows)
    body = f"<w:p><w:r><w:t>{TITLE}</w:t></w:r></w:p><w:tbl>{table}</w:tbl>"
    out = io.BytesIO(saved(docx.Document()))
    parts = {name: zipfile.ZipFile(out).read(name) for name in zipfile.ZipFile(out).namelist()}
    parts["word/document.xml"] = (
        f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'.encode()
    )
    styles = parts["word/styles.xml"].decode()
    parts["word/styles.xml"] = styles.replace("</w:styles>", f"{style}</w:styles>").encode()
    return read_plan("plan.docx", packed(parts))


def packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


STYLE = (
    '<w:style w:type="character" w:styleId="Base"><w:rPr>{}</w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Gone"><w:basedOn w:val="Base"/></w:style>'
)


@pytest.mark.parametrize(
    ("mark", "style", "word"),
    [
        ("<w:strike/>", "", "删除线"),
        ('<w:dstrike w:val="1"/>', "", "删除线"),
        ("<w:vanish/>", "", "隐藏"),
        ('<w:rStyle w:val="Gone"/>', STYLE.format("<w:strike/>"), "删除线"),
        ('<w:rStyle w:val="Gone"/>', STYLE.format("<w:vanish/>"), "隐藏"),
    ],
)
def test_struck_and_hidden_words_of_a_word_file_are_told(mark: str, style: str, word: str) -> None:
    check(in_word(mark, style=style), word)


def test_a_hidden_row_of_a_word_file_is_told() -> None:
    check(in_word("", row="<w:hidden/>"), "隐藏")


def test_a_strike_that_is_switched_off_is_none() -> None:
    plan = in_word('<w:strike w:val="0"/>')
    assert [task.number for task in plan.tasks] == [1, 2]


@pytest.mark.parametrize(
    ("kind", "label"), [("footnote", "脚注"), ("endnote", "尾注"), ("comment", "批注")]
)
def test_notes_of_a_word_file_are_told(kind: str, label: str) -> None:
    rule = "未注明时限的任务，均应于2024年11月底前完成。"
    document = docx.Document()
    document.add_paragraph(TITLE)
    table = document.add_table(0, 5)
    for texts in (HEAD, KEPT):
        for cell, text in zip(table.add_row().cells, texts, strict=True):
            cell.text = text
    source = zipfile.ZipFile(io.BytesIO(saved(document)))
    parts = {name: source.read(name) for name in source.namelist()}
    parts[f"word/{kind}s.xml"] = (
        f'<w:{kind}s xmlns:w="{W}"><w:{kind} w:type="separator" w:id="0"><w:p/></w:{kind}>'
        f'<w:{kind} w:id="2"><w:p><w:r><w:t>{rule}</w:t></w:r></w:p></w:{kind}></w:{kind}s>'
    ).encode()
    relations = parts["word/_rels/document.xml.rels"].decode()
    one = f'<Relationship Id="n1" Type="{OFFICE}/{kind}s" Target="{kind}s.xml"/></Relationships>'
    parts["word/_rels/document.xml.rels"] = relations.replace("</Relationships>", one).encode()
    plan = read_plan("plan.docx", packed(parts))
    assert f"{label}：{rule}" in [warning.message for warning in plan.warnings]


def test_a_word_file_that_only_wraps_another_is_refused_with_that_cause() -> None:
    document = docx.Document()
    document.add_paragraph(TITLE)
    source = zipfile.ZipFile(io.BytesIO(saved(document)))
    parts = {name: source.read(name) for name in source.namelist()}
    chunk = f'<w:altChunk xmlns:r="{OFFICE}" r:id="c1"/><w:sectPr'
    parts["word/document.xml"] = (
        parts["word/document.xml"].decode().replace("<w:sectPr", chunk, 1).encode()
    )
    with pytest.raises(DocumentError) as caught:
        read_plan("plan.docx", packed(parts))
    assert caught.value.code is DocumentFault.EMBEDDED
    assert "Word" in caught.value.message
    assert "另存" in caught.value.message


def book(fill: object) -> ParsedPlan:
    file = openpyxl.Workbook()
    sheet = file.active
    sheet.append([TITLE])
    for each in (HEAD, GONE, KEPT):
        sheet.append(each)
    fill(sheet)  # type: ignore[operator]
    return read_plan("plan.xlsx", saved(file))


def test_struck_cells_of_a_sheet_are_told() -> None:
    def strike(sheet: object) -> None:
        for cell in sheet[3]:  # type: ignore[index]
            cell.font = Font(strike=True)

    check(book(strike), "删除线")


def test_struck_words_in_a_cell_are_left_out() -> None:
    def strike(sheet: object) -> None:
        words = TextBlock(InlineFont(strike=True), "3月底前")
        sheet["E3"] = CellRichText([words, "6月底前"])  # type: ignore[index]

    plan = book(strike)
    assert [str(day) for day in plan.tasks[0].measures[0].due] == ["2024-06-30"]
    assert any("3月底前" in warning.message for warning in plan.warnings)


def test_comments_of_a_sheet_are_told() -> None:
    def remark(sheet: object) -> None:
        sheet["E4"].comment = Comment("县教育局改为县文旅局", "甲")  # type: ignore[index]

    assert any("批注：" in w.message and "县文旅局" in w.message for w in book(remark).warnings)


@pytest.mark.parametrize(
    ("sheet", "mark", "word"),
    [
        ("", "<tr style='text-decoration: line-through'>", "删除线"),
        ("", "<tr style='display:none'>", "隐藏"),
        ("", "<tr style='visibility: hidden'>", "隐藏"),
        ("", "<tr hidden>", "隐藏"),
        (".gone{text-decoration:line-through}", "<tr class='x gone'>", "删除线"),
        ("tr.gone td{display:none}", "<tr class=gone>", "隐藏"),
        ("#old{visibility:hidden}", "<tr id=old>", "隐藏"),
        (
            "/* x */ .a, .gone{color:red;text-decoration: line-through red}",
            "<tr class=gone>",
            "删除线",
        ),
    ],
)
def test_rows_of_a_page_that_are_struck_or_hidden_are_told(
    sheet: str, mark: str, word: str
) -> None:
    rows = "".join(
        f"{opens}{''.join(f'<td>{text}</td>' for text in texts)}</tr>"
        for opens, texts in (("<tr>", HEAD), (mark, GONE), ("<tr>", KEPT))
    )
    page = (
        f"<html><head><style>{sheet}</style></head><body><h1>{TITLE}</h1>"
        f"<table>{rows}</table></body>"
    )
    check(read_plan("plan.html", page.encode()), word)


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        ("@media print{.gone{display:none}}", "<td class=gone>9月底前</td>"),
        (".other{display:none}", "<td class=gone>9月底前</td>"),
        ("", "<td><s>3月底前</s>9月底前</td>"),
        ("", "<td><del>3月底前</del>9月底前</td>"),
        ("", "<td><span style='text-decoration:line-through'>3月底前</span>9月底前</td>"),
    ],
)
def test_words_of_a_page_that_are_seen_are_read(sheet: str, words: str) -> None:
    head = "".join(f"<td>{text}</td>" for text in HEAD)
    row = "".join(f"<td>{text}</td>" for text in KEPT[:4])
    page = (
        f"<html><head><style>{sheet}</style></head><body><h1>{TITLE}</h1>"
        f"<table><tr>{head}</tr><tr>{row}{words}</tr></table></body>"
    )
    ((found,),) = (task.measures for task in read_plan("plan.html", page.encode()).tasks)
    assert [str(day) for day in found.due] == ["2024-09-30"]
