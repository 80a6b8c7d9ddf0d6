"""Expressions of time in folded text, not yet resolved to days."""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.ingest.extraction.vocabulary.characters import NUMERALS
from services.ingest.extraction.vocabulary.time_words import BEFORE, ENDS, JOINERS, TO, YEAR_NUMBER

_RELATIVE: Final = r"(?P<relative>次年|明年|翌年|下一?年|今年|本年度?|当年)"
_YEAR: Final = f"(?:(?P<year>{YEAR_NUMBER})(?:年(?:度)?|(?=年[底末终内]))|{_RELATIVE})?"
_BEFORE: Final = rf"(?P<before>{BEFORE})?"
_FORMS: Final = (
    # 2023年6月30日前; the month may carry several days, as in 6月5日、20日
    (
        rf"{_YEAR}(?P<month>\d{{1,2}})月(?:份)?(?P<days>\d{{1,2}}[日号]?(?:[{JOINERS}]\d{{1,2}}[日号]?(?!\d*月)){{0,5}}"
        rf"(?<=[日号])){_BEFORE}"
    ),
    # 3、6、9、12月20日前, 6月和12月的5日: each month's day
    (
        rf"{_YEAR}(?P<each>(?:\d{{1,2}}[{JOINERS}]){{1,11}}\d{{1,2}}月(?:份)?的?"
        rf"|(?:\d{{1,2}}月(?:份)?[{JOINERS}]){{1,11}}\d{{1,2}}月(?:份)?(?P<shared>的)?)(?P<day>\d{{1,2}}[日号]?(?:[{JOINERS}]\d{{1,2}}[日号]?(?!\d*月)){{0,5}}(?<=[日号])){_BEFORE}"
    ),
    # 2023年6月底前, 6月上旬, 12月前, 9月; a list of months shares what follows the last
    (
        rf"{_YEAR}(?P<months>\d{{1,2}}月?(?:份)?(?:[{ENDS}]?[{JOINERS}]\d{{1,2}}月?(?:份)?){{0,11}}(?<=[月份]))"
        rf"(?P<part>上旬|中旬|下旬|底|末|月底|初|中)?(?P<within>内)?{_BEFORE}"
    ),
    # 2023年上半年, 第3季度末
    f"{_YEAR}(?P<halves>上(?:半年)?[{JOINERS}]?下半年)(?:[底末内])?{_BEFORE}",
    rf"{_YEAR}(?P<half>[上下])半年(?:[底末内])?{_BEFORE}",
    f"{_YEAR}第?(?P<quarters>[1-4](?:[{JOINERS}]第?[1-4])+)个?季度(?P<qend>[{ENDS}])?(?:内)?{_BEFORE}",
    f"{_YEAR}第?(?P<quarter>[1-4])个?季度(?P<qend>[{ENDS}])?(?:内)?{_BEFORE}",
    # 年底前, 2023年年底, 2023年末, 年内, 次年底
    f"(?:(?P<year>{YEAR_NUMBER})年?|(?P<relative>次|明|翌|今|本|当|全))?年(?:度)?(?P<yend>[底末终内]){BEFORE}?",
    # 2023-2025年
    f"{YEAR_NUMBER}年?{TO}(?P<until>{YEAR_NUMBER})年(?:度)?(?:(?P<uend>[{ENDS}])前?)?",
    # 到2025年, 2023年前, 2023年
    f"(?P<bare>{YEAR_NUMBER})年(?:度)?(?P<before>{BEFORE})?",
    # 2023.6.30, 2023-06, 20230630
    (
        rf"(?<!\d)(?P<year>{YEAR_NUMBER})[./-](?P<month>\d{{1,2}})(?:[./-](?P<day>\d{{1,2}}))?"
        rf"(?:0{{1,2}}:00(?::00(?:\.0+)?)?|(?!\d))(?P<before>{BEFORE})?"
        rf"|(?<!\d)(?P<compact>{YEAR_NUMBER}\d{{4}}|20\d{{4}})(?!\d)"
    ),
)
_NUMERALS: Final = frozenset(f"0123456789两{NUMERALS}几数多")
_FORM_PATTERNS: Final = [re.compile(form) for form in _FORMS]
_RANGE: Final = re.compile(f"^起?{TO}")
_SPAN_HEAD: Final = re.compile(
    rf"(?:(?P<year>{YEAR_NUMBER})年)?\d{{1,2}}(?:月\d{{1,2}}[日号]?)?{TO}$"
)
_CONTEXT: Final = 24  # characters before a month that can hold the first half of its span


class TimeParts(NamedTuple):
    """The named groups of the forms above; a part that the expression lacks is empty.

    The months of a list are in `months`, or in `each` where a day follows that all of them
    share. `yend`, `qend` and `uend` are the words for the end of a year, a quarter and a span.
    """

    year: str = ""
    relative: str = ""
    bare: str = ""
    until: str = ""
    half: str = ""
    halves: str = ""
    quarter: str = ""
    quarters: str = ""
    month: str = ""
    months: str = ""
    each: str = ""
    shared: str = ""
    part: str = ""
    day: str = ""
    days: str = ""
    compact: str = ""
    before: str = ""
    within: str = ""
    yend: str = ""
    qend: str = ""
    uend: str = ""


@dataclass(frozen=True, slots=True)
class TimeToken:
    """One expression of time: its span of the text and its parts."""

    start: int
    end: int
    parts: TimeParts


def find_tokens(text: str) -> list[TimeToken]:
    """Find the expressions of time in order; of two that overlap the earlier or longer one.

    A span such as 3月至6月 is one expression, read as its end.
    """
    tokens: list[TimeToken] = []
    position = 0
    # The next match of each form; a form without one is not searched again.
    ahead = [pattern.search(text) for pattern in _FORM_PATTERNS]
    while position < len(text):
        for index, match in enumerate(ahead):
            if match and match.start() < position:
                ahead[index] = _FORM_PATTERNS[index].search(text, position)
        matches = [match for match in ahead if match]
        if not matches:
            break
        best = min(matches, key=lambda match: (match.start(), -match.end()))
        if not _is_duration(best, text):
            parts = TimeParts(**{name: part for name, part in best.groupdict("").items() if part})
            tokens.append(TimeToken(best.start(), best.end(), parts))
        position = best.end()
    return _merge_ranges(tokens, text)


def _is_duration(match: re.Match[str], text: str) -> bool:
    """Whether the match is no date: part of a number (2年 in 12年) or a duration (3年内)."""
    start = match.start()
    before = text[start - 1] if start else ""
    return (before.isdecimal() and text[start].isdecimal()) or (
        text[start] == "年" and before != "" and before in _NUMERALS
    )


def _merge_ranges(tokens: list[TimeToken], text: str) -> list[TimeToken]:
    """Merge the two ends of a span: 3月至6月 is read as 6月, in the year of the first."""
    kept: list[TimeToken] = []
    for token in tokens:
        if kept:
            between = text[kept[-1].end : token.start]
            if _RANGE.fullmatch(between):
                first = kept.pop()
                parts = token.parts
                if not (parts.year or parts.relative or parts.bare):
                    year = first.parts.year or first.parts.bare
                    parts = parts._replace(year=year, relative=first.parts.relative)
                kept.append(TimeToken(first.start, token.end, parts))
                continue
        kept.append(token)
    # 3-6月: the first number has no 月, and the widened token may cover the token of a year
    widened: list[TimeToken] = []
    for token in (_widen(each, text) for each in kept):
        while widened and widened[-1].end > token.start:
            widened.pop()
        widened.append(token)
    return widened


def _widen(token: TimeToken, text: str) -> TimeToken:
    """The token with the first half of its span before it: 3- before 6月."""
    start = max(0, token.start - _CONTEXT)
    head = _SPAN_HEAD.search(text[start : token.start])
    if head is None:
        return token
    year = token.parts.year or head["year"] or ""
    return TimeToken(start + head.start(), token.end, token.parts._replace(year=year))
