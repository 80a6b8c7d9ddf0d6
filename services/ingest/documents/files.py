"""A file's bytes to its document: the format is detected by content, then by name."""

import re
from dataclasses import replace
from typing import Final

from services.ingest.documents.archives import open_archive
from services.ingest.documents.csv_file import is_csv, read_csv
from services.ingest.documents.decoding import decode
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.excel.workbook import read_xlsx
from services.ingest.documents.grid import Block, Document, Paragraph, Row
from services.ingest.documents.limits import check_characters, check_size, check_text
from services.ingest.documents.pdf.document import read_pdf
from services.ingest.documents.text import read_text
from services.ingest.documents.web.page import read_html
from services.ingest.documents.word.document import read_docx

_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
_ARCHIVE: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_PICTURE: Final = re.compile(
    rb"\x89PNG|\xff\xd8\xff|GIF8|II\*\x00|MM\x00\*|BM.{4}\x00{4}|.{4}ftyp|RIFF.{4}WEBP", re.DOTALL
)
_OTHER: Final = (b"{\\rtf", b"7z\xbc\xaf", b"Rar!", b"\x1f\x8b", b"MIME-Version:", b"From: <Saved")
_MARKUP: Final = re.compile(rb"<(?:html|table|body|!doctype\s+html)[\s>]", re.IGNORECASE)
_OFFICE_XML: Final = re.compile(
    rb"\s*<\?xml.{0,300}?(?:mso-application|<Workbook|<w:wordDocument|<pkg:package)", re.DOTALL
)
_NO_WIDTH: Final = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_MARK: Final = b"\xef\xbb\xbf"
_FILES: Final = (".docx", ".xlsx", ".pdf", ".doc", ".xls", ".wps", ".et", ".csv", ".txt")
_HEAD: Final = 262_144


def read_document(name: str, content: bytes) -> Document:
    """Read any supported file: docx, xlsx, pdf, html, csv or text.

    The content decides the format; the extension only tells csv from text. Raises DocumentError.
    """
    check_size(content)
    document = _read_by_content(name, content)
    check_characters(sum(map(_count_characters, document.blocks)))
    return _remove_invisible(document)


def _count_characters(block: Block) -> int:
    if isinstance(block, Paragraph):
        return len(block.text)
    cells = (cell for row in block.rows for cell in row.cells)
    return sum(len(cell.text) for cell in cells if not (cell.above or cell.left))


def _remove_invisible(document: Document) -> Document:
    """The document without zero-width characters: direction marks, joiners, soft hyphens."""
    blocks: list[Block] = []
    for block in document.blocks:
        if isinstance(block, Paragraph):
            text = _NO_WIDTH.sub("", block.text)
            blocks.append(block if text == block.text else replace(block, text=text))
        elif any(_NO_WIDTH.search(cell.text) for row in block.rows for cell in row.cells):
            blocks.append(replace(block, rows=tuple(map(_remove_invisible_in_row, block.rows))))
        else:
            blocks.append(block)
    return replace(document, blocks=tuple(blocks))


def _remove_invisible_in_row(row: Row) -> Row:
    cells = (replace(cell, text=_NO_WIDTH.sub("", cell.text)) for cell in row.cells)
    return replace(row, cells=tuple(cells))


def _read_by_content(name: str, content: bytes) -> Document:
    head = content[:_HEAD].removeprefix(_MARK)
    if not head.strip(b"\x00 \t\r\n"):
        raise DocumentError(DocumentFault.EMPTY)
    if head.startswith(_OLD_OFFICE):
        encrypted = _ENCRYPTED_PACKAGE in content
        raise DocumentError(DocumentFault.ENCRYPTED if encrypted else DocumentFault.OLD_FORMAT)
    if _PICTURE.match(head):
        raise DocumentError(DocumentFault.SCANNED)
    if head.startswith(_OTHER) or _OFFICE_XML.match(head):
        raise DocumentError(DocumentFault.UNSUPPORTED)
    if head.startswith(_ARCHIVE):
        return _read_archive(name, content)
    if b"%PDF-" in head[:1024]:
        return read_pdf(name, content)
    if _MARKUP.search(_remove_nulls(head)):
        return read_html(name, content)
    return _read_plain(name, content)


def _remove_nulls(head: bytes) -> bytes:
    """The head of UTF-16 markup without the NUL in every letter of a tag."""
    return head.replace(b"\x00", b"") if head[:2] in (b"\xff\xfe", b"\xfe\xff") else head


def _read_archive(name: str, content: bytes) -> Document:
    archive = open_archive(content)
    main = archive.find_main_part()
    if main.startswith("word/"):
        return read_docx(name, archive)
    if main.startswith("xl/") and main.endswith(".xml"):
        return read_xlsx(name, archive)
    holds_files = any(each.lower().endswith(_FILES) for each in archive.names)
    detail = "an archive of files: unpack it first 请先解压" if holds_files else ""
    raise DocumentError(DocumentFault.UNSUPPORTED, detail)


def _read_plain(name: str, content: bytes) -> Document:
    check_text(content)
    text = decode(content)
    named_csv = name.lower().endswith((".csv", ".tsv"))
    if named_csv or ("\t" not in text and is_csv(text)):
        return read_csv(name, text)
    return read_text(name, text)
