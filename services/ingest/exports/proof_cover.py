"""Writes the cover of a proof of notice as a PDF that people read.

The font is 宋体 by the name that PDF defines for it (STSong-Light, with Adobe's map UniGB-UCS2-H):
it is not in the file, and every reader of Chinese PDF files has one that stands for it. The same
cover gives the same bytes: nothing is compressed, and the file has no time of its own.
"""

import io
import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, Spacer

from services.ingest.exports.cover import ProofCover

_FONT = "STSong-Light"
_WIDTH = 170 * mm
_LINE = HexColor(0x999999)
_UNSHOWN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BEYOND = re.compile(r"[\U00010000-\U0010ffff]")
"""Characters that the font's map does not have; 〓 stands for each, as in print."""


def write_cover(cover: ProofCover) -> bytes:
    """The PDF file of a cover."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    file = io.BytesIO()
    margins = {"leftMargin": 20 * mm, "rightMargin": 20 * mm}
    document = SimpleDocTemplate(
        file, pagesize=A4, title=cover.title, invariant=1, pageCompression=0, **margins
    )
    document.build(list(_list_parts(cover)))
    return file.getvalue()


def _list_parts(cover: ProofCover) -> Iterator[Flowable]:
    yield _write(cover.title, 22, alignment=TA_CENTER, spaceAfter=8 * mm)
    yield _draw_table(None, cover.facts, (3, 14))
    for table in cover.tables:
        yield _write(table.heading, 14, spaceBefore=7 * mm, spaceAfter=2 * mm)
        names = tuple(name for name, _ in table.columns)
        yield _draw_table(names, table.rows, tuple(width for _, width in table.columns))
    yield Spacer(0, 6 * mm)
    for note in cover.notes:
        yield _write(note, 10.5, spaceAfter=2 * mm)


def _draw_table(
    names: tuple[str, ...] | None, rows: Sequence[tuple[str, ...]], widths: tuple[int, ...]
) -> Flowable:
    """A table with lines; its names are at the head of each page."""
    unit = _WIDTH / sum(widths)
    lines = [*([names] if names else []), *rows]
    return LongTable(
        [[_write(cell, 9) for cell in line] for line in lines],
        colWidths=[width * unit for width in widths],
        repeatRows=1 if names else 0,
        style=[("GRID", (0, 0), (-1, -1), 0.4, _LINE), ("VALIGN", (0, 0), (-1, -1), "TOP")],
    )


def _write(text: str, size: float, **options: float) -> Paragraph:
    """A paragraph that may break between any two Chinese characters."""
    style = ParagraphStyle(
        f"{_FONT} {size}", fontName=_FONT, fontSize=size, leading=1.5 * size, wordWrap="CJK"
    )
    for name, value in options.items():
        setattr(style, name, value)
    return Paragraph(escape(_BEYOND.sub("〓", _UNSHOWN.sub("", text))), style)
