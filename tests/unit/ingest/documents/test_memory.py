"""Whatever is sent, reading it stays within 500 MB and within seconds: measured in a process."""

import io
import json
import random
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from services.ingest.settings import IngestSettings

LIMIT_MB = 500
LIMIT_SECONDS = IngestSettings().reading_time / timedelta(seconds=1)
"""Of CPU: after so many the service gives up. A quiet machine takes a twentieth of it at most."""

READ = """
import json, os, resource, sys, time
from services.ingest.documents.errors import DocumentError
from services.ingest.extraction.plans.reading import read_plan
data = open(sys.argv[1], "rb").read()
began = time.process_time()
try:
    answer = f"plan of {len(read_plan(sys.argv[2], data).tasks)}"
except DocumentError as error:
    answer = str(error.code)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
if os.path.exists("/proc/self/status"):  # Linux counts what the caller held before this began
    status = open("/proc/self/status").read()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps([answer, peak, time.process_time() - began]))
"""
WORD = (
    b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
)
WORD_END = b"</w:body></w:document>"
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEADER = ["序号", "任务名称", "具体内容", "责任单位", "完成时限"]
ROW = ["1", "甲", "公开目录，完善流程。", "县财政局", "年底前"]


def packed(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def word(*parts: bytes) -> bytes:
    return packed(**{"word/document.xml": b"".join((WORD, *parts, WORD_END))})


def excel(sheet: bytes, strings: bytes = b"") -> bytes:
    book = b'<sheets><sheet name="a" r:id="r1"/></sheets>'
    relations = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="r1" Type="%b/worksheet" Target="s.xml"/>'
        b'<Relationship Id="r2" Type="%b/sharedStrings" Target="t.xml"/></Relationships>'
    ) % (OFFICE, OFFICE)
    return packed(
        **{
            "xl/workbook.xml": b'<workbook xmlns="%b" xmlns:r="%b">%b</workbook>'
            % (MAIN, OFFICE, book),
            "xl/_rels/workbook.xml.rels": relations,
            "xl/s.xml": b'<worksheet xmlns="%b">%b</worksheet>' % (MAIN, sheet),
            "xl/t.xml": b'<sst xmlns="%b">%b</sst>' % (MAIN, strings),
        }
    )


def rows_of_word(count: int) -> bytes:
    def line(cells: list[str]) -> str:
        return "".join(f"<w:tc><w:p><w:r><w:t>{c}</w:t></w:r></w:p></w:tc>" for c in cells)

    body = f"<w:tr>{line(ROW)}</w:tr>" * count
    return word(f"<w:tbl><w:tr>{line(HEADER)}</w:tr>{body}</w:tbl>".encode())


def rows_as_word_writes_them(count: int) -> bytes:
    """Each cell in three runs, with fonts, sizes and the marks of four editors."""
    look = (
        '<w:rPr><w:rFonts w:ascii="仿宋" w:eastAsia="仿宋" w:hAnsi="仿宋" w:hint="eastAsia"/>'
        '<w:color w:val="000000"/><w:kern w:val="0"/><w:sz w:val="21"/><w:szCs w:val="21"/></w:rPr>'
    )
    marks = 'w:rsidR="00A1B2C3" w:rsidRDefault="00A1B2C3" w:rsidP="00A1B2C3" w14:paraId="1A2B3C4D"'

    def cell(text: str) -> str:
        cut = len(text) // 2
        runs = "".join(
            f'<w:r w:rsidRPr="00A1B2C3">{look}<w:t xml:space="preserve">{part}</w:t></w:r>'
            for part in (text[:cut], text[cut : cut + 1], text[cut + 1 :])
        )
        paragraph = f'<w:pPr><w:widowControl/><w:jc w:val="left"/>{look}</w:pPr>{runs}'
        shape = '<w:tcPr><w:tcW w:w="1700" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>'
        return f"<w:tc>{shape}<w:p {marks}>{paragraph}</w:p></w:tc>"

    def line(cells: list[str]) -> str:
        return f'<w:tr w:rsidR="00A1B2C3">{"".join(map(cell, cells))}</w:tr>'

    w14 = b' xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml">'
    body = f"<w:tbl>{line(HEADER)}{line(ROW) * count}</w:tbl>".encode()
    main = WORD.replace(b"><w:body>", w14 + b"<w:body>") + body + WORD_END
    return packed(**{"word/document.xml": main})


def styled_to_the_last_row() -> bytes:
    rows = b"".join(b'<row r="%d" s="1" customFormat="1"/>' % n for n in range(1, 1_048_577))
    return excel(b'<dimension ref="A1:XFD1048576"/><sheetData>' + rows + b"</sheetData>")


def a_zip_of_many() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(150_000):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")
    return out.getvalue()


def a_zip_in_a_zip() -> bytes:
    inner = packed(a=bytes(30_000_000))
    for _ in range(3):
        inner = packed(**{f"{n}.zip": inner for n in range(10)})
    return packed(**{"word/document.xml": inner})


def a_lying_zip() -> bytes:
    """Its directory says that the document has ten bytes."""
    data = word(b"<w:p/>" * 5_000_000)
    size = (len(WORD) + len(WORD_END) + 6 * 5_000_000).to_bytes(4, "little")
    return data.replace(size, (10).to_bytes(4, "little"))


def pdf(drawn: bytes, count: int = 1) -> bytes:
    kids = b"3 0 R " * count
    return (
        b"%%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Count %d /Kids [%b] >>\nendobj\n"
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>\nendobj\n"
        b"4 0 obj\n<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream\nendobj\n"
        b"trailer << /Root 1 0 R >>\n%%%%EOF"
    ) % (count, kids, len(drawn), drawn)


def flat(chunk: bytes, times: int) -> bytes:
    packer = zlib.compressobj()
    return b"".join([*(packer.compress(chunk) for _ in range(times)), packer.flush()])


NOISE = random.Random(7)  # noqa: S311 - the same in every run
FILES: list[tuple[str, str, Callable[[], bytes], str]] = [
    ("8,000 rows of Word", "a.docx", lambda: rows_of_word(8_000), "plan of 8000"),
    ("5,000 rows as Word writes them", "a.docx", lambda: rows_as_word_writes_them(5_000),
     "plan of 5000"),
    ("a styled sheet to its last row", "a.xlsx", styled_to_the_last_row, "not-a-plan"),
    ("1,500,000 cells in a row", "a.xlsx",
     lambda: excel(b"<sheetData><row>" + b'<c s="1"/>' * 1_500_000 + b"</row></sheetData>"),
     "not-a-plan"),
    ("one long text in every cell", "a.xlsx",
     lambda: excel(b"<sheetData>" + (b"<row>" + b'<c t="s"><v>0</v></c>' * 20 + b"</row>") * 15_000
                   + b"</sheetData>", b"<si><t>" + "公".encode() * 9_999 + b"</t></si>"),
     "too-large"),
    ("merged areas over merged areas", "a.xlsx",
     lambda: excel(b"<sheetData>" + b"<row><c><v>1</v></c></row>" * 20_000 + b"</sheetData>"
                   b"<mergeCells>" + b'<mergeCell ref="A1:BL20000"/>' * 100_000 + b"</mergeCells>"),
     "too-many-rows"),
    ("merged areas over hidden rows", "a.xlsx",
     lambda: excel(b"<sheetData>" + b'<row hidden="1"/>' * 300_000 + b"</sheetData><mergeCells>"
                   + b'<mergeCell ref="A1:A300001"/>' * 100_000 + b"</mergeCells>"),
     "not-a-plan"),
    ("the most tags", "a.docx", lambda: word(b"<w:p/>" * 2_900_000), "too-many-rows"),
    ("tags with attributes", "a.docx",
     lambda: word(b'<w:p w:a="1" w:b="2" w:c="3"/>' * 1_000_000), "too-many-rows"),
    ("a web page of attributes", "a.html",
     lambda: b"<table>" + b"<tr><td a=1 b=2 c=3>1" * 450_000, "too-many-rows"),
    ("a web page of paragraphs", "a.html", lambda: b"<html>" + b"<p>x" * 850_000, "too-many-rows"),
    ("a web page of declarations", "a.html", lambda: b"<html>" + b"<!DOCTYPE" * 800_000,
     "not-a-plan"),
    ("millions of lines", "a.txt", lambda: b"x\n" * 4_000_000, "too-many-rows"),
    ("millions of quotes", "a.csv", lambda: b'"a\n' * 2_000_000, "broken"),
    ("100,000 rows", "a.csv", lambda: (",".join(ROW) + "\n").encode() * 100_000, "too-many-rows"),
    ("50 MB", "a.pdf", lambda: b"%PDF-1.7\n" + bytes(50_000_000), "too-large"),
    ("an archive of many", "a.docx", a_zip_of_many, "too-large"),
    ("archives in archives", "a.docx", a_zip_in_a_zip, "broken"),
    ("an archive that lies", "a.docx", a_lying_zip, "broken"),
    ("blanks without end", "a.pdf", lambda: pdf(flat(b" " * 1_000_000, 1_000)), "too-large"),
    ("lines without end", "a.pdf", lambda: pdf(flat(b"0 0 m 9 9 l S\n" * 10_000, 200)),
     "too-large"),
    ("a drawing on 100 pages", "a.pdf",
     lambda: pdf(flat(b"0 0 m 9 9 l S\n" * 1_000, 10), 100), "scanned-image"),
    ("squared paper", "a.pdf",
     lambda: pdf(flat(b"".join(b"%d 0 m %d 5999 l S 0 %d m 5999 %d l S\n" % (n, n, n, n)
                               for n in range(0, 5_970, 3)), 1)), "scanned-image"),
    ("a row of wide cells", "a.docx",
     lambda: word(b"<w:tbl><w:tr>" + b'<w:tc><w:tcPr><w:gridSpan w:val="999"/></w:tcPr></w:tc>'
                  * 300_000 + b"</w:tr></w:tbl>"), "too-many-rows"),
    ("noise", "a.docx", lambda: b"PK\x03\x04" + NOISE.randbytes(5_000_000), "broken"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "make", "expected"), [f[1:] for f in FILES], ids=[f[0] for f in FILES]
)
def test_a_file_is_answered_within_memory_and_time(
    tmp_path: Path, name: str, make: Callable[[], bytes], expected: str
) -> None:
    place = tmp_path / "file"
    place.write_bytes(make())
    done = subprocess.run(  # noqa: S603 - our own code in a process of its own
        [sys.executable, "-c", READ, str(place), name], capture_output=True, text=True, check=True
    )
    answer, peak, seconds = json.loads(done.stdout)
    assert answer == expected
    assert peak < LIMIT_MB
    assert seconds < LIMIT_SECONDS
