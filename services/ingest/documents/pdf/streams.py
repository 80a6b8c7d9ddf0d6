"""Limits on a PDF's compressed streams, checked before PDFium unpacks up to 1 GB of each.

PDFium's objects need a hundred times the memory of a page's drawing commands. Fonts may be
longer; pictures stay compressed, unless a page names one as its content stream.
"""

import base64
import re
import zlib
from typing import Final

from services.ingest.documents.errors import DocumentError, DocumentFault

_STREAM: Final = re.compile(rb"(?<!end)stream\r?\n")
_OBJECT: Final = re.compile(rb"(\d{1,10})\s+\d{1,5}\s+obj\b")
_CONTENTS: Final = re.compile(rb"/Contents\s*(?:(\d+)\s+\d+\s+R|\[([^\]]{0,100000})\])")
_REFERENCE: Final = re.compile(rb"(\d{1,10})\s+\d{1,5}\s+R")
_PICTURE: Final = re.compile(rb"/Subtype\s*/Image")
_FONT: Final = re.compile(rb"/Length[123]\b|/Subtype\s*/(?:CIDFontType0C|Type1C|OpenType)")
_FILTERS: Final = re.compile(rb"/(?:Filter|F)\s*(?:\[([^\]]{0,1000})\]|(/\w+))")
_HEAD: Final = 4_000  # of a stream's dictionary
_MAX_DRAWING: Final = 8 * 1024 * 1024
_MAX_DRAWINGS: Final = 32 * 1024 * 1024
_MAX_FONTS: Final = 128 * 1024 * 1024
_MAX_UNUSUAL: Final = 4 * 1024  # programs compress long content streams by the usual filters
_PACKED: Final = (b"FlateDecode", b"Fl", b"LZWDecode", b"LZW", b"RunLengthDecode", b"RL")
_STEP: Final = 256 * 1024


def check_streams(content: bytes) -> None:
    """Refuse a PDF whose streams unpack to more than any plan needs. Raises DocumentError."""
    named = _list_page_streams(content)
    drawings = fonts = before = 0
    for match in _STREAM.finditer(content):
        head = content[max(before, match.start() - _HEAD) : match.start()]
        before = match.end()
        objects = list(_OBJECT.finditer(head))
        number = int(objects[-1].group(1)) if objects else 0
        head = head[objects[-1].end() :] if objects else head
        if number not in named and _PICTURE.search(head):
            continue
        if number not in named and _FONT.search(head):
            fonts += _measure_unpacked(content, head, match.end(), _MAX_FONTS - fonts)
        else:
            limit = min(_MAX_DRAWING, _MAX_DRAWINGS - drawings)
            drawings += _measure_unpacked(content, head, match.end(), limit)


def _list_page_streams(content: bytes) -> frozenset[int]:
    """The object numbers of the pages' content streams."""
    numbers: set[int] = set()
    for single, several in _CONTENTS.findall(content):
        numbers.update(map(int, [single[:10]] if single else _REFERENCE.findall(several)))
    return frozenset(numbers)


def _measure_unpacked(content: bytes, head: bytes, start: int, limit: int) -> int:
    """The unpacked length of a stream in bytes."""
    match = _FILTERS.search(head)
    filters = re.findall(rb"/(\w+)", (match.group(1) or match.group(2)) if match else b"")
    match filters:
        case [] | [b"DCTDecode"] | [b"JPXDecode"]:
            return _check_limit(_get_length(content, start), limit)
        case [b"FlateDecode" | b"Fl"]:
            return _measure_inflated(content, start, limit)
        case [b"ASCII85Decode" | b"A85", b"FlateDecode" | b"Fl"]:
            text = content[start : start + _get_length(content, start)].strip().removesuffix(b"~>")
            try:
                return _measure_inflated(base64.a85decode(text), 0, limit)
            except ValueError:
                return 0  # PDFium does not read it either
        case _ if sum(each in _PACKED for each in filters) > 1:
            raise DocumentError(DocumentFault.TOO_LARGE, "a page is packed more than once")
        case _:
            return _check_limit(_get_length(content, start), min(limit, _MAX_UNUSUAL))


def _get_length(content: bytes, start: int) -> int:
    end = content.find(b"endstream", start)
    return (end if end >= 0 else len(content)) - start


def _check_limit(size: int, limit: int) -> int:
    if size > limit:
        raise DocumentError(DocumentFault.TOO_LARGE, "a page draws more than a table")
    return size


def _measure_inflated(content: bytes, start: int, limit: int) -> int:
    """Unpack in steps, without keeping the result, up to the end of the compressed stream."""
    unpacker = zlib.decompressobj()
    size = 0
    try:
        while not unpacker.eof and start < len(content):
            rest = content[start : start + _STEP]
            start += len(rest)
            while rest and not unpacker.eof:
                size = _check_limit(size + len(unpacker.decompress(rest, _STEP)), limit)
                rest = unpacker.unconsumed_tail
    except zlib.error:
        pass  # encrypted or damaged: PDFium stops here too
    return size
