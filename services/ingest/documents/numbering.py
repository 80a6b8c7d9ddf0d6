"""The numbers that a word processor prints before paragraphs but does not store as text."""

from typing import Final

from lxml import etree

W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CHINESE: Final = "零一二三四五六七八九"
_CHINESE_FORMATS: Final = frozenset(
    {"chineseCounting", "chineseCountingThousand", "ideographDigital", "japaneseCounting",
     "taiwaneseCounting", "taiwaneseCountingThousand", "chineseLegalSimplified"}
)  # fmt: skip
_LEVELS: Final = 9


class Numbering:
    """Counts numbered paragraphs in document order, as the program that prints them does."""

    def __init__(self, numbering: bytes | None, styles: bytes | None) -> None:
        self._abstract: dict[str, dict[int, etree._Element]] = {}
        self._of: dict[str, str] = {}
        self._style_numbers: dict[str, tuple[str, int]] = {}
        self._counts: dict[str, list[int]] = {}
        if numbering is not None:
            self._read(etree.fromstring(numbering, _parser()))
        if styles is not None:
            self._read_styles(etree.fromstring(styles, _parser()))

    def label(self, paragraph: etree._Element) -> str:
        """The number printed before this paragraph, or nothing; counts it."""
        number, level = self._number_of(paragraph)
        levels = self._abstract.get(self._of.get(number, ""))
        if not levels or level not in levels:
            return ""
        counts = self._counts.setdefault(number, [0] * _LEVELS)
        start = int(_value(levels[level].find(f"{W}start")) or 1)
        counts[level] = counts[level] + 1 if counts[level] else start
        for deeper in range(level + 1, _LEVELS):
            counts[deeper] = 0
        text = _value(levels[level].find(f"{W}lvlText")) or ""
        for index in range(level + 1):
            form = _value(levels[index].find(f"{W}numFmt")) if index in levels else "decimal"
            text = text.replace(f"%{index + 1}", _written(counts[index] or 1, form or "decimal"))
        return text

    def _number_of(self, paragraph: etree._Element) -> tuple[str, int]:
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return "", 0
        own = properties.find(f"{W}numPr")
        if own is not None:
            level = _value(own.find(f"{W}ilvl")) or "0"
            number = _value(own.find(f"{W}numId")) or ""
            return number, int(level) if level.isdecimal() else 0
        style = _value(properties.find(f"{W}pStyle")) or ""
        return self._style_numbers.get(style, ("", 0))

    def _read(self, root: etree._Element) -> None:
        for abstract in root.iter(f"{W}abstractNum"):
            levels = {}
            for level in abstract.iter(f"{W}lvl"):
                index = level.get(f"{W}ilvl") or "0"
                if index.isdecimal() and int(index) < _LEVELS:
                    levels[int(index)] = level
            self._abstract[abstract.get(f"{W}abstractNumId") or ""] = levels
        for number in root.iter(f"{W}num"):
            target = _value(number.find(f"{W}abstractNumId")) or ""
            self._of[number.get(f"{W}numId") or ""] = target

    def _read_styles(self, root: etree._Element) -> None:
        for style in root.iter(f"{W}style"):
            found = style.find(f"{W}pPr/{W}numPr/{W}numId")
            if found is not None:
                level = _value(style.find(f"{W}pPr/{W}numPr/{W}ilvl")) or "0"
                name = style.get(f"{W}styleId") or ""
                self._style_numbers[name] = (_value(found) or "", int(level))


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)


def _value(element: etree._Element | None) -> str | None:
    return None if element is None else element.get(f"{W}val")


def _written(number: int, form: str) -> str:
    if form in _CHINESE_FORMATS:
        return _chinese(number)
    if form == "decimalEnclosedCircle" or form.startswith("decimalEnclosedCircle"):
        return chr(0x245F + number) if 1 <= number <= 20 else str(number)  # noqa: PLR2004 - ①-⑳
    if form in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (number - 1) % 26)
        return letter.upper() if form == "upperLetter" else letter
    return "" if form in ("bullet", "none") else str(number)


def _chinese(number: int) -> str:
    """一 to 九十九, as lists count; digits beyond."""
    if not 0 < number < 100:  # noqa: PLR2004
        return str(number)
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_CHINESE[tens]}十"
    return head + (_CHINESE[ones] if ones or not tens else "")
