"""What a paragraph of a word processor prints: no deleted or hidden words, no field codes."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from services.ingest.documents.unseen import DELETED, Unseen
from services.ingest.documents.word.numbering import W
from services.ingest.documents.word.styles import Looks

_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BOX: Final = f"{W}txbxContent"
_UNSEEN: Final = frozenset(
    {
        *(f"{W}{name}" for name in ("del", "moveFrom", "pPr", "rPr", "instrText", "rt")),
        _FALLBACK,  # an older program's copy of what stands beside it
        _BOX,  # read apart: it is a place of its own on the page
    }
)
_TEXT, _RUN = f"{W}t", f"{W}r"
_DELETED, _GONE = f"{W}del", f"{W}delText"
_EQUATION_TEXT: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_SIGNS: Final = {
    f"{W}br": "\n",
    f"{W}cr": "\n",
    f"{W}tab": " ",
    f"{W}ptab": " ",
    f"{W}noBreakHyphen": "-",
}


def printed(paragraph: etree._Element, looks: Looks, unseen: Unseen) -> str:
    """The paragraph's text, its line breaks kept. Words that are not valid are noted instead."""
    pieces: list[str] = []
    style = looks.of_paragraph(paragraph)
    stack = [iter(paragraph)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
            continue
        tag = element.tag
        if tag in (_TEXT, _EQUATION_TEXT):
            pieces.append(element.text or "")
        elif tag in _SIGNS:
            pieces.append(_SIGNS[tag])
        elif tag == _RUN and (kind := looks.unseen(element, style)) is not None:
            unseen.note(kind, "".join(each.text or "" for each in element.iter(_TEXT)))
        elif tag == _DELETED:
            unseen.note(DELETED, "".join(each.text or "" for each in element.iter(_GONE)))
        elif tag not in _UNSEEN:
            stack.append(iter(element))
    return "".join(pieces)


def mark_deleted(paragraph: etree._Element) -> bool:
    """Whether the end of the paragraph was deleted: the next one then continues it."""
    return paragraph.find(f"{W}pPr/{W}rPr/{W}del") is not None


def boxes_in(paragraph: etree._Element) -> Iterator[etree._Element]:
    """Text boxes anchored in a paragraph, once each; a box within a box is its own affair."""
    stack = [iter(paragraph)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
        elif element.tag == _BOX:
            yield element
        elif element.tag not in (_FALLBACK, _TEXT) and len(element):
            stack.append(iter(element))
