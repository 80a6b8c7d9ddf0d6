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

from services.ingest.extraction.expressions import Token, expressions
from services.ingest.extraction.numerals import to_digits
from services.ingest.extraction.prose import half_width
from services.ingest.extraction.review import ReviewCode

_NEAR: Final = 24  # characters beside a date that can tell what it is
_DONE: Final = re.compile(
    r"(?:[^，。；、,;\d]{0,6}?(?:完成|投入|建成|开工|动工|竣工|启用|上线|运行|印发|出台|制定|报送|上报|报|公布|公开|发布|实现"
    r"|达到|交付|办结|结束|落实|到位|开展|举办|组织|召开|启动|形成|查漏|收官|见效|整改|更新|梳理|编制|提交|开放|试行|验收))"
)
_AFTER: Final = re.compile(
    r"(?:起|以来|后|之后|以后|开始|至|到|—|-|~|正式?施行|实施的|印发的|发布的|出台的|修订的|期间|的)"
)
_LEADING: Final = re.compile(
    r"(?:截至|截止到?|力争|确保|争取|务必|原则上|最迟|不晚于|不迟于|赶在|于|在|到|至|-|—|~)$"
)
_STARTS: Final = re.compile(r"(?:起(?!草|[至到—~-])|开始|以来|始)")
_LASTS_OR_EVENT: Final = re.compile(
    r"(?:全年|持续|长期|常态)|[\u4e00-\u9fff]{1,8}?(?:节|会|期|召开|考核|检查|活动)(?:之|以)?[前后]"
)
_LISTED: Final = re.compile(r"(?:前|底|末)?[、和及与或,]")
_NO_END: Final = re.compile(
    r"(?:以来|起(?!草)|以后|之后|后|的(?!完成)"
    r"|[^，。；、,;]{0,4}?(?:制定|印发|出台|发布|施行|实施|颁布|成立|建成|形成|受理|公布|下发|签订|开工)的)"
)
_UNTIL: Final = re.compile(r"(?:到|至|截至)$")
_OF: Final = re.compile(r"(?:度)?的")
_PAST: Final = re.compile(r"(?:去年|上年度?|往年|历年|此前|截至目前)$")


@dataclass(slots=True)
class Found:
    """The dates that a text names, and what of it was no date. Spans are of `text`."""

    text: str
    dates: list[date] = field(default_factory=list)
    problems: list[ReviewCode] = field(default_factory=list)
    rest: str = ""


def fold(text: str) -> str:
    """The text as the grammar reads it: half width, no blanks, digits for Chinese numerals."""
    return to_digits(half_width(text))


def read_cell(text: str, year: int | None) -> Found:
    """Every date of a deadline cell, in printed order; `rest` is what is left of its text.

    `year` is the plan's. A date that does not exist, or one whose year is unknown, yields no
    date but a review code. Nothing is ever guessed.
    """
    return _collect([t for t in expressions(text) if not _begins_or_lasts(t, text)], text, year)


def _begins_or_lasts(token: Token, text: str) -> bool:
    """4月起 tells a beginning, 2023年全年 how long, 2023年国庆节前 an event's year: no deadline."""
    if _STARTS.match(text, token.end):
        return True
    return bool(token.values.get("bare")) and bool(_LASTS_OR_EVENT.match(text, token.end))


def read_prose(text: str, year: int | None) -> Found:
    """The deadlines in a sentence: only dates that its words bind to an end (前, 底, 完成)."""
    tokens: list[Token] = []
    for token in reversed(expressions(text)):
        listed = tokens and _LISTED.fullmatch(text, token.end, tokens[-1].start)
        if _binds(token, text) or (listed and _names_month(token)):
            tokens.append(token)
    tokens.reverse()
    return _collect(tokens, text, year)


def _names_month(token: Token) -> bool:
    return bool(token.values.get("month") or token.values.get("months"))


def _binds(token: Token, text: str) -> bool:
    """Whether the sentence makes the date an end: its own words, a verb after, 于 or 到 before."""
    values = token.values
    after = text[token.end : token.end + _NEAR]
    before = text[max(0, token.start - _NEAR) : token.start]
    if _PAST.search(before) or _NO_END.match(after):
        return False
    if any(values.get(part) for part in ("before", "yend", "qend", "uend", "within")):
        return True
    if values.get("part") in ("底", "末", "月底", "上旬", "中旬", "下旬"):
        return True
    if values.get("bare") or values.get("until"):
        return bool(_UNTIL.search(before)) and not _OF.match(after)
    numeric = values.get("compact") or (values.get("month") and not values.get("days"))
    if numeric or _AFTER.match(after):
        return False  # 2023.6: as likely a number as a month
    return bool(_LEADING.search(before) or _DONE.match(after))


def _collect(tokens: list[Token], text: str, year: int | None) -> Found:
    found = Found(text)
    carried = year
    position, rest = 0, []
    previous: Token | None = None
    for token in tokens:
        if previous is not None and token.start == previous.end and not _stands_alone(token):
            found.problems.append(ReviewCode.NOT_UNDERSTOOD)
        explicit = token.values.get("year") or token.values.get("bare") or token.values.get("until")
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


def _stands_alone(token: Token) -> bool:
    return any(token.values.get(part) for part in ("year", "bare", "until"))


def _resolve(token: Token, year: int | None, found: Found) -> None:
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


def _expand(token: Token) -> tuple[int, Token]:
    digits = token.values["compact"] or ""
    values: dict[str, str | None] = {"month": digits[4:6], "day": digits[6:] or None}
    return int(digits[:4]), Token(token.start, token.end, values)


def _dates(values: dict[str, str | None], year: int) -> list[date]:
    """The dates of one expression. Raises ValueError for none such, KeyError for a vague one."""
    before = bool(values.get("before"))
    if values.get("each"):
        return _shared_day(values, year)
    if values.get("months"):
        numbers = [int(n) for n in re.findall(r"\d+", values["months"] or "")]
        return [_in_month(year, n, values.get("part"), before=before) for n in numbers]
    if values.get("month"):
        month, days = int(values["month"] or 0), values.get("days") or values.get("day")
        named = re.findall(r"\d+", days or "")
        return [date(year, month, int(day)) for day in named] or [month_end(year, month)]
    return [_in_year(values, year, before=before)]


def _shared_day(values: dict[str, str | None], year: int) -> list[date]:
    """3、6、9、12月20日, 6月和12月的5日. Raises KeyError where June's day stays open."""
    months = values["each"] or ""
    if "月" in months[:3] and not values.get("shared"):
        raise KeyError(months)  # 6月、12月20日
    return [date(year, int(n), int(values["day"] or 0)) for n in re.findall(r"\d+", months)]


def _in_year(values: dict[str, str | None], year: int, *, before: bool) -> date:
    if values.get("half"):
        return _half(year, first=values["half"] == "上", before=before)
    if values.get("quarter"):
        quarter = int(values["quarter"] or 0)
        begins = before and not values.get("qend")
        return _eve(year, 3 * quarter - 2) if begins else month_end(year, 3 * quarter)
    return _eve(year, 1) if values.get("bare") and before else date(year, 12, 31)


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
