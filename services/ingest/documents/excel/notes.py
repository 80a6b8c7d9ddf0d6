"""Comments and text boxes of a worksheet: they are in no cell, so they are reported."""

from collections.abc import Iterator
from typing import Final

from services.ingest.documents.archives import Archive, parse_xml
from services.ingest.documents.excel.sheets import S
from services.ingest.documents.grid import Paragraph

_DRAWN: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_SHEET: Final = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
_LONGEST: Final = 300


def list_notes(archive: Archive, part: str, title: str) -> Iterator[Paragraph]:
    """The texts of a sheet's comments and text boxes. Raises DocumentError for a broken part."""
    for kind, name in archive.list_related(part).values():
        content = archive.read_part(name) if kind in ("comments", "drawing") else None
        if content is None:
            continue
        root = parse_xml(content)
        if kind == "comments":
            for each in root.iter(f"{S}comment"):
                words = "".join(text.text or "" for text in each.iter(f"{S}t")).strip()
                if words:
                    where = f"sheet {title}, cell {each.get('ref')}"
                    yield Paragraph(f"批注：{words[:_LONGEST]}", where)
        else:
            for box in root.iter(f"{_SHEET}txBody"):
                words = "".join(text.text or "" for text in box.iter(f"{_DRAWN}t")).strip()
                if words:
                    yield Paragraph(f"文本框：{words[:_LONGEST]}", f"sheet {title}")
