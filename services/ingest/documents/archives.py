"""The zip archives of office formats, read with limits on size and content."""

import io
import posixpath
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.limits import check_markup, check_tags

_MAX_PARTS: Final = 5_000
_MAX_PART: Final = 48 * 1024 * 1024
_MAX_TEXT: Final = 64 * 1024 * 1024
_DECLARATIONS: Final = tuple(
    word.encode(encoding)
    for word in ("<!DOCTYPE", "<!ENTITY")
    for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)
_ENCRYPTED: Final = 0x1
_MAX_DIGITS: Final = 9
_ENTRY_MARK: Final = b"PK\x01\x02"
_STRICT: Final = b"http://purl.oclc.org/ooxml/"
_RELATIONSHIP: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
# The strict variant of a format differs in its names alone.
_NAMES: Final = (
    (
        b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    ),
    (
        b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    ),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
)


@dataclass(slots=True)
class Archive:
    """An office archive. Parts are unpacked one by one, on request."""

    _zip: zipfile.ZipFile
    names: frozenset[str]
    _unpacked: int = field(default=0)

    def read_part(self, name: str) -> bytes | None:
        """Unpack one XML part; None where the archive has no part of this name.

        Sizes are checked before anything is unpacked, and unpacking stops at the declared size,
        so that a zip bomb uses no memory. Office programs never write a DTD: a part with one is
        refused, which excludes every attack by XML entities. Raises DocumentError.
        """
        if name not in self.names:
            return None
        entry = self._zip.getinfo(name)
        self._unpacked += entry.file_size
        if entry.file_size > _MAX_PART or self._unpacked > _MAX_TEXT:
            detail = f"unpacks to {max(entry.file_size, self._unpacked) // 1_048_576} MB"
            raise DocumentError(DocumentFault.TOO_LARGE, detail)
        content = _unpack(self._zip, entry)
        if any(word in content for word in _DECLARATIONS):
            raise DocumentError(DocumentFault.HOSTILE)
        check_tags(content)
        if _STRICT in content:
            for strict, usual in _NAMES:
                content = content.replace(strict, usual)
        return content

    def require_part(self, name: str) -> bytes:
        """Unpack one required part. Raises DocumentError `broken` when it is missing."""
        content = self.read_part(name)
        if content is None:
            raise DocumentError(DocumentFault.BROKEN, f"{name} is missing")
        return content

    def list_related(self, name: str) -> dict[str, tuple[str, str]]:
        """The parts that a part refers to: relation id to (kind of relation, part name).

        An empty name lists the package's own relations. Raises DocumentError.
        """
        folder, _, file = name.rpartition("/")
        content = self.read_part(posixpath.join(folder, "_rels", f"{file}.rels"))
        related: dict[str, tuple[str, str]] = {}
        if content is None:
            return related
        for each in parse_xml(content).iter(_RELATIONSHIP):
            if each.get("TargetMode") == "External":
                continue
            target = each.get("Target") or ""
            path = target if target.startswith("/") else posixpath.join("/", folder, target)
            kind = (each.get("Type") or "").rpartition("/")[2]
            related[each.get("Id") or ""] = kind, posixpath.normpath(path).lstrip("/")
        return related

    def find_main_part(self) -> str:
        """The name of the part that holds the document, or an empty text.

        The package's relations name it: some programs write document2.xml.
        """
        targets = [
            name for kind, name in self.list_related("").values() if kind == "officeDocument"
        ]
        usual = ("word/document.xml", "xl/workbook.xml")
        return next((name for name in (*targets, *usual) if name in self.names), "")


def open_archive(content: bytes) -> Archive:
    """Read the archive's directory; nothing is unpacked. Raises DocumentError."""
    # zipfile creates an object for each entry, so entries are counted before it reads them.
    if content.count(_ENTRY_MARK) > _MAX_PARTS:
        raise DocumentError(DocumentFault.TOO_LARGE, f"more than {_MAX_PARTS} parts")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise DocumentError(DocumentFault.BROKEN) from error
    entries = archive.infolist()
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise DocumentError(DocumentFault.ENCRYPTED)
    return Archive(archive, frozenset(entry.filename for entry in entries))


def parse_xml(content: bytes) -> etree._Element:
    """Parse a part and return its root. Raises DocumentError, also for a tree too large."""
    check_markup(content)
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        return etree.fromstring(content, parser)
    except (etree.LxmlError, ValueError) as error:
        raise DocumentError(DocumentFault.BROKEN) from error


def to_whole_number(text: str | None) -> int:
    """The whole number in an attribute; 0 when the attribute is missing or not a number."""
    return int(text) if text and text.isdecimal() and len(text) < _MAX_DIGITS else 0


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Office programs use no other method; some methods use much memory before any output.
        raise DocumentError(DocumentFault.BROKEN)
    try:
        with archive.open(entry) as part:
            return part.read(_MAX_PART)
    except RuntimeError as error:  # zipfile raises it for a missing password
        raise DocumentError(DocumentFault.ENCRYPTED) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise DocumentError(DocumentFault.BROKEN) from error
