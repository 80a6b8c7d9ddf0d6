"""The grammar of deadlines: words to dates, or to the reason why they are none.

Readings, as offices use them: a month's end is its last day; N月N日前 is that day; 12月前 ends the
day before the month begins; a year's or a quarter's end is its last day; 上旬 and 中旬 end on the
10th and the 20th. A date without a year takes the year printed before it in the same text, else
the plan's.
"""

import calendar
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from services.ingest.extraction.numerals import to_digits
from services.ingest.extraction.prose import half_width
from services.ingest.extraction.review import ReviewCode

_RELATIVE: Final = r"(?P<relative>次年|明年|翌年|下一?年|今年|本年度?|当年)"
_YEAR: Final = rf"(?:(?P<year>(?:19|20)\d\d)(?:年(?:度)?|(?=年[底末终内]))|{_RELATIVE})?"
_BEFORE: Final = r"(?P<before>以前|之前|前)?"
_FORMS: Final = (
    # 2023年6月30日前; the day may carry several, as in 5日、20日
    rf"{_YEAR}(?P<month>\d{{1,2}})月(?:份)?(?P<day>\d{{1,2}})[日号]{_BEFORE}",
    # 2023年6月底前, 6月上旬, 12月前, 9月; a list of months shares what follows the last
    (
        rf"{_YEAR}(?P<months>\d{{1,2}}月?(?:份)?(?:[底末]?[、,和及]\d{{1,2}}月?(?:份)?){{0,11}}(?<=[月份]))"
        rf"(?P<part>上旬|中旬|下旬|底|末|月底|初|中)?(?P<within>内)?{_BEFORE}"
    ),
    # 2023年上半年, 第3季度末
    rf"{_YEAR}(?P<half>[上下])半年(?:[底末内])?{_BEFORE}",
    rf"{_YEAR}第?(?P<quarter>[1-4])个?季度(?P<qend>[底末])?(?:内)?{_BEFORE}",
    # 年底前, 2023年年底, 2023年末, 年内, 次年底
    r"(?:(?P<year>(?:19|20)\d\d)年?|(?P<relative>次|明|翌|今|本|当|全))?年(?:度)?(?P<yend>[底末终内])(?:以前|之前|前)?",
    # 到2025年, 2023年前, 2023年
    r"(?P<bare>(?:19|20)\d\d)年(?:度)?(?P<before>以前|之前|前)?",
)
_NUMERIC: Final = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)[./-](?P<month>\d{1,2})(?:[./-](?P<day>\d{1,2}))?(?!\d)"
    r"(?:0:00(?::00)?)?|(?<!\d)(?P<compact>(?:19|20)\d{6}|20\d{4})(?!\d)"
)
_TOKENS: Final = [re.compile(form) for form in _FORMS]
_NEAR: Final = 24  # characters beside a date that can tell what it is
_DONE: Final = (
    r"(?:[^，。；、,;\d]{0,6}?(?:完成|投入|建成|开工|动工|竣工|启用|上线|运行|印发|出台|制定|报送|上报|报|公布|公开|发布|实现"
    r"|达到|交付|办结|结束|落实|到位|开展|举办|组织|召开|启动|形成|查漏|收官|见效|整改|更新|梳理|编制|提交|开放|试行|验收))"
)
_AFTER: Final = re.compile(
    r"(?:起|以来|后|之后|以后|开始|至|到|—|-|~|正式?施行|实施的|印发的|发布的|出台的|修订的|期间|的)"
)
_LEADING: Final = re.compile(
    r"(?:截至|截止到?|力争|确保|争取|务必|原则上|最迟|不晚于|不迟于|赶在|于|在|到|至|-|—|~)$"
)
_RANGE: Final = re.compile(r"^(?:至|到|—+|-+|~|–)")
_PAST: Final = re.compile(r"(?:去年|上年度?|往年|历年|此前|截至目前)$")


@dataclass(slots=True)
class Found:
    """The dates that a text names, and what of it was no date. Spans are of `text`."""

    text: str
    dates: list[date] = field(default_factory=list)
    problems: list[ReviewCode] = field(default_factory=list)
    rest: str = ""


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    values: dict[str, str | None]


def fold(text: str) -> str:
    """The text as the grammar reads it: half width, no blanks, digits for Chinese numerals."""
    return to_digits(half_width(text))


def read_cell(text: str, year: int | None) -> Found:
    """Every date of a deadline cell, in printed order; `rest` is what is left of its text.

    `year` is the plan's. A date that does not exist, or one whose year is unknown, yields no
    date but a review code. Nothing is ever guessed.
    """
    return _collect(_ranges(_tokens(text, numeric=True), text), text, year)


def read_prose(text: str, year: int | None) -> Found:
    """The deadlines in a sentence: only dates that its words bind to an end (前, 底, 完成)."""
    tokens = [t for t in _ranges(_tokens(text, numeric=False), text) if _binds(t, text)]
    return _collect(tokens, text, year)


def _tokens(text: str, *, numeric: bool) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    patterns = [*_TOKENS, _NUMERIC] if numeric else _TOKENS
    ahead = [pattern.search(text) for pattern in patterns]
    while position < len(text):
        best: re.Match[str] | None = None
        for index, pattern in enumerate(patterns):
            match = ahead[index]
            if match and match.start() < position:
                match = ahead[index] = pattern.search(text, position)
            if match and (
                best is None or (match.start(), -match.end()) < (best.start(), -best.end())
            ):
                best = match
        if best is None:
            break
        if not _counts_duration(best, text):
            found.append(_Token(best.start(), best.end(), best.groupdict()))
        position = best.end()
    return found


def _counts_duration(match: re.Match[str], text: str) -> bool:
    """Part of a longer number, as the 2年 in 12年: not a date."""
    start = match.start()
    return start > 0 and text[start - 1].isdecimal() and text[start].isdecimal()


def _ranges(tokens: list[_Token], text: str) -> list[_Token]:
    """A span of time ends with its last day: 3月至6月 is read as 6月 of the first one's year."""
    kept: list[_Token] = []
    for token in tokens:
        if kept:
            between = text[kept[-1].end : token.start]
            if _RANGE.fullmatch(between):
                first = kept.pop()
                values = dict(token.values)
                if not values.get("year") and not values.get("relative"):
                    values["year"] = first.values.get("year") or first.values.get("bare")
                    values["relative"] = first.values.get("relative")
                kept.append(_Token(first.start, token.end, values))
                continue
        kept.append(token)
    # 3-6月: the first number stands without its 月, and may take a year's token with it
    widened: list[_Token] = []
    for token in (_widen(each, text) for each in kept):
        while widened and widened[-1].end > token.start:
            widened.pop()
        widened.append(token)
    return widened


def _widen(token: _Token, text: str) -> _Token:
    head = re.search(
        r"(?:(?P<year>(?:19|20)\d\d)年)?\d{1,2}(?:月\d{1,2}[日号]?)?(?:-+|—+|~|–|至|到)$",
        text[(skipped := max(0, token.start - _NEAR)) : token.start],
    )
    if head is None:
        return token
    values = dict(token.values)
    values["year"] = values.get("year") or head.group("year")
    return _Token(skipped + head.start(), token.end, values)


def _binds(token: _Token, text: str) -> bool:
    """Whether the sentence makes the date an end: its own words, a verb after, 于 or 到 before."""
    values = token.values
    after, before = (
        text[token.end : token.end + _NEAR],
        text[max(0, token.start - _NEAR) : token.start],
    )
    if _PAST.search(before) or re.match(r"(?:以来|起(?!草)|以后|之后|后|的(?!完成))", after):
        return False
    if values.get("bare"):
        until = re.search(r"(?:到|至|截至)$", before) and not re.match(r"(?:度)?的", after)
        return bool(until or values.get("before"))
    if values.get("before") or values.get("yend") or values.get("qend") or values.get("within"):
        return True
    if values.get("part") in ("底", "末", "月底", "上旬", "中旬", "下旬"):
        return True
    if _AFTER.match(after):
        return False
    return bool(_LEADING.search(before) or re.match(_DONE, after))


def _collect(tokens: list[_Token], text: str, year: int | None) -> Found:
    found = Found(text)
    carried = year
    position, rest = 0, []
    previous: _Token | None = None
    for token in tokens:
        if previous is not None and token.start == previous.end and not _stands_alone(token):
            found.problems.append(ReviewCode.NOT_UNDERSTOOD)
        explicit = token.values.get("year") or token.values.get("bare")
        if explicit:
            carried = int(explicit)
        in_year = carried
        relative = token.values.get("relative") or ""
        if relative[:1] in ("次", "明", "翌", "下"):
            in_year = year + 1 if year is not None else None
        _resolve(token, in_year, found)
        rest.append(text[position : token.start])
        position, previous = token.end, token
    rest.append(text[position:])
    found.rest = "\0".join(rest)
    return found


def _stands_alone(token: _Token) -> bool:
    return bool(token.values.get("year") or token.values.get("bare"))


def _resolve(token: _Token, year: int | None, found: Found) -> None:
    if token.values.get("compact"):
        year, token = _expand(token)
    if year is None or not 1990 <= year <= 2100:  # noqa: PLR2004 - no plan lies outside
        found.problems.append(ReviewCode.NOT_UNDERSTOOD)
        return
    try:
        found.dates.extend(_dates(token.values, year))
    except ValueError:
        found.problems.append(ReviewCode.NO_SUCH_DATE)
    except KeyError:
        found.problems.append(ReviewCode.NOT_UNDERSTOOD)


def _expand(token: _Token) -> tuple[int, _Token]:
    digits = token.values["compact"] or ""
    values: dict[str, str | None] = {"month": digits[4:6], "day": digits[6:] or None}
    return int(digits[:4]), _Token(token.start, token.end, values)


def _dates(values: dict[str, str | None], year: int) -> list[date]:
    """The dates of one expression. Raises ValueError for none such, KeyError for a vague one."""
    before = bool(values.get("before"))
    if values.get("months"):
        numbers = [int(n) for n in re.findall(r"\d+", values["months"] or "")]
        return [_in_month(year, n, values.get("part"), before=before) for n in numbers]
    if values.get("month"):
        month, day = int(values["month"] or 0), values.get("day")
        return [date(year, month, int(day)) if day else month_end(year, month)]
    if values.get("half"):
        return [_half(year, first=values["half"] == "上", before=before)]
    if values.get("quarter"):
        quarter = int(values["quarter"] or 0)
        begins = before and not values.get("qend")
        return [_eve(year, 3 * quarter - 2) if begins else month_end(year, 3 * quarter)]
    return [_eve(year, 1) if values.get("bare") and before else date(year, 12, 31)]


def _eve(year: int, month: int) -> date:
    """The day before a month begins."""
    return date(year, month, 1) - timedelta(days=1)


def _half(year: int, *, first: bool, before: bool) -> date:
    if first and before:
        raise KeyError(year)  # 上半年前: before the year, or before July?
    return date(year, 6, 30) if first or before else date(year, 12, 31)


def _in_month(year: int, month: int, part: str | None, *, before: bool) -> date:
    match part:
        case "上旬":
            return date(year, month, 10)
        case "中旬":
            return date(year, month, 20)
        case "初" | "中":
            raise KeyError(part)
        case "底" | "末" | "月底" | "下旬":
            return month_end(year, month)
        case _ if before:
            return _eve(year, month)
        case _:
            return month_end(year, month)


def month_end(year: int, month: int) -> date:
    """The last day of a month. Raises ValueError when there is no such month."""
    if not 1 <= month <= 12:  # noqa: PLR2004 - a year has twelve
        raise ValueError(month)
    return date(year, month, calendar.monthrange(year, month)[1])
