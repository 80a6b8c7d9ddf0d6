"""Finds the items (一、元旦：…) of a notice's text, and their year. Pure."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from services.ingest.domain.holiday_notices.notice import FESTIVALS
from services.ingest.domain.holiday_notices.squeezing import Squeezed

_NUMERALS = "一二三四五六七八九十"
_ALIASES = {"清明": "清明节", "五一": "劳动节", "端午": "端午节", "中秋": "中秋节"}
_ALIASES |= {"国庆": "国庆节", "新年": "元旦", "元旦节": "元旦", "国际劳动节": "劳动节"}
_ALIASES |= {"五一劳动节": "劳动节", "五一国际劳动节": "劳动节"}
_QUOTES = "“”\"'‘’"
_LONGEST_FIRST = sorted({*FESTIVALS, *_ALIASES}, key=len, reverse=True)
_KNOWN = rf"[{_QUOTES}]?(?:{'|'.join(_LONGEST_FIRST)})[{_QUOTES}]?"
_AND = "[、,和与及暨]"
_ORDINAL = rf"(?:[{_NUMERALS}]{{1,3}}、|\d{{1,2}}[、.]|\([{_NUMERALS}\d]{{1,3}}\)[、.]?)"
_HEADING = re.compile(
    rf"(?:{_ORDINAL})?(?P<names>{_KNOWN}(?:{_AND}?{_KNOWN})*)(?:(?P<colon>:)|(?=\d))"
)
_OTHER_HEADING = re.compile(rf"{_ORDINAL}(?P<names>[^:。;,\d]{{1,40}}):")
_EACH_NAME = re.compile("|".join(_LONGEST_FIRST))
_DIGITS = "〇一二三四五六七八九"
_YEAR = re.compile(
    rf"(\d{{4}}|[{_DIGITS}零]{{4}})年(?=(?:全年|部分|法定)*(?:节假日|放假|假期|{_KNOWN}))"
)


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the text.

    Attributes:
        year: that the text named last before it, as in 2027年部分节假日; None for none.
        names: of its festivals, in their usual forms.
        known: whether these are festivals that every notice has.
        begin: the place of its heading.
        body: where the text behind its heading begins.
        end: where the next item begins, or the text ends.
    """

    year: int | None
    names: tuple[str, ...]
    known: bool
    begin: int
    body: int
    end: int


def list_items(squeezed: Squeezed) -> list[Item]:
    """The items in the order of the text."""
    headings = sorted(_list_headings(squeezed), key=lambda heading: heading[0])
    ends = [*(begin for begin, *_ in headings), len(squeezed.text)][1:]
    years = [(match.start(), _read_year(match[1])) for match in _YEAR.finditer(squeezed.text)]
    places = [place for place, _ in years]
    items = []
    for (begin, body, names, known), end in zip(headings, ends, strict=True):
        before = bisect_left(places, begin)
        year = years[before - 1][1] if before else None
        items.append(Item(year, names, known, begin, body, end))
    return items


def _read_year(written: str) -> int:
    """The year of four digits, Arabic or Chinese."""
    if written.isdecimal():
        return int(written)
    return int("".join(str(_DIGITS.index(digit)) for digit in written.replace("零", "〇")))


def _list_headings(squeezed: Squeezed) -> Iterator[tuple[int, int, tuple[str, ...], bool]]:
    """Begin, end, names of each heading, and whether its festivals are known."""
    for match in _HEADING.finditer(squeezed.text):
        if match["colon"] or squeezed.is_line_start(match.start()):
            words = _EACH_NAME.findall(match["names"])
            names = tuple(dict.fromkeys(_ALIASES.get(word, word) for word in words))
            yield match.start(), match.end(), names, True
    for match in _OTHER_HEADING.finditer(squeezed.text):
        name = match["names"]
        if squeezed.is_line_start(match.start()) and not _HEADING.match(match[0]):
            yield match.start(), match.end(), (name.strip(_QUOTES),), False
