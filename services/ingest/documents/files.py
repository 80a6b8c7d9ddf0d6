"""A file's bytes to its document: the kind is told by the content, then by the name."""

import re
from typing import Final

from services.ingest.documents.archives import open_archive
from services.ingest.documents.csvs import read_csv
from services.ingest.documents.docxs import read_docx
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.grid import Document
from services.ingest.documents.htmls import read_html
from services.ingest.documents.limits import check_size
from services.ingest.documents.pdfs import read_pdf
from services.ingest.documents.text import read_text
from services.ingest.documents.xlsxs import read_xlsx

_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"BM")
_OTHER: Final = (b"{\\rtf", b"7z\xbc\xaf", b"Rar!", b"\x1f\x8b", b"MIME-Version:")
_MARKUP: Final = re.compile(rb"<(?:html|table|body|!doctype\s+html)[\s>]", re.IGNORECASE)
_SPREADSHEET_XML: Final = re.compile(
    rb"^\s*<\?xml.{0,300}?(?:mso-application|<Workbook)", re.DOTALL
)
_TEXT: Final = ("txt", "text", "md", "log")
_HEAD: Final = 262_144


def read_document(name: str, data: bytes) -> Document:
    """Read any supported file: docx, xlsx, pdf, html, csv or text.

    What the file holds decides; its extension only tells csv from text. Raises DocumentError.
    """
    check_size(data)
    head = data[:_HEAD]
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise DocumentError(DocumentFault.EMPTY)
    if head.startswith(_OLD_OFFICE):
        encrypted = _ENCRYPTED_PACKAGE in data
        raise DocumentError(DocumentFault.ENCRYPTED if encrypted else DocumentFault.OLD_FORMAT)
    if head.startswith(_PICTURES):
        raise DocumentError(DocumentFault.SCANNED)
    if head.startswith(_OTHER) or _SPREADSHEET_XML.search(head):
        raise DocumentError(DocumentFault.UNSUPPORTED)
    if head.startswith(b"PK"):
        return _packed(name, data)
    if b"%PDF-" in head[:1024]:
        return read_pdf(name, data)
    if _MARKUP.search(_narrow(head)):
        return read_html(name, data)
    extension = name.rpartition(".")[2].lower()
    if extension in ("csv", "tsv") or (extension not in _TEXT and b"\t" not in head):
        return read_csv(name, data)
    return read_text(name, data)


def _narrow(head: bytes) -> bytes:
    """UTF-16 markup has a NUL in every letter of a tag."""
    return head.replace(b"\x00", b"") if head[:2] in (b"\xff\xfe", b"\xfe\xff") else head


def _packed(name: str, data: bytes) -> Document:
    archive = open_archive(data)
    main = archive.main_part()
    if main.startswith("word/"):
        return read_docx(name, archive)
    if main.startswith("xl/") and main.endswith(".xml"):
        return read_xlsx(name, archive)
    raise DocumentError(DocumentFault.UNSUPPORTED)
