"""Web pages, CSV and text: spans, layouts, encodings, delimiters, quotes and line numbers."""

import codecs

import pytest

from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.files import read_document
from services.ingest.documents.grid import Document, Paragraph, Row, Table

ROWS = "序号,任务,内容\n1,甲,公开甲。\n2,乙,公开乙。\n"
READ = [["序号", "任务", "内容"], ["1", "甲", "公开甲。"], ["2", "乙", "公开乙。"]]


def rows(document: Document) -> list[Row]:
    return [row for block in document.blocks if isinstance(block, Table) for row in block.rows]


def grid(document: Document) -> list[list[str]]:
    return [
        [f"{'^' * cell.above}{'<' * cell.left}{cell.text}" for cell in row.cells]
        for row in rows(document)
    ]


def said(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Paragraph)]


def page(body: str, encoding: str = "utf-8", charset: str = "") -> Document:
    meta = f"<meta http-equiv=Content-Type content='text/html; charset={charset or encoding}'>"
    return read_document("a.htm", f"<html><head>{meta}</head>{body}</html>".encode(encoding))


def test_spans_repeat_a_cells_text_and_say_so() -> None:
    document = page(
        "<table><tr><td rowspan=2 colspan=2>甲<td>乙<tr><td>丙<tr><td>丁<td>戊<td>己</table>"
    )
    assert grid(document) == [["甲", "<甲", "乙"], ["^甲", "^<甲", "丙"], ["丁", "戊", "己"]]


def test_a_span_that_says_a_hundred_means_all() -> None:
    document = page(
        "<table><tr><td colspan=100>某县任务表<tr><td>甲<td>乙<tr><td rowspan=0>丙<td>丁</table>"
    )
    assert grid(document) == [["某县任务表", "<某县任务表"], ["甲", "乙"], ["丙", "丁"]]


@pytest.mark.parametrize("charset", ["gb2312", "gbk", "utf-8", "utf-16"])
def test_an_encoding_is_told_by_the_bytes_whatever_the_page_says(charset: str) -> None:
    for encoding in ("gb18030", "utf-8", "utf-16"):
        document = page("<table><tr><td>县财政局<td>喆&nbsp;&amp;&#20844;", encoding, charset)
        assert grid(document) == [["县财政局", "喆 &公"]]


def test_lines_paragraphs_and_items_of_a_cell_stay_apart() -> None:
    document = page(
        "<table><tr><td>甲<br>乙<p>丙</p>\n <div>丁  戊</div><td><ul><li>己<li>庚</ul></table>"
    )
    assert grid(document) == [["甲\n乙\n丙\n丁 戊", "己\n\n庚"]]


def test_a_table_inside_becomes_lines_and_one_that_places_things_is_looked_through() -> None:
    inner = "<table><tr><td>子<td>丑<tr><td>寅<td>卯</table>"
    assert grid(page(f"<table><tr><td>甲<td>乙<td>{inner}</table>")) == [
        ["甲", "乙", "子 丑\n寅 卯"]
    ]
    placed = page(f"<table><tr><td>首页<td>{inner}</table>")
    assert (said(placed), grid(placed)) == (["首页"], [["子", "丑"], ["寅", "卯"]])


def test_rows_within_forms_are_seen_and_hidden_ones_are_not() -> None:
    document = page(
        "<table><form><tbody><tr><form><td>甲<td>乙</form></tr></tbody></form>"
        "<tr style='display: none'><td>旧<td>旧<tr hidden><td>旧<td>旧"
        "<tr><td>丙<td style='DISPLAY:none'>暗<td>丁</table>"
    )
    assert grid(document) == [["甲", "乙"], ["丙", "丁"]]


def test_numbers_that_word_writes_for_its_own_eyes_are_kept_and_comments_are_not() -> None:
    document = page(
        "<table><tr><td><p><![if !supportLists]><span>1.</span><![endif]>公开。</p>"
        "<td><!--[if gte mso 9]><p>旧</p><![endif]-->甲<script>x()</script></table>"
    )
    assert grid(document) == [["1.公开。", "甲"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a"])
def test_rows_are_read_in_any_encoding_delimiter_and_under_any_name(
    encoding: str, delimiter: str, name: str
) -> None:
    data = ROWS.replace(",", delimiter).encode(encoding)
    assert grid(read_document(name, data)) == READ


def test_big_endian_text_with_a_mark_is_read() -> None:
    data = codecs.BOM_UTF16_BE + ROWS.replace(",", "\t").encode("utf-16-be")
    assert grid(read_document("a.txt", data)) == READ


def test_quoted_cells_hold_line_breaks_delimiters_and_quotes() -> None:
    data = 'a,"甲\r\n乙","说""好"",再做"\r\nb,丙,丁\r\n'.encode()
    document = read_document("a.csv", data)
    assert grid(document) == [["a", "甲\n乙", '说"好",再做'], ["b", "丙", "丁"]]
    assert [row.place for row in rows(document)] == ["row 1", "row 2"]


def test_a_hint_of_the_spreadsheets_own_names_the_delimiter() -> None:
    assert grid(read_document("a.csv", "sep=;\n甲,乙;丙\n丁;戊\n".encode())) == [
        ["甲,乙", "丙"],
        ["丁", "戊"],
    ]


def test_a_quote_that_nobody_closes_is_told_with_its_line() -> None:
    with pytest.raises(DocumentError) as caught:
        read_document("a.csv", 'a,b\n1,"甲\n2,乙\n3,丙\n'.encode())
    assert caught.value.code is DocumentFault.BROKEN
    assert "line 4" in caught.value.detail


def test_a_character_that_a_cut_tore_does_not_make_the_rest_unreadable() -> None:
    data = ("序号\t任务\n" + "一\t公开甲。\n" * 100).encode()[:-2] + b"\n"
    document = read_document("a.txt", data)
    assert grid(document)[1:3] == [["一", "公开甲。"]] * 2
    assert grid(document)[-1] == ["一", "公开甲\ufffd"]


def test_pages_of_text_keep_the_numbers_of_their_lines() -> None:
    text = '某县任务表\n一\t"甲\n乙"\t丙\n- 1 -\f二\t丁\t戊\n第 2 页 共 3 页\n三\t己\t庚\n'
    document = read_document("a.txt", text.encode())
    assert grid(document) == [["一", "甲\n乙", "丙"], ["二", "丁", "戊"], ["三", "己", "庚"]]
    assert [row.place for row in rows(document)] == ["line 2", "line 4", "line 6"]
    assert [row.after_break for row in rows(document)] == [False, True, True]


def test_columns_may_stand_between_pipes_or_wide_gaps() -> None:
    pipes = "| 序号 | 任务 | 内容 |\n|---|---|---|\n| 1 | 甲 | 公开甲。 |\n| 2 | 乙 | 公开乙。 |\n"
    gaps = "序号  任务  内容\n1  甲  公开甲。\n2  乙  公开乙。\n"
    assert grid(read_document("a.md", pipes.encode())) == READ
    assert grid(read_document("a.txt", gaps.encode())) == READ


def test_prose_without_a_suffix_stays_prose() -> None:
    text = "各单位：\n1.做好公开。（县财政局牵头，6月底前）\n2.加强监督。\n"
    assert said(read_document("plan", text.encode())) == text.split()


@pytest.mark.parametrize(
    ("head", "fault"),
    [
        (b"\xef\xbb\xbf<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?><Workbook>",
         DocumentFault.UNSUPPORTED),
        (b"<?xml version='1.0'?><pkg:package><table>", DocumentFault.UNSUPPORTED),
        (b"From: <Saved by Blink>\r\n", DocumentFault.UNSUPPORTED),
        (b"\0\0\0\x18ftypheic", DocumentFault.SCANNED),
        (b"BM\x9a\x10\x00\x00\x00\x00\x00\x00", DocumentFault.SCANNED),
    ],
)  # fmt: skip
def test_other_kinds_of_files_are_known_by_how_they_begin(
    head: bytes, fault: DocumentFault
) -> None:
    with pytest.raises(DocumentError) as caught:
        read_document("a.docx", head + b"x" * 100)
    assert caught.value.code is fault


def test_words_that_look_like_a_signature_are_words() -> None:
    for text in ("BM,甲,乙\n1,丙,丁\n2,戊,己\n", "PK,甲,乙\n1,丙,丁\n2,戊,己\n"):
        assert len(grid(read_document("a.csv", text.encode()))) == 3
