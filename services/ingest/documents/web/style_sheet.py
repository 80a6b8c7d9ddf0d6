"""Which elements of a web page are hidden or struck through.

Decided by tags (<s>, <del>), by attributes, and by the page's own style sheet, as far as its
selectors consist of tags, classes, ids and descendants.
"""

import re
from collections.abc import Iterator
from typing import Final

from lxml import html

from services.ingest.documents.omitted import HIDDEN, STRUCK

_STRUCK_TAGS: Final = frozenset({"s", "del", "strike"})
_HIDES: Final = re.compile(r"display:none|visibility:(?:hidden|collapse)|mso-hide:all")
_STRIKES: Final = re.compile(r"text-decoration(?:-line)?:[^;]*line-through")
_COMMENT: Final = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_AT_RULE: Final = re.compile(
    r"@[^{};]{0,500}(?:;|\{(?:[^{}]{0,5000}\{[^{}]{0,5000}\}){0,200}[^{}]{0,5000}\})"
)
_RULE: Final = re.compile(r"([^{}]{1,1000})\{([^{}]{0,5000})\}")
_SIMPLE: Final = re.compile(r"(?P<tag>[a-z][a-z0-9]*|\*)?(?P<rest>(?:[.#][\w-]+)*)", re.IGNORECASE)
_MAX_RULES: Final = 500

Selector = tuple[tuple[str, frozenset[str]], ...]
"""The compounds from the outermost to the element: a tag, and its .classes and #ids."""


class StyleSheet:
    """The rules of the page's style sheet that hide elements or strike them through."""

    def __init__(self, root: html.HtmlElement) -> None:
        sheets = " ".join(each.text or "" for each in root.iter("style"))
        self._rules = list(_parse_rules(sheets))

    def get_omission(self, element: html.HtmlElement) -> str | None:
        """The kind of omission, `HIDDEN` or `STRUCK`; None for an element with valid text."""
        if element.tag in _STRUCK_TAGS:
            return STRUCK
        style = re.sub(r"\s", "", (element.get("style") or "").lower())
        if element.get("hidden") is not None or _HIDES.search(style):
            return HIDDEN
        if _STRIKES.search(style):
            return STRUCK
        if not self._rules or not (element.get("class") or element.get("id") or self._by_tag):
            return None
        return next((kind for rule, kind in self._rules if _is_selected(element, rule)), None)

    @property
    def _by_tag(self) -> bool:
        return any(not names for rule, _ in self._rules for _, names in rule[-1:])


def _parse_rules(sheet: str) -> Iterator[tuple[Selector, str]]:
    text = _AT_RULE.sub("", _COMMENT.sub("", sheet))
    for number, match in enumerate(_RULE.finditer(text)):
        if number >= _MAX_RULES:
            return
        body = re.sub(r"\s", "", match[2].lower())
        kind = HIDDEN if _HIDES.search(body) else STRUCK if _STRIKES.search(body) else None
        for selector in match[1].split(",") if kind else ():
            parts = [_SIMPLE.fullmatch(part) for part in selector.replace(">", " ").split()]
            if parts and all(parts):
                yield tuple(_parse_compound(part) for part in parts if part), kind or HIDDEN


def _parse_compound(match: re.Match[str]) -> tuple[str, frozenset[str]]:
    return (match["tag"] or "*").lower(), frozenset(re.findall(r"[.#][\w-]+", match["rest"]))


def _is_selected(element: html.HtmlElement, selector: Selector) -> bool:
    *outer, last = selector
    if not _has_compound(element, last):
        return False
    above = element.getparent()
    for compound in reversed(outer):
        while above is not None and not _has_compound(above, compound):
            above = above.getparent()
        if above is None:
            return False
        above = above.getparent()
    return True


def _has_compound(element: html.HtmlElement, compound: tuple[str, frozenset[str]]) -> bool:
    tag, names = compound
    own = {f".{each}" for each in (element.get("class") or "").split()} | {f"#{element.get('id')}"}
    return tag in ("*", element.tag) and names <= own
