"""Automatic paragraph numbers: a word processor prints them but does not store them as text."""

import re
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from services.ingest.documents.archives import parse_xml, to_whole_number
from services.ingest.documents.word.number_formats import format_number

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
    """A definition of a list. All lists with this definition share its counts."""

    levels: dict[int, _Level] = field(default_factory=dict)
    counts: list[int | None] = field(default_factory=lambda: [None] * _LEVELS)
    by_style: dict[str, int] = field(default_factory=dict)
    same_as: str = ""


@dataclass(slots=True)
class _Number:
    """A list in the document: its definition, and its changes to it."""

    definition: str
    restarts: dict[int, int] = field(default_factory=dict)
    levels: dict[int, _Level] = field(default_factory=dict)


class Numbering:
    """Counts numbered paragraphs in document order, as word processors do."""

    def __init__(self, numbering: bytes | None, styles: bytes | None) -> None:
        self._lists: dict[str, _List] = {}
        self._numbers: dict[str, _Number] = {}
        self._styles: dict[str, tuple[str, int | None]] = {}
        self._bases: dict[str, str] = {}
        if numbering is not None:
            self._read(parse_xml(numbering))
        if styles is not None:
            self._read_styles(parse_xml(styles))

    def get_label(self, paragraph: etree._Element) -> str | None:
        """Count this paragraph and return the number printed before it; None outside lists.

        An item with a bullet, or whose number is not printed, has an empty label.
        """
        if not self._numbers:
            return None
        name, level = self._get_list_and_level(paragraph)
        number = self._numbers.get(name)
        definition = self._get_definition(number) if number else None
        if number is None or definition is None:
            return None
        levels = definition.levels | number.levels
        if level not in levels:
            return None
        self._count(number, definition, levels, level)
        return _format_label(levels, level, definition.counts)

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

    def _get_definition(self, number: _Number) -> _List | None:
        definition = self._lists.get(number.definition)
        if definition is not None and not definition.levels and definition.same_as:
            other = self._numbers.get(self._styles.get(definition.same_as, ("", None))[0])
            definition = self._lists.get(other.definition) if other else None
        return definition

    def _get_list_and_level(self, paragraph: etree._Element) -> tuple[str, int]:
        """The list and the level of the paragraph, or of its style."""
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return "", 0
        own, styled = properties.find(f"{W}numPr"), properties.find(f"{W}pStyle")
        name, level = _read_list_reference(own)
        style = _get_value(styled)
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
            definition = _List(same_as=_get_value(abstract.find(f"{W}numStyleLink")))
            for level in abstract.iter(f"{W}lvl"):
                index = to_whole_number(level.get(f"{W}ilvl"))
                if 0 <= index < _LEVELS:
                    definition.levels[index] = _read_level(level)
                    definition.by_style[_get_value(level.find(f"{W}pStyle"))] = index
            definition.by_style.pop("", None)
            self._lists[abstract.get(f"{W}abstractNumId") or ""] = definition
        for each in root.iter(f"{W}num"):
            number = _Number(_get_value(each.find(f"{W}abstractNumId")))
            for change in each.iter(f"{W}lvlOverride"):
                index = to_whole_number(change.get(f"{W}ilvl"))
                start, own = change.find(f"{W}startOverride"), change.find(f"{W}lvl")
                if start is not None:
                    number.restarts[index] = to_whole_number(_get_value(start))
                if own is not None:
                    number.levels[index] = _read_level(own)
            self._numbers[each.get(f"{W}numId") or ""] = number

    def _read_styles(self, root: etree._Element) -> None:
        for style in root.iter(f"{W}style"):
            name = style.get(f"{W}styleId") or ""
            self._bases[name] = _get_value(style.find(f"{W}basedOn"))
            definition = style.find(f"{W}pPr/{W}numPr")
            if definition is not None:
                self._styles[name] = _read_list_reference(definition)


def _format_label(levels: dict[int, _Level], level: int, counts: list[int | None]) -> str:
    own = levels[level]
    if own.form in ("bullet", "none"):
        return ""

    def format_count(match: re.Match[str]) -> str:
        index = int(match.group(1)) - 1
        form = levels[index].form if index in levels else "decimal"
        if own.legal and form not in ("bullet", "none"):
            form = "decimal"
        count = counts[index]
        if count is None:  # an item before any item of its parent level
            count = levels[index].start if index in levels else 1
        return format_number(count, form)

    return _PLACE.sub(format_count, own.text)


def _read_level(element: etree._Element) -> _Level:
    form = _get_value(element.find(f"{W}numFmt"))
    start = element.find(f"{W}start")
    legal = element.find(f"{W}isLgl")
    return _Level(
        form=form or "decimal",
        text=_get_value(element.find(f"{W}lvlText")),
        start=to_whole_number(_get_value(start)) if start is not None else 0,
        legal=legal is not None and _get_value(legal) not in ("0", "false"),
    )


def _read_list_reference(element: etree._Element | None) -> tuple[str, int | None]:
    if element is None:
        return "", None
    level = element.find(f"{W}ilvl")
    return _get_value(element.find(f"{W}numId")), None if level is None else to_whole_number(
        _get_value(level)
    )


def _get_value(element: etree._Element | None) -> str:
    return "" if element is None else element.get(f"{W}val") or ""
