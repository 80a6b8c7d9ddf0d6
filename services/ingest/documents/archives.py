"""The zip archives of office formats, opened with suspicion."""

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import Final

from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.limits import check_markup

_MAX_PARTS: Final = 5_000
_MAX_PART: Final = 32 * 1024 * 1024
_MAX_TEXT: Final = 64 * 1024 * 1024
_DECLARATIONS: Final = tuple(
    word.encode(encoding)
    for word in ("<!DOCTYPE", "<!ENTITY")
    for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)
_ENCRYPTED: Final = 0x1


@dataclass(frozen=True, slots=True)
class Archive:
    """The archive's XML parts, each within bounds and free of declarations."""

    parts: dict[str, bytes]

    def part(self, name: str) -> bytes:
        """One part. Raises DocumentError `broken` when it is missing."""
        found = self.parts.get(name)
        if found is None:
            raise DocumentError(DocumentFault.BROKEN, f"{name} is missing")
        return found


def names_in(data: bytes) -> frozenset[str]:
    """The names of the archive's parts. Raises DocumentError for a broken archive."""
    with _open(data) as archive:
        infos = archive.infolist()
        if len(infos) > _MAX_PARTS:
            raise DocumentError(DocumentFault.TOO_LARGE, f"{len(infos)} parts")
        if any(info.flag_bits & _ENCRYPTED for info in infos):
            raise DocumentError(DocumentFault.ENCRYPTED)
        return frozenset(info.filename for info in infos)


def open_archive(data: bytes) -> Archive:
    """Unpack the XML parts, and nothing else: pictures and macros stay packed.

    Sizes are bounded before anything is unpacked, and unpacking stops at the declared size, so
    that a bomb costs no memory. Office programs never write a DTD: one is refused, and with it
    every attack by XML entities. Raises DocumentError.
    """
    parts: dict[str, bytes] = {}
    with _open(data) as archive:
        infos = [i for i in archive.infolist() if i.filename.endswith((".xml", ".rels"))]
        total = sum(info.file_size for info in infos)
        if total > _MAX_TEXT or any(info.file_size > _MAX_PART for info in infos):
            raise DocumentError(DocumentFault.TOO_LARGE, f"unpacks to {total // 1_048_576} MB")
        for info in infos:
            part = _unpack(archive, info)
            if any(word in part for word in _DECLARATIONS):
                raise DocumentError(DocumentFault.HOSTILE)
            check_markup(part)
            parts[info.filename] = part
    return Archive(parts)


def _open(data: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise DocumentError(DocumentFault.BROKEN) from error


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as part:
            return part.read(_MAX_PART)
    except RuntimeError as error:  # zipfile's word for a missing password
        raise DocumentError(DocumentFault.ENCRYPTED) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise DocumentError(DocumentFault.BROKEN) from error
