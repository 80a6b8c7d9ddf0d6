"""How fast a long table is read from each format.

The files are written by libraries (python-docx for the frame of a Word file, openpyxl for Excel)
or by hand. Writing is not measured.
"""

import asyncio
import csv
import html
import io
import time
import zipfile
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

import docx
import openpyxl

from lab.bench.figures import Figure, Goal
from lab.bench.world.engines import BenchRun
from services.ingest.extraction.plans.reading import read_plan
from shared.errors import CuibanError

_ROWS, _QUICK_ROWS = 5_000, 100
_TITLE = "云岭县2023年政务公开重点任务分解表"
_HEADER = ("序号", "任务名称", "具体内容", "责任单位", "完成时限")


def _make_rows(count: int) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [_HEADER]
    rows += [
        (
            str(number),
            f"公开第{number}类事项",
            f"编制第{number}类事项公开目录，完善公开流程，及时更新内容，接受社会监督。",
            "县财政局、县审计局等相关部门，各乡镇（街道）",
            f"2023年{number % 12 + 1}月底前",
        )
        for number in range(1, count + 1)
    ]
    return rows


def _write_text(rows: Sequence[Sequence[str]]) -> bytes:
    return "\n".join([_TITLE, *("\t".join(row) for row in rows)]).encode()


def _write_csv(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("gb18030")


def _write_html(rows: Sequence[Sequence[str]]) -> bytes:
    lines = (
        "".join(f"<td><p><span>{html.escape(cell)}</span></p></td>" for cell in row) for row in rows
    )
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    return f"<html><body><h1>{_TITLE}</h1><table>{body}</table></body></html>".encode()


def _write_xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write_docx(rows: Sequence[Sequence[str]]) -> bytes:
    """A document by python-docx, with a table as Word writes it, including its revision ids."""
    document = docx.Document()
    document.add_heading(_TITLE, 1)
    document.add_table(1, len(_HEADER))
    frame = io.BytesIO()
    document.save(frame)
    run = '<w:r w:rsidRPr="00A1B2C3"><w:rPr><w:sz w:val="21"/></w:rPr><w:t>{}</w:t></w:r>'
    cell = f'<w:tc><w:tcPr><w:tcW w:w="1700"/></w:tcPr><w:p w:rsidR="00A1B2C3">{run}</w:p></w:tc>'
    body = "".join(
        f"<w:tr>{''.join(cell.format(escape(each)) for each in row)}</w:tr>" for row in rows
    )
    out = io.BytesIO()
    with (
        zipfile.ZipFile(frame) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for entry in source.infolist():
            part = source.read(entry)
            if entry.filename == "word/document.xml":
                before, rest = part.decode().split("<w:tr>", 1)
                part = f"{before}{body}{rest.split('</w:tr>', 1)[1]}".encode()
            target.writestr(entry.filename, part)
    return out.getvalue()


def _write_pdf(rows: Sequence[Sequence[str]]) -> bytes:
    """Pages with ruled lines, 25 rows each, in a font that is not embedded."""
    widths, height = (40, 120, 500, 340, 140), 30
    pages = []
    for first in range(0, len(rows), 25):
        commands = [_draw_words(400, 820, _TITLE)] if not first else []
        y = 800
        for row in rows[first : first + 25]:
            x = 20
            for width, words in zip(widths, row, strict=True):
                commands.append(
                    f"{x} {y - height} {width} {height} re S {_draw_words(x + 3, y - 18, words)}"
                )
                x += width
            y -= height
        pages.append("\n".join(commands))
    return _join_pages(pages)


def _draw_words(x: int, y: int, words: str) -> str:
    return f"BT /F1 10 Tf {x} {y} Td <{words.encode('utf-16-be').hex()}> Tj ET"


def _join_pages(pages: Sequence[str]) -> bytes:
    ranges = [f"<{high:02X}00> <{high:02X}FF> <{high:02X}00>\n" for high in range(256)]
    codes = "".join(
        f"64 beginbfrange\n{''.join(ranges[first : first + 64])}endbfrange\n"
        for first in range(0, 256, 64)
    )
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def"
        f" /CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange\n{codes}"
        "endcmap end end"
    )
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        (
            "<< /Type /Font /Subtype /Type0 /BaseFont /F /Encoding /Identity-H /ToUnicode 4 0 R"
            " /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /F /DW 1000"
            " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>] >>"
        ),
        _make_stream(cmap),
    ]
    for number, page in enumerate(pages):
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 1190 842] /Resources << /Font"
            f" << /F1 3 0 R >> >> /Contents {6 + 2 * number} 0 R >>"
        )
        objects.append(_make_stream(page))
    body = "".join(f"{n} 0 obj\n{each}\nendobj\n" for n, each in enumerate(objects, start=1))
    return f"%PDF-1.7\n{body}trailer << /Root 1 0 R >>\n%%EOF".encode()


def _make_stream(text: str) -> str:
    return f"<< /Length {len(text)} >>\nstream\n{text}\nendstream"


_WRITERS: dict[str, Callable[[Sequence[Sequence[str]]], bytes]] = {
    "docx": _write_docx,
    "xlsx": _write_xlsx,
    "html": _write_html,
    "csv": _write_csv,
    "txt": _write_text,
    "pdf": _write_pdf,
}


async def measure_reading(run: BenchRun) -> list[Figure]:
    """Measure the CPU seconds from a file's bytes to its plan; other load does not change them.

    Raises:
        CuibanError: a row is missing in the plan.
    """
    count = _QUICK_ROWS if run.quick else _ROWS
    rows = _make_rows(count)
    figures = []
    for suffix, write in _WRITERS.items():
        content = write(rows)
        run.say(f"reading {count:,} rows of {suffix}")
        began = time.process_time()
        plan = await asyncio.to_thread(read_plan, f"2023.{suffix}", content)
        seconds = time.process_time() - began
        if [task.number for task in plan.tasks] != list(range(1, count + 1)):
            raise CuibanError(f"{len(plan.tasks)} of {count} rows were read from {suffix}.")
        name = f"a table of {_ROWS:,} rows read from {suffix}"
        goal = None if run.quick else Goal("<", 5)
        figures.append(Figure(name, seconds, "s", goal=goal, note=f"{count:,} rows; CPU time"))
    return figures
