"""Writers that put one table into every format, as office programs would."""

import csv
import html
import io
import unicodedata
from collections.abc import Callable, Sequence

import docx
import openpyxl
import pytest

Rows = Sequence[Sequence[str]]
Writer = Callable[[str, Rows], tuple[str, bytes]]


def as_text(title: str, rows: Rows) -> tuple[str, bytes]:
    def format_cell(text: str) -> str:
        parts = text.split("\n")
        return text if len(parts) == 1 else " ".join(f"<p>{part}</p>" for part in parts)

    lines = [title, "", *("\t".join(map(format_cell, row)) for row in rows)]
    return "plan.txt", "\n".join(lines).encode()


def _write_csv(title: str, rows: Rows, delimiter: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow([title] + [""] * (len(rows[0]) - 1))
    writer.writerows(rows)
    return out.getvalue()


def as_csv(title: str, rows: Rows) -> tuple[str, bytes]:
    return "plan.csv", _write_csv(title, rows, ",").encode()


def as_csv_with_mark(title: str, rows: Rows) -> tuple[str, bytes]:
    return "plan.csv", _write_csv(title, rows, ";").encode("utf-8-sig")


def as_csv_gb18030(title: str, rows: Rows) -> tuple[str, bytes]:
    return "plan.csv", _write_csv(title, rows, "\t").encode("gb18030")


def as_html(title: str, rows: Rows) -> tuple[str, bytes]:
    body = "".join(
        "<tr>" + "".join(f"<td>{_format_html_cell(text)}</td>" for text in row) + "</tr>\n"
        for row in rows
    )
    page = f"<!DOCTYPE html><html><head><meta charset='utf-8'></head><body><h1>{title}</h1>"
    return "plan.html", f"{page}<table border=1>\n{body}</table></body></html>".encode()


def _format_html_cell(text: str) -> str:
    return "".join(f"<p>{html.escape(part)}</p>\n" for part in text.split("\n"))


def as_docx(title: str, rows: Rows) -> tuple[str, bytes]:
    document = docx.Document()
    document.add_heading(title, 1)
    table = document.add_table(len(rows), len(rows[0]))
    for cells, row in zip(table.rows, rows, strict=True):
        for cell, text in zip(cells.cells, row, strict=True):
            cell.text = text.split("\n")[0]
            for part in text.split("\n")[1:]:
                cell.add_paragraph(part)
    out = io.BytesIO()
    document.save(out)
    return "plan.docx", out.getvalue()


def as_xlsx(title: str, rows: Rows) -> tuple[str, bytes]:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([title])
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(rows[0]))
    for row in rows:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return "plan.xlsx", out.getvalue()


def as_pdf(title: str, rows: Rows) -> tuple[str, bytes]:
    return "plan.pdf", Pdf().draw_table(title, rows)


class Pdf:
    """A ruled table on A3 pages, its text wrapped in its cells, rows kept whole."""

    width, height, margin, size = 1190, 842, 40, 10

    def __init__(self) -> None:
        self.pages: list[list[str]] = [[]]
        self.y = float(self.height - self.margin)

    def draw_table(self, title: str, rows: Rows) -> bytes:
        self.draw_text(300, self.y - self.size, title)
        self.y -= 3 * self.size
        widths = self._compute_widths(rows)
        for row in rows:
            self._draw_row(row, widths)
        return self.finish()

    def _compute_widths(self, rows: Rows) -> list[float]:
        longest = [
            min(400, 14 + max(_measure_width(row[i]) for row in rows)) for i in range(len(rows[0]))
        ]
        room = self.width - 2 * self.margin
        return [room * each / sum(longest) for each in longest]

    def _draw_row(self, row: Sequence[str], widths: Sequence[float]) -> None:
        wrapped = [
            [line for part in text.split("\n") for line in _wrap(part, width - 6, self.size)]
            for text, width in zip(row, widths, strict=True)
        ]
        tall = (max(map(len, wrapped)) + 0.6) * (self.size + 2)
        if self.y - tall < self.margin:
            self.start_page()
        x = float(self.margin)
        for lines, width in zip(wrapped, widths, strict=True):
            self.draw_box(x, self.y - tall, width, tall)
            for number, line in enumerate(lines, start=1):
                self.draw_text(x + 3, self.y - number * (self.size + 2), line)
            x += width
        self.y -= tall

    def start_page(self) -> None:
        self.pages.append([])
        self.y = float(self.height - self.margin)

    def draw_box(self, x: float, y: float, width: float, height: float) -> None:
        self.pages[-1].append(f"{x:.2f} {y:.2f} {width:.2f} {height:.2f} re S")

    def draw_text(self, x: float, y: float, text: str) -> None:
        codes = text.encode("utf-16-be").hex()
        self.pages[-1].append(f"BT /F1 {self.size} Tf {x:.2f} {y:.2f} Td <{codes}> Tj ET")

    def finish(self) -> bytes:
        ranges = [f"<{i:02X}00> <{i:02X}FF> <{i:02X}00>" for i in range(256)]
        chunks = [ranges[i : i + 64] for i in range(0, 256, 64)]
        cmap = (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def\n"
            "/CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
            + "\n".join(f"{len(c)} beginbfrange\n" + "\n".join(c) + "\nendbfrange" for c in chunks)
            + "\nendcmap end end"
        )
        kids = " ".join(f"{7 + 2 * i} 0 R" for i in range(len(self.pages)))
        objects = [
            "<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Count {len(self.pages)} /Kids [{kids}] >>",
            (
                "<< /Type /Font /Subtype /Type0 /BaseFont /SimSun /Encoding /Identity-H"
                " /DescendantFonts [4 0 R] /ToUnicode 6 0 R >>"
            ),
            (
                "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /SimSun /DW 1000"
                " /W [32 126 500] /FontDescriptor 5 0 R"
                " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
            ),
            (
                "<< /Type /FontDescriptor /FontName /SimSun /Flags 4 /FontBBox [0 -200 1000 900]"
                " /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 700 /StemV 80 >>"
            ),
            _format_stream(cmap),
        ]
        for number, page in enumerate(self.pages):
            objects.append(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {self.width} {self.height}]"
                f" /Resources << /Font << /F1 3 0 R >> >> /Contents {8 + 2 * number} 0 R >>"
            )
            objects.append(_format_stream("\n".join(page)))
        return _write_file(objects)


def _format_stream(text: str) -> str:
    return f"<< /Length {len(text)} >>\nstream\n{text}\nendstream"


def _write_file(objects: Sequence[str]) -> bytes:
    out = io.BytesIO(b"%PDF-1.7\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n{body}\nendobj\n".encode())
    start = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    for place in places:
        out.write(f"{place:010d} 00000 n \n".encode())
    out.write(f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\n".encode())
    out.write(f"startxref\n{start}\n%%EOF".encode())
    return out.getvalue()


def _measure_width(text: str) -> float:
    return max(sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in line)
               for line in text.split("\n")) * 5.0  # fmt: skip


def _wrap(text: str, width: float, size: float) -> list[str]:
    """Lines of a width; closing marks never begin one, so they take the character before along."""
    lines, used = [""], 0.0
    for char in text:
        advance = size if not " " <= char <= "~" else size / 2
        if used + advance > width:
            tail = ""
            while lines[-1] and (char in _CLOSING or (tail and tail[0] in _CLOSING)):
                tail = lines[-1][-1] + tail
                lines[-1] = lines[-1][:-1]
                if tail[0] not in _CLOSING:
                    break
            lines.append(tail)
            used = size * len(tail)
        lines[-1] += char
        used += advance
    return lines


_CLOSING = "。，、；：！？）”"
WRITERS: dict[str, Writer] = {
    "text": as_text,
    "csv": as_csv,
    "csv, marked, semicolons": as_csv_with_mark,
    "csv, GB18030, tabs": as_csv_gb18030,
    "html": as_html,
    "docx": as_docx,
    "xlsx": as_xlsx,
    "pdf": as_pdf,
}


Area = tuple[int, int, int]
"""A merged column of cells: the column, its first and its last row."""


def write_merged_docx(title: str, rows: Rows, areas: Sequence[Area]) -> tuple[str, bytes]:
    document = docx.Document()
    document.add_heading(title, 1)
    table = document.add_table(len(rows), len(rows[0]))
    cells = [list(row.cells) for row in table.rows]
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            if text:
                cells[number][column].text = text
    for column, first, last in areas:
        cells[first][column].merge(cells[last][column])
    out = io.BytesIO()
    document.save(out)
    return "plan.docx", out.getvalue()


def write_merged_xlsx(title: str, rows: Rows, areas: Sequence[Area]) -> tuple[str, bytes]:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([title])
    for row in rows:
        sheet.append([text or None for text in row])
    for column, first, last in areas:
        sheet.merge_cells(
            start_row=first + 2, end_row=last + 2, start_column=column + 1, end_column=column + 1
        )
    out = io.BytesIO()
    book.save(out)
    return "plan.xlsx", out.getvalue()


def write_merged_html(title: str, rows: Rows, areas: Sequence[Area]) -> tuple[str, bytes]:
    spans = {(first, column): last - first + 1 for column, first, last in areas}
    covered = {(n, c) for c, first, last in areas for n in range(first + 1, last + 1)}
    body = "".join(
        "<tr>"
        + "".join(
            f"<td rowspan={spans.get((n, c), 1)}>{_format_html_cell(text)}</td>"
            for c, text in enumerate(row)
            if (n, c) not in covered
        )
        + "</tr>\n"
        for n, row in enumerate(rows)
    )
    page = f"<html><head><meta charset='gb2312'></head><body><h1>{title}</h1><table>{body}</table>"
    return "plan.html", page.encode("gb18030")


@pytest.fixture(params=[write_merged_docx, write_merged_xlsx, write_merged_html])
def write_merged(request: pytest.FixtureRequest) -> Callable[..., tuple[str, bytes]]:
    """Each format that knows merged cells: (title, rows, areas) -> (file name, bytes)."""
    return request.param


@pytest.fixture(params=list(WRITERS))
def write(request: pytest.FixtureRequest) -> Writer:
    """Each format's writer in turn: (title, rows) -> (file name, bytes)."""
    return WRITERS[request.param]


@pytest.fixture
def writers() -> dict[str, Writer]:
    return WRITERS
