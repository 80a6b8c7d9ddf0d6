"""Writes a 通报 as a Word document, in the form of GB/T 9704-2012 (party and government documents).

Margins 37, 35, 28 and 26 mm; title in 方正小标宋 二号 (22 pt); text in 仿宋_GB2312 三号 (16 pt),
28 pt to a line, indented by two characters; headings of the first level in 黑体 三号. For a machine
without these fonts the font table names 宋体, 仿宋 and SimHei instead.
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from lxml import etree

TITLE, TEXT, HEADING, TABLE = "公文标题", "公文正文仿宋", "公文一级标题黑体", "公文表格仿宋"
_TITLE_FONT, _TEXT_FONT, _HEADING_FONT = "方正小标宋简体", "仿宋_GB2312", "黑体"
_INSTEAD = {_TITLE_FONT: "宋体", _TEXT_FONT: "仿宋", _HEADING_FONT: "SimHei"}
_FONT_TABLE = "/word/fontTable.xml"
_SECOND, _THIRD, _SMALL_FOURTH = Pt(22), Pt(16), Pt(12)
"""The sizes 二号, 三号 and 小四."""
_LINE = Pt(28)
_TEXT_WIDTH = Cm(21 - 2.8 - 2.6)
_CELL_MARGINS = Cm(0.4)
_NARROWEST = 2.5  # characters: a number of five digits
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bulletin:
    """What a 通报 says.

    Attributes:
        title: its title.
        recipients: whom it addresses, without the colon; empty for nobody.
        opening: the paragraphs before the first heading.
        head, rows: the table; the first column is text, the others are numbers.
        signature: who issues it.
        issued_on: its date.
    """

    title: str
    recipients: str
    opening: tuple[str, ...]
    sections: tuple[Section, ...]
    table_title: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    signature: str
    issued_on: date


def write_bulletin(file: BinaryIO, bulletin: Bulletin) -> None:
    """Write the document into a file, which stays open."""
    document = docx.Document()
    _set_page(document)
    _define_styles(document)
    _name_substitutes(document)
    document.core_properties.title = _clean(bulletin.title)
    document.core_properties.author = _clean(bulletin.signature)
    document.add_paragraph(_clean(bulletin.title), TITLE)
    if bulletin.recipients:
        addressed = document.add_paragraph(f"{_clean(bulletin.recipients)}：", TEXT)
        addressed.paragraph_format.first_line_indent = Pt(0)
    for paragraph in bulletin.opening:
        document.add_paragraph(_clean(paragraph), TEXT)
    for section in bulletin.sections:
        document.add_paragraph(_clean(section.heading), HEADING)
        for paragraph in section.paragraphs:
            document.add_paragraph(_clean(paragraph), TEXT)
    _add_table(document, bulletin)
    _sign(document, bulletin)
    document.save(file)


def _set_page(document: Any) -> None:  # noqa: ANN401 - python-docx has no types
    """A4 with the margins of an official document."""
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.top_margin, page.bottom_margin = Cm(3.7), Cm(3.5)
    page.left_margin, page.right_margin = Cm(2.8), Cm(2.6)


def _define_styles(document: Any) -> None:  # noqa: ANN401 - as above
    title = _define_style(document, TITLE, _TITLE_FONT, _SECOND)
    title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.paragraph_format.space_after = _LINE
    text = _define_style(document, TEXT, _TEXT_FONT, _THIRD)
    text.paragraph_format.first_line_indent = 2 * _THIRD
    text.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    heading = _define_style(document, HEADING, _HEADING_FONT, _THIRD)
    heading.paragraph_format.first_line_indent = 2 * _THIRD
    heading.paragraph_format.keep_with_next = True
    cell = _define_style(document, TABLE, _TEXT_FONT, _SMALL_FOURTH)
    cell.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE


def _define_style(document: Any, name: str, font: str, size: Pt) -> Any:  # noqa: ANN401 - as above
    """A paragraph style whose Chinese and Latin characters are in one font."""
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Normal"]
    style.quick_style = True
    style.font.name, style.font.size = font, size
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(script), font)
    layout = style.paragraph_format
    layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, _LINE
    layout.space_before = layout.space_after = Pt(0)
    return style


def _name_substitutes(document: Any) -> None:  # noqa: ANN401 - as above
    """Say in the font table what a machine takes that lacks one of the fonts."""
    part = next(each for each in document.part.package.iter_parts() if each.partname == _FONT_TABLE)
    table = etree.fromstring(part.blob)
    for name, instead in _INSTEAD.items():
        font = etree.SubElement(table, qn("w:font"), {qn("w:name"): name})
        etree.SubElement(font, qn("w:altName"), {qn("w:val"): instead})
    part._blob = etree.tostring(  # noqa: SLF001 - python-docx keeps this part as bytes
        table, xml_declaration=True, encoding="UTF-8", standalone=True
    )


def _add_table(document: Any, bulletin: Bulletin) -> None:  # noqa: ANN401 - as above
    """The table with its heading; the head row is repeated on each page.

    Rows are copies of one row: python-docx takes ten milliseconds to build each.
    """
    document.add_paragraph(bulletin.table_title, HEADING)
    table = document.add_table(rows=0, cols=len(bulletin.head), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for column, width in zip(table.columns, _list_widths(bulletin.head), strict=True):
        column.width = width
    head = _add_row(table, bulletin.head, bold=True)
    properties = head._tr.get_or_add_trPr()  # noqa: SLF001 - python-docx has no name for it
    properties.append(properties.makeelement(qn("w:tblHeader"), {}))
    pattern = _add_row(table, bulletin.head, bold=None)._tr  # noqa: SLF001 - to be copied
    table._tbl.remove(pattern)  # noqa: SLF001 - likewise
    for row in bulletin.rows:
        copy = deepcopy(pattern)
        for text, value in zip(copy.iter(qn("w:t")), row, strict=True):
            text.text = _clean(value)
        table._tbl.append(copy)  # noqa: SLF001 - likewise


def _list_widths(head: Sequence[str]) -> list[int]:
    """The widths of the columns: each number's that of its heading, the rest for the first."""
    numbers = [
        int(max(len(heading), _NARROWEST) * _SMALL_FOURTH) + _CELL_MARGINS for heading in head[1:]
    ]
    return [_TEXT_WIDTH - sum(numbers), *numbers]


def _add_row(table: Any, cells: Sequence[str], *, bold: bool | None) -> Any:  # noqa: ANN401 - as above
    """A row; all cells of a bold one are centred, else all but the first."""
    row = table.add_row()
    for place, (cell, value) in enumerate(zip(row.cells, cells, strict=True)):
        paragraph = cell.paragraphs[0]
        paragraph.style = TABLE
        paragraph.add_run(value).bold = bold
        if bold or place > 0:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    return row


def _sign(document: Any, bulletin: Bulletin) -> None:  # noqa: ANN401 - as above
    """Who issued it, and the date below: at the right, the date in from the edge."""
    day = bulletin.issued_on
    document.add_paragraph("", TEXT)
    for line in (_clean(bulletin.signature), f"{day.year}年{day.month}月{day.day}日"):
        paragraph = document.add_paragraph(line, TEXT)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        paragraph.paragraph_format.right_indent = 2 * _THIRD
        paragraph.paragraph_format.keep_together = True


def _clean(text: str) -> str:
    """A text without what XML can't hold."""
    return _CONTROL.sub(" ", text)
