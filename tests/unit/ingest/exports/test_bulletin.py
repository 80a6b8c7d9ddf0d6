"""A 通报 has the form of an official document: page, fonts, sizes, table, signature and date."""

import io
from dataclasses import replace
from datetime import date

import docx
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from services.ingest.exports.bulletin import Bulletin, Section, write_bulletin

BULLETIN = Bulletin(
    title="关于2023年政务公开重点任务办理情况的通报",
    recipients="各责任单位",
    opening=("现将办理情况通报如下。",),
    sections=(Section("一、总体情况", ("应办3项。",)),),
    table_title="附表：办理情况统计",
    head=("责任单位", "应办"),
    rows=(("县财政局", "3"), ("=1+1", "0")),
    signature="盐亭县政务公开办",
    issued_on=date(2023, 12, 31),
)


def read():
    file = io.BytesIO()
    write_bulletin(file, BULLETIN)
    file.seek(0)
    return docx.Document(file)


def font_of(paragraph):
    fonts = paragraph.style.element.rPr.rFonts
    return fonts.get(qn("w:eastAsia")), paragraph.style.font.size


def test_title_text_and_headings_have_the_fonts_and_sizes_of_the_standard():
    title, addressed, opening, heading, *_ = read().paragraphs
    assert (title.text, font_of(title)) == (BULLETIN.title, ("方正小标宋简体", Pt(22)))
    assert addressed.text == "各责任单位："
    assert font_of(opening) == ("仿宋_GB2312", Pt(16))
    assert opening.style.paragraph_format.first_line_indent == Pt(32)
    assert (heading.text, font_of(heading)) == ("一、总体情况", ("黑体", Pt(16)))
    assert "仿宋" in opening.style.name
    assert "黑体" in heading.style.name


def test_the_page_is_a4_with_the_margins_of_the_standard():
    page = read().sections[0]
    assert (round(page.page_width.cm, 1), round(page.page_height.cm, 1)) == (21.0, 29.7)
    assert abs(page.top_margin - Cm(3.7)) < Cm(0.01)
    assert abs(page.left_margin - Cm(2.8)) < Cm(0.01)


def test_the_table_has_a_head_that_is_repeated_and_a_row_for_each_row():
    (table,) = read().tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["责任单位", "应办"],
        ["县财政局", "3"],
        ["=1+1", "0"],
    ]
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None


def test_the_name_of_a_unit_has_the_room_that_the_numbers_leave():
    (table,) = read().tables
    names, numbers = (column.width for column in table.columns)
    assert abs(names + numbers - Cm(15.6)) < Cm(0.01)
    assert Cm(1.2) < numbers < Cm(1.5)
    assert [[cell.width for cell in row.cells] for row in table.rows] == [[names, numbers]] * 3


def test_the_signature_and_the_date_end_the_document():
    document = read()
    assert [line.text for line in document.paragraphs[-2:]] == [
        "盐亭县政务公开办",
        "2023年12月31日",
    ]
    assert document.core_properties.author == "盐亭县政务公开办"


def test_a_machine_without_the_fonts_is_told_what_to_take():
    parts = read().part.package.iter_parts()
    (table,) = [part.blob.decode() for part in parts if part.partname == "/word/fontTable.xml"]
    assert '<w:font w:name="仿宋_GB2312"><w:altName w:val="仿宋"/></w:font>' in table


def test_a_text_that_xml_cant_hold_and_a_thousand_rows_are_written():
    rows = tuple((f"第{n}单位\x0b\ud800<b>&", str(n)) for n in range(1000))
    file = io.BytesIO()
    write_bulletin(file, replace(BULLETIN, title="标题\x00", rows=rows))
    (table,) = docx.Document(file).tables
    assert len(table.rows) == 1001
    assert table.rows[-1].cells[0].text == "第999单位  <b>&"
