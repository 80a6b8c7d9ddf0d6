"""Which text of a Word document is struck through or hidden, directly or by a style."""

from dataclasses import dataclass
from typing import Final

from lxml import etree

from services.ingest.documents.archives import parse_xml
from services.ingest.documents.omitted import HIDDEN, STRUCK
from services.ingest.documents.word.numbering import W

_OFF: Final = ("0", "false", "off")
_MAX_BASES: Final = 20  # styles that build on one another
_KINDS: Final = {f"{W}strike": STRUCK, f"{W}dstrike": STRUCK, f"{W}vanish": HIDDEN}


@dataclass(frozen=True, slots=True)
class _Style:
    switches: dict[str, bool]
    base: str


class TextStyles:
    """Tells which runs are struck through or hidden, directly or by their styles."""

    def __init__(self, styles: bytes | None) -> None:
        self._styles: dict[str, _Style] = {}
        root = parse_xml(styles) if styles is not None else None
        for each in root.iterfind(f"{W}style") if root is not None else ():
            base = each.find(f"{W}basedOn")
            self._styles[each.get(f"{W}styleId") or ""] = _Style(
                _read_switches(each.find(f"{W}rPr")), _get_value(base)
            )
        self._any = any(True in each.switches.values() for each in self._styles.values())

    def get_paragraph_style(self, paragraph: etree._Element) -> dict[str, bool]:
        """The switches that the paragraph's style sets for its runs."""
        if not self._any:
            return {}
        return self._resolve_style(_get_value(paragraph.find(f"{W}pPr/{W}pStyle")))

    def get_omission(self, run: etree._Element, paragraph: dict[str, bool]) -> str | None:
        """The kind of omission, `STRUCK` or `HIDDEN`; None for a run with valid text."""
        properties = run.find(f"{W}rPr")
        switches = dict(paragraph)
        if properties is not None:
            switches |= self._resolve_style(_get_value(properties.find(f"{W}rStyle")))
            switches |= _read_switches(properties)
        return next((_KINDS[name] for name, on in switches.items() if on), None)

    def _resolve_style(self, name: str) -> dict[str, bool]:
        switches: dict[str, bool] = {}
        for _ in range(_MAX_BASES):
            style = self._styles.get(name)
            if style is None:
                break
            switches = style.switches | switches
            name = style.base
        return switches


def _read_switches(properties: etree._Element | None) -> dict[str, bool]:
    if properties is None:
        return {}
    return {
        str(each.tag): each.get(f"{W}val") not in _OFF for each in properties if each.tag in _KINDS
    }


def _get_value(element: etree._Element | None) -> str:
    return (element.get(f"{W}val") or "") if element is not None else ""
