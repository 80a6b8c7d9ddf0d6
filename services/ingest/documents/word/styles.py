"""Which words of a Word document are struck through or hidden: by themselves or by a style."""

from dataclasses import dataclass
from typing import Final

from lxml import etree

from services.ingest.documents.archives import xml
from services.ingest.documents.unseen import HIDDEN, STRUCK
from services.ingest.documents.word.numbering import W

_OFF: Final = ("0", "false", "off")
_MAX_BASES: Final = 20  # styles that build on one another
_KINDS: Final = {f"{W}strike": STRUCK, f"{W}dstrike": STRUCK, f"{W}vanish": HIDDEN}


@dataclass(frozen=True, slots=True)
class _Style:
    looks: dict[str, bool]
    base: str


class Looks:
    """Answers for a run whether a reader of the page sees its words as valid."""

    def __init__(self, styles: bytes | None) -> None:
        self._styles: dict[str, _Style] = {}
        root = xml(styles) if styles is not None else None
        for each in root.iterfind(f"{W}style") if root is not None else ():
            base = each.find(f"{W}basedOn")
            self._styles[each.get(f"{W}styleId") or ""] = _Style(
                _set(each.find(f"{W}rPr")), _value(base)
            )
        self._any = any(True in each.looks.values() for each in self._styles.values())

    def of_paragraph(self, paragraph: etree._Element) -> dict[str, bool]:
        """What the paragraph's style sets for its runs."""
        if not self._any:
            return {}
        return self._of_style(_value(paragraph.find(f"{W}pPr/{W}pStyle")))

    def unseen(self, run: etree._Element, paragraph: dict[str, bool]) -> str | None:
        """Why the run's words are not valid: the kind that is told; None for words that are."""
        properties = run.find(f"{W}rPr")
        looks = dict(paragraph)
        if properties is not None:
            looks |= self._of_style(_value(properties.find(f"{W}rStyle")))
            looks |= _set(properties)
        return next((_KINDS[name] for name, on in looks.items() if on), None)

    def _of_style(self, name: str) -> dict[str, bool]:
        looks: dict[str, bool] = {}
        for _ in range(_MAX_BASES):
            style = self._styles.get(name)
            if style is None:
                break
            looks = style.looks | looks
            name = style.base
        return looks


def _set(properties: etree._Element | None) -> dict[str, bool]:
    if properties is None:
        return {}
    return {
        str(each.tag): each.get(f"{W}val") not in _OFF for each in properties if each.tag in _KINDS
    }


def _value(element: etree._Element | None) -> str:
    return (element.get(f"{W}val") or "") if element is not None else ""
