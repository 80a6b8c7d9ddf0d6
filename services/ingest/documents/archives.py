"""The zip archives of office formats, opened with suspicion."""

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
_MOST_DIGITS: Final = 9
_ENTRY: Final = b"PK\x01\x02"
_STRICT: Final = b"http://purl.oclc.org/ooxml/"
_RELATION: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
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
    """An office archive. A part is unpacked when it is asked for, and no other one is."""

    _zip: zipfile.ZipFile
    names: frozenset[str]
    _unpacked: int = field(default=0)

    def part(self, name: str) -> bytes | None:
        """One XML part, or None where the archive has none; bounded, and free of declarations.

        Sizes are checked before anything is unpacked, and unpacking stops at the declared size,
        so that a bomb costs no memory. Office programs never write a DTD: one is refused, and
        with it every attack by XML entities. Raises DocumentError.
        """
        if name not in self.names:
            return None
        info = self._zip.getinfo(name)
        self._unpacked += info.file_size
        if info.file_size > _MAX_PART or self._unpacked > _MAX_TEXT:
            detail = f"unpacks to {max(info.file_size, self._unpacked) // 1_048_576} MB"
            raise DocumentError(DocumentFault.TOO_LARGE, detail)
        data = _unpack(self._zip, info)
        if any(word in data for word in _DECLARATIONS):
            raise DocumentError(DocumentFault.HOSTILE)
        check_tags(data)
        if _STRICT in data:
            for strict, usual in _NAMES:
                data = data.replace(strict, usual)
        return data

    def needed(self, name: str) -> bytes:
        """One part that must be there. Raises DocumentError `broken` when it is not."""
        data = self.part(name)
        if data is None:
            raise DocumentError(DocumentFault.BROKEN, f"{name} is missing")
        return data

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """What a part refers to: by id the kind of relation and the name of the other part.

        An empty name asks for the package's own relations. Raises DocumentError.
        """
        folder, _, file = name.rpartition("/")
        data = self.part(posixpath.join(folder, "_rels", f"{file}.rels"))
        found: dict[str, tuple[str, str]] = {}
        if data is None:
            return found
        for each in xml(data).iter(_RELATION):
            if each.get("TargetMode") == "External":
                continue
            target = each.get("Target") or ""
            whole = target if target.startswith("/") else posixpath.join("/", folder, target)
            kind = (each.get("Type") or "").rpartition("/")[2]
            found[each.get("Id") or ""] = kind, posixpath.normpath(whole).lstrip("/")
        return found

    def main_part(self) -> str:
        """The name of the part that holds the document: some programs write document2.xml."""
        targets = [name for kind, name in self.related("").values() if kind == "officeDocument"]
        usual = ("word/document.xml", "xl/workbook.xml")
        return next((name for name in (*targets, *usual) if name in self.names), "")


def open_archive(data: bytes) -> Archive:
    """Read the archive's directory; nothing is unpacked. Raises DocumentError."""
    # The library makes an object of each entry before anyone could count them.
    if data.count(_ENTRY) > _MAX_PARTS:
        raise DocumentError(DocumentFault.TOO_LARGE, f"more than {_MAX_PARTS} parts")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise DocumentError(DocumentFault.BROKEN) from error
    infos = archive.infolist()
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise DocumentError(DocumentFault.ENCRYPTED)
    return Archive(archive, frozenset(info.filename for info in infos))


def xml(data: bytes) -> etree._Element:
    """The root of a part's tree. Raises DocumentError, also for a tree that is too large."""
    check_markup(data)
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        return etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError) as error:
        raise DocumentError(DocumentFault.BROKEN) from error


def whole(text: str | None) -> int:
    """The whole number that an attribute holds; nonsense is nought."""
    return int(text) if text and text.isdecimal() and len(text) < _MOST_DIGITS else 0


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Office programs use no other; some of those take memory before they give a byte.
        raise DocumentError(DocumentFault.BROKEN)
    try:
        with archive.open(info) as part:
            return part.read(_MAX_PART)
    except RuntimeError as error:  # zipfile's word for a missing password
        raise DocumentError(DocumentFault.ENCRYPTED) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise DocumentError(DocumentFault.BROKEN) from error
