"""Limits that keep reading within seconds and 500 MB; each is far above any real plan."""

from typing import Final

from services.ingest.documents.errors import DocumentError, DocumentFault

MAX_BYTES: Final = 20 * 1024 * 1024
"""A plan of 5,000 rows has under 2 MB in every format; the rest allows for pictures."""

MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 64
MAX_TEXT_BYTES: Final = 8 * 1024 * 1024
"""Plain text has no pictures, so a plan needs far less."""

MAX_CELL_CHARACTERS: Final = 10_000
MAX_CELLS: Final = 400_000
MAX_CHARACTERS: Final = 4_000_000
"""In all paragraphs and cells: a plan of 5,000 long rows has a quarter of that."""

MAX_TREE: Final = 380 * 1024 * 1024
"""Estimated bytes of memory for the tree of a parsed part; see `check_markup`."""

XML_TAG: Final = 130
HTML_TAG: Final = 460
ATTRIBUTE: Final = 240
"""Bytes of memory, measured with lxml 6.1 on trees of the smallest tags and attributes."""

MAX_TAGS: Final = 3_000_000
"""In XML that is parsed incrementally: it costs time, not memory."""

MAX_LINES: Final = 200_000

MAX_PARAGRAPHS: Final = 100_000


def check_size(content: bytes) -> None:
    """Refuse an empty file and one that is too large to open."""
    if not content:
        raise DocumentError(DocumentFault.EMPTY)
    if len(content) > MAX_BYTES:
        detail = f"{len(content) // 1_048_576} MB, limit {MAX_BYTES // 1_048_576} MB"
        raise DocumentError(DocumentFault.TOO_LARGE, detail)


def check_text(content: bytes) -> None:
    """Refuse plain text that is longer than any plan."""
    if len(content) > MAX_TEXT_BYTES:
        detail = f"{len(content) // 1_048_576} MB of text, limit {MAX_TEXT_BYTES // 1_048_576} MB"
        raise DocumentError(DocumentFault.TOO_LARGE, detail)


def check_markup(content: bytes, tag: int = XML_TAG) -> None:
    """Refuse markup whose tree would need too much memory; `tag` is the bytes of one tag."""
    if content.count(b"<") * tag + content.count(b"=") * ATTRIBUTE > MAX_TREE:
        raise DocumentError(DocumentFault.TOO_MANY_ROWS)


def check_tags(content: bytes) -> None:
    """Refuse XML that takes too long to parse, even incrementally."""
    if content.count(b"<") > MAX_TAGS:
        raise DocumentError(DocumentFault.TOO_MANY_ROWS)


def check_lines(text: str) -> None:
    """Refuse text of more lines than any plan has."""
    if text.count("\n") + text.count("\f") > MAX_LINES:
        raise DocumentError(DocumentFault.TOO_MANY_ROWS, f"limit {MAX_LINES} lines")


def check_characters(count: int) -> None:
    """Refuse a document with more text than any plan: reading it takes minutes."""
    if count > MAX_CHARACTERS:
        raise DocumentError(DocumentFault.TOO_LARGE, f"limit {MAX_CHARACTERS} characters")


def check_cells(count: int) -> None:
    """Refuse a table whose spans cover more grid positions than any plan has."""
    if count > MAX_CELLS:
        raise DocumentError(DocumentFault.TOO_MANY_ROWS, f"limit {MAX_CELLS} cells")


def check_rows(count: int) -> None:
    """Refuse a table, or a file of tables, with more rows than any plan has."""
    if count > MAX_ROWS:
        raise DocumentError(DocumentFault.TOO_MANY_ROWS, f"limit {MAX_ROWS} rows")


def check_columns(count: int) -> None:
    """Refuse a table that is wider than any plan."""
    if count > MAX_COLUMNS:
        raise DocumentError(DocumentFault.TOO_MANY_ROWS, f"limit {MAX_COLUMNS} columns")


def check_cell(text: str) -> None:
    """Refuse a cell that is longer than any duty: matching cost grows with its length."""
    if len(text) > MAX_CELL_CHARACTERS:
        detail = f"one cell, limit {MAX_CELL_CHARACTERS} characters"
        raise DocumentError(DocumentFault.TOO_LARGE, detail)
