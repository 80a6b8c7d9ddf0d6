"""The visible text of a Word paragraph: no deleted or hidden text, no field codes."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from services.ingest.documents.omitted import DELETED, OmittedText
from services.ingest.documents.word.numbering import W
from services.ingest.documents.word.styles import TextStyles

_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BOX: Final = f"{W}txbxContent"
_NOT_PRINTED: Final = frozenset(
    {
        *(f"{W}{name}" for name in ("del", "moveFrom", "pPr", "rPr", "instrText", "rt")),
        _FALLBACK,  # a copy of the element beside it, for older programs
        _BOX,  # read separately, as paragraphs of its own
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


def read_text(paragraph: etree._Element, styles: TextStyles, omitted: OmittedText) -> str:
    """The paragraph's valid text with its line breaks; `omitted` collects the other text."""
    pieces: list[str] = []
    style = styles.get_paragraph_style(paragraph)
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
        elif tag == _RUN and (kind := styles.get_omission(element, style)) is not None:
            omitted.note(kind, "".join(each.text or "" for each in element.iter(_TEXT)))
        elif tag == _DELETED:
            omitted.note(DELETED, "".join(each.text or "" for each in element.iter(_GONE)))
        elif tag not in _NOT_PRINTED:
            stack.append(iter(element))
    return "".join(pieces)


def has_deleted_mark(paragraph: etree._Element) -> bool:
    """Whether the paragraph mark was deleted, so that the next paragraph continues this one."""
    return paragraph.find(f"{W}pPr/{W}rPr/{W}del") is not None


def list_text_boxes(paragraph: etree._Element) -> Iterator[etree._Element]:
    """The outermost text boxes anchored in a paragraph, each once."""
    stack = [iter(paragraph)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
        elif element.tag == _BOX:
            yield element
        elif element.tag not in (_FALLBACK, _TEXT) and len(element):
            stack.append(iter(element))
