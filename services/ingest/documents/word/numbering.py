"""The numbers that a word processor prints before paragraphs but does not store as text."""

import re
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from services.ingest.documents.archives import whole, xml
from services.ingest.documents.word.counting import written

W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEVELS: Final = 9
_PLACE: Final = re.compile(r"%([1-9])")
_MAX_BASES: Final = 20  # styles that build on one another


@dataclass(frozen=True, slots=True)
class _Level:
    """One level of a list: `form` is the number's format, `text` what is printed with it."""

    form: str
    text: str
    start: int
    legal: bool  # prints every number in digits


@dataclass(slots=True)
class _List:
    """A definition of a list. All lists that are made of it count on together."""

    levels: dict[int, _Level] = field(default_factory=dict)
    counts: list[int | None] = field(default_factory=lambda: [None] * _LEVELS)
    by_style: dict[str, int] = field(default_factory=dict)
    same_as: str = ""


@dataclass(slots=True)
class _Number:
    """A list in the document: its definition, and what it changes in it."""

    definition: str
    restarts: dict[int, int] = field(default_factory=dict)
    levels: dict[int, _Level] = field(default_factory=dict)


class Numbering:
    """Counts numbered paragraphs in document order, as the program that prints them does."""

    def __init__(self, numbering: bytes | None, styles: bytes | None) -> None:
        self._lists: dict[str, _List] = {}
        self._numbers: dict[str, _Number] = {}
        self._styles: dict[str, tuple[str, int | None]] = {}
        self._bases: dict[str, str] = {}
        if numbering is not None:
            self._read(xml(numbering))
        if styles is not None:
            self._read_styles(xml(styles))

    def label(self, paragraph: etree._Element) -> str | None:
        """The number printed before this paragraph, and counts it; None if it is in no list.

        An item with a bullet, or whose number is not printed, has an empty label.
        """
        if not self._numbers:
            return None
        name, level = self._number_of(paragraph)
        number = self._numbers.get(name)
        definition = self._definition(number) if number else None
        if number is None or definition is None:
            return None
        levels = definition.levels | number.levels
        if level not in levels:
            return None
        self._count(number, definition, levels, level)
        return _printed(levels, level, definition.counts)

    def _count(
        self, number: _Number, definition: _List, levels: dict[int, _Level], level: int
    ) -> None:
        counts = definition.counts
        before = counts[level]
        counts[level] = levels[level].start if before is None else before + 1
        if level in number.restarts:
            counts[level] = number.restarts.pop(level)
        for deeper in range(level + 1, _LEVELS):
            counts[deeper] = None

    def _definition(self, number: _Number) -> _List | None:
        found = self._lists.get(number.definition)
        if found is not None and not found.levels and found.same_as:
            other = self._numbers.get(self._styles.get(found.same_as, ("", None))[0])
            found = self._lists.get(other.definition) if other else None
        return found

    def _number_of(self, paragraph: etree._Element) -> tuple[str, int]:
        """The list and the level: the paragraph's own, or those of its style."""
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return "", 0
        own, styled = properties.find(f"{W}numPr"), properties.find(f"{W}pStyle")
        name, level = _reference(own)
        style = _value(styled)
        for _ in range(_MAX_BASES):
            if not style or (name and level is not None):
                break
            its_name, its_level = self._styles.get(style, ("", None))
            name = name or its_name
            number = self._numbers.get(name)
            listed = self._lists.get(number.definition) if number else None
            linked = listed.by_style.get(style) if listed else None
            level = next((each for each in (level, its_level, linked) if each is not None), None)
            style = self._bases.get(style, "")
        return name, level or 0

    def _read(self, root: etree._Element) -> None:
        for abstract in root.iter(f"{W}abstractNum"):
            definition = _List(same_as=_value(abstract.find(f"{W}numStyleLink")))
            for level in abstract.iter(f"{W}lvl"):
                index = whole(level.get(f"{W}ilvl"))
                if 0 <= index < _LEVELS:
                    definition.levels[index] = _level(level)
                    definition.by_style[_value(level.find(f"{W}pStyle"))] = index
            definition.by_style.pop("", None)
            self._lists[abstract.get(f"{W}abstractNumId") or ""] = definition
        for each in root.iter(f"{W}num"):
            number = _Number(_value(each.find(f"{W}abstractNumId")))
            for change in each.iter(f"{W}lvlOverride"):
                index = whole(change.get(f"{W}ilvl"))
                start, own = change.find(f"{W}startOverride"), change.find(f"{W}lvl")
                if start is not None:
                    number.restarts[index] = whole(_value(start))
                if own is not None:
                    number.levels[index] = _level(own)
            self._numbers[each.get(f"{W}numId") or ""] = number

    def _read_styles(self, root: etree._Element) -> None:
        for style in root.iter(f"{W}style"):
            name = style.get(f"{W}styleId") or ""
            self._bases[name] = _value(style.find(f"{W}basedOn"))
            found = style.find(f"{W}pPr/{W}numPr")
            if found is not None:
                self._styles[name] = _reference(found)


def _printed(levels: dict[int, _Level], level: int, counts: list[int | None]) -> str:
    own = levels[level]
    if own.form in ("bullet", "none"):
        return ""

    def one(found: re.Match[str]) -> str:
        index = int(found.group(1)) - 1
        form = levels[index].form if index in levels else "decimal"
        if own.legal and form not in ("bullet", "none"):
            form = "decimal"
        count = counts[index]
        if count is None:  # a deeper item before any of its parents
            count = levels[index].start if index in levels else 1
        return written(count, form)

    return _PLACE.sub(one, own.text)


def _level(element: etree._Element) -> _Level:
    form = _value(element.find(f"{W}numFmt"))
    start = element.find(f"{W}start")
    legal = element.find(f"{W}isLgl")
    return _Level(
        form=form or "decimal",
        text=_value(element.find(f"{W}lvlText")),
        start=whole(_value(start)) if start is not None else 0,
        legal=legal is not None and _value(legal) not in ("0", "false"),
    )


def _reference(element: etree._Element | None) -> tuple[str, int | None]:
    if element is None:
        return "", None
    level = element.find(f"{W}ilvl")
    return _value(element.find(f"{W}numId")), None if level is None else whole(_value(level))


def _value(element: etree._Element | None) -> str:
    return "" if element is None else element.get(f"{W}val") or ""
