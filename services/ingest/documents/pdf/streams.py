"""The packed streams of a PDF, measured before PDFium unpacks them: it takes a gigabyte of each.

What a page draws becomes objects that take a hundred times its text. Fonts may be longer;
pictures stay packed, unless a page names one as its drawing.
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
_MAX_UNUSUAL: Final = 4 * 1024  # no one packs a long drawing in another way
_PACKED: Final = (b"FlateDecode", b"Fl", b"LZWDecode", b"LZW", b"RunLengthDecode", b"RL")
_STEP: Final = 256 * 1024


def check_streams(data: bytes) -> None:
    """Refuse a PDF whose pages unpack to more than any plan draws. Raises DocumentError."""
    named = _named(data)
    drawings = fonts = before = 0
    for found in _STREAM.finditer(data):
        head = data[max(before, found.start() - _HEAD) : found.start()]
        before = found.end()
        objects = list(_OBJECT.finditer(head))
        number = int(objects[-1].group(1)) if objects else 0
        head = head[objects[-1].end() :] if objects else head
        if number not in named and _PICTURE.search(head):
            continue
        if number not in named and _FONT.search(head):
            fonts += _unpacked(data, head, found.end(), _MAX_FONTS - fonts)
        else:
            limit = min(_MAX_DRAWING, _MAX_DRAWINGS - drawings)
            drawings += _unpacked(data, head, found.end(), limit)


def _named(data: bytes) -> frozenset[int]:
    """The numbers of the streams that pages name as their drawing."""
    numbers: set[int] = set()
    for one, several in _CONTENTS.findall(data):
        numbers.update(map(int, [one[:10]] if one else _REFERENCE.findall(several)))
    return frozenset(numbers)


def _unpacked(data: bytes, head: bytes, start: int, limit: int) -> int:
    """How long a stream is once it is unpacked, in bytes."""
    found = _FILTERS.search(head)
    filters = re.findall(rb"/(\w+)", (found.group(1) or found.group(2)) if found else b"")
    match filters:
        case [] | [b"DCTDecode"] | [b"JPXDecode"]:
            return _within(_length(data, start), limit)
        case [b"FlateDecode" | b"Fl"]:
            return _inflated(data, start, limit)
        case [b"ASCII85Decode" | b"A85", b"FlateDecode" | b"Fl"]:
            text = data[start : start + _length(data, start)].strip().removesuffix(b"~>")
            try:
                return _inflated(base64.a85decode(text), 0, limit)
            except ValueError:
                return 0  # PDFium reads none of it either
        case _ if sum(each in _PACKED for each in filters) > 1:
            raise DocumentError(DocumentFault.TOO_LARGE, "a page is packed more than once")
        case _:
            return _within(_length(data, start), min(limit, _MAX_UNUSUAL))


def _length(data: bytes, start: int) -> int:
    end = data.find(b"endstream", start)
    return (end if end >= 0 else len(data)) - start


def _within(size: int, limit: int) -> int:
    if size > limit:
        raise DocumentError(DocumentFault.TOO_LARGE, "a page draws more than a table")
    return size


def _inflated(data: bytes, start: int, limit: int) -> int:
    """Unpack step by step, and keep nothing. The stream's own end counts, whatever follows."""
    unpacker = zlib.decompressobj()
    size = 0
    try:
        while not unpacker.eof and start < len(data):
            rest = data[start : start + _STEP]
            start += len(rest)
            while rest and not unpacker.eof:
                size = _within(size + len(unpacker.decompress(rest, _STEP)), limit)
                rest = unpacker.unconsumed_tail
    except zlib.error:
        pass  # encrypted or damaged: PDFium reads no further
    return size
