"""Whether a file for people is safe to keep: no macros, no embedded files, no zip bomb. Pure.

Each part of a package is unpacked and counted, piece by piece, because a directory may state wrong
sizes. Nothing is kept of it.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.ingest.documents.archives import open_archive
from services.ingest.documents.errors import DocumentError, DocumentFault

MAX_UNPACKED: Final = 400 * 1024 * 1024
"""Of all parts, also of those within parts: twenty times the largest file that is taken."""
MAX_RATIO: Final = 100
"""Unpacked to packed: the limit of Apache POI (`ZipSecureFile`, MIN_INFLATE_RATIO 0.01)."""
MIN_RATED: Final = 64 * 1024 * 1024
"""Below so many bytes any ratio is harmless: a blank picture is packed a thousandfold."""
MAX_INNER: Final = 32 * 1024 * 1024
"""Of a package within a package, which is held in memory."""
MAX_DEPTH: Final = 3
"""Packages within packages: a table in a report in a collection."""

_PIECE: Final = 1024 * 1024
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP: Final = b"PK\x03\x04"
_TYPES: Final = "[Content_Types].xml"
_MACRO_TYPE: Final = re.compile(rb"macroenabled|vbaproject|macrosheet", re.IGNORECASE)
"""In the content types of a package, whose parts may have any names (ECMA-376 part 2, 10.1.2)."""
_VBA: Final = "_VBA_PROJECT".encode("utf-16-le")
"""A stream of each VBA project (MS-OVBA 2.2.1); the directory of a compound file names it."""
_NATIVE: Final = "Ole10Native".encode("utf-16-le")
"""The stream of an embedded file of any type (MS-OLEDS 2.3.6)."""
_OVERLAP: Final = max(len(_VBA), len(_NATIVE))


@dataclass(slots=True)
class _Unpacked:
    """How many bytes a file has, and how many were unpacked of it."""

    packed: int
    size: int = 0

    def count(self, piece: bytes) -> None:
        """Count a piece. Raises DocumentError `bomb`."""
        self.size += len(piece)
        is_rated = self.size > MIN_RATED and self.size > self.packed * MAX_RATIO
        if is_rated or self.size > MAX_UNPACKED:
            raise DocumentError(DocumentFault.BOMB, f"{self.size // 1_048_576} MB")


def list_safe_parts(content: bytes) -> frozenset[str]:
    """The names of a package's parts; none for another content, and for one that is damaged.

    Raises:
        DocumentError: it has macros or an embedded file (`macros`, `embedded-file`), unpacks to far
            more than an office file (`bomb`), or a part of it is damaged (`broken`).
    """
    _require_plain(content)
    unpacked = _Unpacked(len(content))
    return _examine(content, unpacked, 1) if content.startswith(_ZIP) else frozenset()


def _examine(content: bytes, unpacked: _Unpacked, depth: int) -> frozenset[str]:
    if depth > MAX_DEPTH:
        raise DocumentError(DocumentFault.BOMB, f"more than {MAX_DEPTH} levels")
    try:
        names = open_archive(content).names
    except DocumentError as error:
        if error.code is DocumentFault.TOO_LARGE:
            raise DocumentError(DocumentFault.BOMB, error.detail) from error
        return frozenset()  # damaged or encrypted: of no type that is taken
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            inner = _examine_part(archive, entry, unpacked)
            if inner:
                _examine(inner, unpacked, depth + 1)
    return names


def _examine_part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, unpacked: _Unpacked) -> bytes:
    """Unpack one part and look into it; its content if it is a package itself, else nothing."""
    begin, tail, kept = b"", b"", bytearray()
    for piece in _unpack(archive, entry):
        unpacked.count(piece)
        begin = begin or piece[: len(_OLE)]
        if begin == _OLE:
            _require_plain(begin + tail + piece)
            tail = piece[-_OVERLAP:]
        elif begin.startswith(_ZIP) or entry.filename == _TYPES:
            kept += piece
            if len(kept) > MAX_INNER:
                raise DocumentError(DocumentFault.BOMB, f"{len(kept) // 1_048_576} MB")
    if entry.filename == _TYPES and _MACRO_TYPE.search(kept.replace(b"\0", b"")):
        raise DocumentError(DocumentFault.MACROS)
    return bytes(kept) if begin.startswith(_ZIP) else b""


def _require_plain(content: bytes) -> None:
    """Make sure that a compound file has neither macros nor another file in it."""
    if not content.startswith(_OLE):
        return
    if _VBA in content:
        raise DocumentError(DocumentFault.MACROS)
    if _NATIVE in content:
        raise DocumentError(DocumentFault.EMBEDDED_FILE)


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The pieces of a part. Raises DocumentError `broken`."""
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise DocumentError(DocumentFault.BROKEN)  # office programs use no other method
    try:
        with archive.open(entry) as part:
            while piece := part.read(_PIECE):
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise DocumentError(DocumentFault.BROKEN) from error
