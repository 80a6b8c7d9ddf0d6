"""Bytes to text: the encodings that Chinese offices' programs write."""

import codecs
from typing import Final

from services.ingest.documents.errors import DocumentError, DocumentFault

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WHOLE_PER_TORN: Final = 200
_MAX_CONTROLS: Final = 0.01  # stray control characters that real extractors leave behind


def decode(data: bytes) -> str:
    """Text of UTF-8 or UTF-16 with a mark, plain UTF-8, or GB18030, tried in that order.

    GB18030 accepts almost any bytes, so what it yields must also look like text. What a page
    says of its own encoding is not asked: many a page that says gb2312 is UTF-8. A character or
    two that a cut tore in UTF-8 are shown as U+FFFD, for the file is no GB18030 because of them.
    Raises DocumentError `unknown-encoding`.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data, encoding)
    text = data.decode("utf-8", errors="replace")
    torn = text.count("\ufffd")
    if torn * _WHOLE_PER_TORN > sum(1 for c in text if c > "\x7f"):
        text = _strict(data, "gb18030")
    return _checked(text)


def _strict(data: bytes, encoding: str) -> str:
    try:
        return _checked(data.decode(encoding))
    except UnicodeDecodeError:
        raise DocumentError(DocumentFault.ENCODING) from None


def _checked(text: str) -> str:
    controls = sum(
        1 for c in text[:100_000] if (c < " " and c not in "\t\r\n\f\v") or c == "\ufffd"
    )
    if controls > _MAX_CONTROLS * min(len(text), 100_000):
        raise DocumentError(DocumentFault.ENCODING)
    return text
