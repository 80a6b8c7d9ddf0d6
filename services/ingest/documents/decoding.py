"""Bytes to text: the encodings that Chinese offices' programs write."""

import codecs
from typing import Final

from services.ingest.documents.errors import DocumentError, DocumentFault

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARACTERS_PER_ERROR: Final = 200
_MAX_CONTROLS: Final = 0.01  # stray control characters that real extractors leave behind


def decode(content: bytes) -> str:
    """Text of UTF-8 or UTF-16 with a mark, plain UTF-8, or GB18030, tried in that order.

    GB18030 accepts almost any bytes, so its result must also have few control characters. A
    page's own encoding declaration is ignored: many pages that declare gb2312 are UTF-8. UTF-8
    with few invalid bytes (a file cut inside a character) stays UTF-8, with U+FFFD in their
    place. Raises DocumentError `unknown-encoding`.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decode_strictly(content, encoding)
    text = content.decode("utf-8", errors="replace")
    errors = text.count("\ufffd")
    if errors * _CHARACTERS_PER_ERROR > sum(1 for c in text if c > "\x7f"):
        text = _decode_strictly(content, "gb18030")
    return _check_controls(text)


def _decode_strictly(content: bytes, encoding: str) -> str:
    try:
        return _check_controls(content.decode(encoding))
    except UnicodeDecodeError:
        raise DocumentError(DocumentFault.ENCODING) from None


def _check_controls(text: str) -> str:
    controls = sum(
        1 for c in text[:100_000] if (c < " " and c not in "\t\r\n\f\v") or c == "\ufffd"
    )
    if controls > _MAX_CONTROLS * min(len(text), 100_000):
        raise DocumentError(DocumentFault.ENCODING)
    return text
