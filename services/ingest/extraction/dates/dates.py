"""Deadlines: words to dates, or to review codes.

The readings that offices use: a month's end is its last day; N月N日前 is that day; 12月前 ends the
day before the month begins; a year's or a quarter's end is its last day; 上旬 and 中旬 end on the
10th and the 20th. A date without a year has the year printed before it in the same text, else
the plan's year.
"""

import calendar
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from services.ingest.extraction.dates.bindings import DateRole, classify_date
from services.ingest.extraction.dates.expressions import TimeParts, TimeToken, find_tokens
from services.ingest.extraction.models import ReviewCode
from services.ingest.extraction.vocabulary.characters import CLAUSE_EDGES, COLONS, HAN, SEPARATORS
from services.ingest.extraction.vocabulary.time_words import (
    CONTINUOUS,
    ENDS,
    EVENT_NAME,
    JOINERS,
    TO,
)

_BEGINNING: Final = re.compile(f"(?:起(?!草|{TO})|开始|以来|始)")
_CONTINUOUS: Final = re.compile(f"(?:全年|{CONTINUOUS})")
_EVENT: Final = re.compile(f"[{HAN}]{{0,8}}?{EVENT_NAME}[^{CLAUSE_EDGES}]{{0,4}}(?:前|后|间)")
# What may follow a year that is a deadline by itself: a word for its end, or a verb.
_YEAR_ALONE: Final = re.compile(
    rf"(?:$|[{SEPARATORS}{COLONS}()\0]|内|以内|之内|底|末|终|度|{TO}\d"
    rf"|[^{CLAUSE_EDGES}前后初中节会期季汛适\d]{{0,8}}(?:完成|建成|办结|到位|实现|达标|投用|竣工|完工|使用|交付|达到|落实|公开|报送|公布))"
)
_LISTED: Final = re.compile(f"[前{ENDS}]?[{JOINERS}或]")


class VagueDateError(Exception):
    """An expression that leaves open which day it means: 上半年前, 6月初."""


@dataclass(slots=True)
class DatesRead:
    """The dates in a text; `rest` is the text without them, with NUL in their places."""

    text: str
    dates: list[date] = field(default_factory=list)
    problems: list[ReviewCode] = field(default_factory=list)
    rest: str = ""
    only_years: bool = False
    """Every date is the end of a year without a month or a day."""


@dataclass(frozen=True, slots=True)
class ProseDates:
    """A sentence's dates.

    Attributes:
        own: the duty's deadlines.
        unsure: dates that may be deadlines or belong to something else.
        loose: those of `own` that only name a period of the plan's year (年底前).
    """

    own: DatesRead
    unsure: list[date]
    loose: list[date]


def read_cell(text: str, year: int | None) -> DatesRead:
    """Read every date of a deadline cell in printed order; `year` is the plan's.

    A date that does not exist, or whose year is unknown, gives a review code and no date.
    """
    tokens: list[TimeToken] = []
    problems: list[ReviewCode] = []
    for token in find_tokens(text):
        if _BEGINNING.match(text, token.end):
            text = _blank_token(token, text)  # 4月起 is a beginning, not a deadline
            continue
        if token.parts.bare and not token.parts.before:
            after = text[token.end :]
            if _CONTINUOUS.match(after):
                text = _blank_token(token, text)
                continue
            if not _YEAR_ALONE.match(after):
                event = _EVENT.match(after)
                problems.append(ReviewCode.EVENT_RELATIVE if event else ReviewCode.NOT_UNDERSTOOD)
                continue
        tokens.append(token)
    dates_read = _collect(tokens, text, year)
    dates_read.problems.extend(problems)
    dates_read.only_years = all(token.parts.bare for token in tokens)
    return dates_read


def _blank_token(token: TimeToken, text: str) -> str:
    return text[: token.start] + "\0" * (token.end - token.start) + text[token.end :]


def read_prose(text: str, year: int | None) -> ProseDates:
    """Read the dates of a sentence and classify them; `year` is the plan's.

    The words after the last date of a list apply to all its dates (6月、12月底前).
    """
    own: list[TimeToken] = []
    unsure: list[TimeToken] = []
    following: TimeToken | None = None
    kind = DateRole.OTHER
    for token in reversed(find_tokens(text)):
        listed = following is not None and _LISTED.fullmatch(text, token.end, following.start)
        if not (listed and _has_month(token) and kind is not DateRole.OTHER):
            kind = classify_date(token, text)
        if kind is DateRole.OWN:
            own.append(token)
        elif kind is DateRole.UNSURE:
            unsure.append(token)
        following = token
    own.reverse()
    unsure.reverse()
    dates_read = _collect(own, text, year)
    loose = [token for token in own if _is_loose(token)]
    return ProseDates(
        dates_read, _collect(unsure, text, year).dates, _collect(loose, text, year).dates
    )


def _has_month(token: TimeToken) -> bool:
    return bool(token.parts.month or token.parts.months or token.parts.each)


def _is_loose(token: TimeToken) -> bool:
    """Whether the expression is a period without a year and without a month: 年底前, 下半年."""
    return not (_has_month(token) or _has_own_year(token) or token.parts.relative)


def _collect(tokens: list[TimeToken], text: str, year: int | None) -> DatesRead:
    dates_read = DatesRead(text)
    carried = year
    position, rest = 0, []
    previous: TimeToken | None = None
    for token in tokens:
        if previous is not None and token.start == previous.end and not _has_own_year(token):
            dates_read.problems.append(ReviewCode.NOT_UNDERSTOOD)
        explicit = token.parts.year or token.parts.bare or token.parts.until
        if explicit:
            carried = int(explicit)
        in_year = carried
        if token.parts.relative[:1] in ("次", "明", "翌", "下"):
            in_year = year + 1 if year is not None else None
        _add_dates(token, in_year, dates_read)
        rest.append(text[position : token.start])
        position, previous = token.end, token
    rest.append(text[position:])
    dates_read.rest = "\0".join(rest)
    return dates_read


def _has_own_year(token: TimeToken) -> bool:
    return bool(token.parts.year or token.parts.bare or token.parts.until)


def _add_dates(token: TimeToken, year: int | None, dates_read: DatesRead) -> None:
    if token.parts.compact:
        year, token = _expand_compact_date(token)
    if year is None or not 1990 <= year <= 2100:  # noqa: PLR2004 - the years of plans
        dates_read.problems.append(ReviewCode.NOT_UNDERSTOOD)
        return
    try:
        dates_read.dates.extend(resolve_token(token, year))
    except ValueError:
        dates_read.problems.append(ReviewCode.NO_SUCH_DATE)
    except VagueDateError:
        dates_read.problems.append(ReviewCode.NOT_UNDERSTOOD)


def _expand_compact_date(token: TimeToken) -> tuple[int, TimeToken]:
    """20230630, 202306: the year, and the token with its month and day."""
    digits = token.parts.compact
    parts = TimeParts(month=digits[4:6], day=digits[6:])
    return int(digits[:4]), TimeToken(token.start, token.end, parts)


def resolve_token(token: TimeToken, year: int) -> list[date]:
    """The dates of one expression in a year that its own words do not give.

    Raises ValueError for a date that does not exist, VagueDateError for one that stays open.
    """
    parts = token.parts
    before = bool(parts.before)
    if parts.each:
        return _resolve_shared_days(parts, year)
    if parts.months:
        months = _list_numbers(parts.months)
        return [_resolve_in_month(year, month, parts.part, before=before) for month in months]
    if parts.month:
        month, days = int(parts.month), _list_numbers(parts.days or parts.day)
        if len(days) > 1:
            return [clamp_to_month(year, month, day) for day in days]
        return [date(year, month, day) for day in days] or [get_month_end(year, month)]
    if parts.quarters or parts.halves:
        quarters = map(int, re.findall(r"\d", parts.quarters) or (2, 4))
        return [get_month_end(year, 3 * quarter) for quarter in quarters]
    return [_resolve_in_year(parts, year, before=before)]


def _list_numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _resolve_shared_days(parts: TimeParts, year: int) -> list[date]:
    """3、6、9、12月20日, 6月和12月的5日. Raises VagueDateError where June's day stays open."""
    if "月" in parts.each[:3] and not parts.shared:
        raise VagueDateError(parts.each)  # 6月、12月20日
    days = _list_numbers(parts.day)
    return [clamp_to_month(year, month, day) for month in _list_numbers(parts.each) for day in days]


def clamp_to_month(year: int, month: int, day: int) -> date:
    """The day of a month, or the month's last day if the month is shorter.

    Raises ValueError for a month or a day that no year has.
    """
    if not 1 <= day <= 31:  # noqa: PLR2004 - no month has more days
        raise ValueError(day)
    return min(
        get_month_end(year, month), date(year, month, min(day, 28)) + timedelta(max(0, day - 28))
    )


def _resolve_in_year(parts: TimeParts, year: int, *, before: bool) -> date:
    if parts.half:
        return _resolve_half_year(year, first=parts.half == "上", before=before)
    if parts.quarter:
        end = 3 * int(parts.quarter)
        begins = before and not parts.qend
        return _get_day_before_month(year, end - 2) if begins else get_month_end(year, end)
    return _get_day_before_month(year, 1) if parts.bare and before else date(year, 12, 31)


def _get_day_before_month(year: int, month: int) -> date:
    """The day before a month begins."""
    return date(year, month, 1) - timedelta(days=1)


def _resolve_half_year(year: int, *, first: bool, before: bool) -> date:
    if first and before:
        raise VagueDateError(year)  # 上半年前: before the year, or before July?
    return date(year, 6, 30) if first or before else date(year, 12, 31)


def _resolve_in_month(year: int, month: int, part: str, *, before: bool) -> date:
    match part:
        case "上旬":
            return date(year, month, 10)
        case "中旬":
            return date(year, month, 20)
        case "初" | "中":
            raise VagueDateError(part)
        case "底" | "末" | "月底" | "下旬":
            return get_month_end(year, month)
        case _ if before:
            return _get_day_before_month(year, month)
        case _:
            return get_month_end(year, month)


def get_month_end(year: int, month: int) -> date:
    """The last day of a month. Raises ValueError when there is no such month."""
    if not 1 <= month <= 12:  # noqa: PLR2004 - a year has twelve
        raise ValueError(month)
    return date(year, month, calendar.monthrange(year, month)[1])
