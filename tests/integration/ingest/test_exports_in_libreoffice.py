"""The exported files open in LibreOffice, and no text of theirs becomes a formula there."""

import asyncio
import io
import shutil
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Callable, Sequence
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import BinaryIO

import pytest

from services.ingest.exports.bulletin import Bulletin, write_bulletin
from services.ingest.exports.columns import Column
from services.ingest.exports.csv_text import CsvWriter
from services.ingest.exports.workbook import WorkbookWriter

OFFICE = shutil.which("soffice") or shutil.which("libreoffice") or ""
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not OFFICE, reason="LibreOffice opens the files: put soffice on the path"),
]
COLUMNS = (Column("单位", 20), Column("时限"), Column("说明", 60))
TEXTS = ("=1+1", "+1+1", "-1-1", "@SUM(1;1)", '=HYPERLINK("http://evil.example";"x")')
ROWS = [("县财政局", date(2023, 12, 31), text) for text in TEXTS]
BULLETIN = Bulletin(
    title="关于2023年政务公开重点任务办理情况的通报",
    recipients="各责任单位",
    opening=("现将办理情况通报如下。",),
    sections=(),
    table_title="附表：办理情况统计",
    head=("责任单位", "说明"),
    rows=tuple(("县财政局", text) for text in TEXTS),
    signature="盐亭县政务公开办",
    issued_on=date(2023, 12, 31),
)


class Reading(HTMLParser):
    """The texts of a page, and the cells of its tables by row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.rows: list[list[str]] = []
        self._in_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """A row or a cell begins."""
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        self._in_cell = tag == "td" or self._in_cell

    def handle_endtag(self, tag: str) -> None:
        """A cell ends."""
        self._in_cell = self._in_cell and tag != "td"

    def handle_data(self, data: str) -> None:
        """A text, perhaps of a cell."""
        self.texts.append(" ".join(data.split()))
        if self._in_cell:
            self.rows[-1][-1] += data.strip()


def write(make: Callable[[BinaryIO], CsvWriter | WorkbookWriter]) -> bytes:
    file = io.BytesIO()
    writer = make(file)
    writer.write(ROWS)
    writer.close()
    return file.getvalue()


async def open_files(folder: Path, names: Sequence[str]) -> dict[str, Reading]:
    """What LibreOffice shows of some files, by name. It starts once, with a profile of its own."""
    arguments = ("--headless", "--convert-to", "html", "--outdir", "shown")
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = (OFFICE, profile, *arguments, *names)
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=STDOUT)
    printed, _ = await process.communicate()
    shown = {name: folder / "shown" / f"{Path(name).stem}.html" for name in names}
    missing = [name for name, path in shown.items() if not path.exists()]
    assert not missing, printed.decode()
    return {name: Reading(path.read_text("utf-8")) for name, path in shown.items()}


async def test_a_workbook_a_csv_file_and_a_bulletin_show_their_texts_as_they_are(
    tmp_path: Path,
) -> None:
    bulletin = io.BytesIO()
    write_bulletin(bulletin, BULLETIN)
    files = {
        "book.xlsx": write(lambda file: WorkbookWriter(file, COLUMNS, "台账")),
        "text.csv": write(lambda file: CsvWriter(file, COLUMNS)),
        "bulletin.docx": bulletin.getvalue(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    shown = await open_files(tmp_path, list(files))
    head = ["单位", "时限", "说明"]
    book = [["县财政局", "2023-12-31", text] for text in TEXTS]
    assert shown["book.xlsx"].rows == [head, *book]
    # The encoding of a CSV file is chosen in a dialog that is not shown here: texts in ASCII alone.
    assert [row[1:] for row in shown["text.csv"].rows[1:]] == [
        ["2023-12-31", f"'{text}"] for text in TEXTS
    ]
    assert BULLETIN.title in shown["bulletin.docx"].texts
    assert [row[1] for row in shown["bulletin.docx"].rows[1:]] == [*TEXTS]
