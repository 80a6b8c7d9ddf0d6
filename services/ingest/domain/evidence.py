"""Evidence (佐证材料) of what a unit did: which files are taken, and how they are told. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from services.ingest.domain.refusals import Fault, RefusedError


class EvidenceKind(StrEnum):
    """What a piece of evidence is."""

    NOTE = "note"
    LINK = "link"
    FILE = "file"


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class FileType:
    """A type of file: how its content begins, and for a package the part that it must have."""

    media_type: str
    name: str
    begins: bytes
    part: str = ""


_TYPES = {
    ".pdf": FileType("application/pdf", "PDF", b"%PDF-"),
    ".png": FileType("image/png", "PNG", b"\x89PNG\r\n\x1a\n"),
    ".jpg": FileType("image/jpeg", "JPEG", b"\xff\xd8\xff"),
    ".jpeg": FileType("image/jpeg", "JPEG", b"\xff\xd8\xff"),
    ".docx": FileType(_WORD, "Word", _ZIP, "word/"),
    ".xlsx": FileType(_EXCEL, "Excel", _ZIP, "xl/"),
    ".ofd": FileType("application/ofd", "OFD", _ZIP, "OFD.xml"),
    ".doc": FileType("application/msword", "Word 97-2003", _OLE),
    ".xls": FileType("application/vnd.ms-excel", "Excel 97-2003", _OLE),
    ".wps": FileType("application/vnd.ms-works", "WPS", _OLE),
    ".et": FileType("application/vnd.ms-excel", "WPS 表格", _OLE),
}
_TAKEN = " ".join(_TYPES)
MEDIA_TYPES = sorted({known.media_type for known in _TYPES.values()})


def find_file_type(name: str, content: bytes, parts: frozenset[str]) -> FileType:
    """The type of a file, by its content; its name must agree.

    `parts` are the names in the archive that the content is; empty for any other content.

    Raises:
        RefusedError: the file is empty, of a type that is not taken, or named as another type.
    """
    if not content:
        raise RefusedError(
            Fault.INVALID,
            "文件是空的。The file is empty.",
            "请重新选择文件。Choose the file again.",
        )
    suffixes = {suffix for suffix, known in _TYPES.items() if _has_type(known, content, parts)}
    _, dot, last = name.rpartition(".")
    suffix = f".{last.lower()}" if dot else ""
    if suffix in suffixes:
        return _TYPES[suffix]
    if suffixes:
        actual = _TYPES[min(suffixes)].name
        raise RefusedError(
            Fault.INVALID,
            f"文件名以“{suffix or '（无扩展名）'}”结尾，内容却是 {actual}。"
            "The file's name does not agree with its content.",
            f"请改用正确的扩展名：{' '.join(sorted(suffixes))}。"
            f"Give it one of these endings: {' '.join(sorted(suffixes))}",
        )
    raise RefusedError(
        Fault.INVALID,
        "不收这种文件。Files of this type are not taken.",
        f"请上传：{_TAKEN}。压缩包请先解压。Send one of: {_TAKEN}. Unpack an archive first.",
    )


def _has_type(known: FileType, content: bytes, parts: frozenset[str]) -> bool:
    if not content.startswith(known.begins):
        return False
    return not known.part or any(part.startswith(known.part) for part in parts)
