"""Recurring duties: repeating days, and `N times per period`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from services.ingest.extraction.dates.bindings import is_reporting_period
from services.ingest.extraction.dates.dates import (
    VagueDateError,
    clamp_to_month,
    get_month_end,
    resolve_token,
)
from services.ingest.extraction.dates.expressions import TimeToken, find_tokens
from services.ingest.extraction.models import Recurrence, ReviewCode
from services.ingest.extraction.vocabulary.characters import (
    CLAUSE_EDGES,
    CLAUSE_ENDS,
    HAN,
    NUMERALS,
)
from services.ingest.extraction.vocabulary.time_words import (
    AT_LEAST,
    BEFORE,
    COUNTERS,
    ENDS,
    EVERY,
    JOINERS,
    PERIOD,
    PERIODS,
    TO,
    WEEKDAYS,
    YEAR_NUMBER,
)

_PERIOD: Final = f"(?P<period>{PERIOD})"
_COUNTER: Final = f"余?(?:场次|[{COUNTERS}])"
_AT_LEAST: Final = (
    rf"(?:[^{CLAUSE_ENDS}\d每逐]{{0,24}}?){AT_LEAST}?[^{CLAUSE_EDGES}\d每逐]{{0,12}}?"
    rf"(?P<count>\d{{1,3}})(?:-\d+)?{_COUNTER}"
)
_DAYS: Final = rf"(?P<days>\d{{1,2}}[日号]?(?:[{JOINERS}]\d{{1,2}}[日号]?)*(?<=[日号]))"
_TAIL: Final = f"{BEFORE}?"

_MEETING: Final = (
    r"(?:次|小结|总结|调度|通报|报告?|研判|检查|评估|会商|分析|督[查办]|例会|汇总|更新)"
)

# Repeating days: expanded to dates of the plan's year.
_DATED: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{EVERY}年(?:年)?(?P<yend>[底末终]){_TAIL}",
        f"{EVERY}半年(?P<hend>[{ENDS}]){_TAIL}",
        rf"{EVERY}季度?(?P<which>末月|首月|末|首|(?:的)?最后(?:1|一)?个?月|(?:的)?第(?:1|一)个?月|(?:的)?第?(?:2|二)个?月){_DAYS}{_TAIL}",
        f"{EVERY}季度?(?:末月)?(?P<qend>[{ENDS}](?!月)|末月(?:月?[{ENDS}])?){_TAIL}",
        rf"{EVERY}(?<!半年)月(?:份)?(?:的)?{_DAYS}{_TAIL}",
        f"{EVERY}月(?:月)?(?P<mend>[{ENDS}]|下旬){_TAIL}",
        rf"{EVERY}月(?:的)?(?P<third>上旬|中旬){_TAIL}",
        f"每(?:周|星期)的?(?P<weekdays>[1天{WEEKDAYS}](?:[{JOINERS}](?:周|星期)?[1天{WEEKDAYS}])*)(?!{_MEETING}){_TAIL}",
    )
)
_YEARLY: Final = re.compile(rf"{EVERY}年(?:的)?(?=\d|上半年|下半年|第?[1-4]季度)")
_AND: Final = re.compile(f"[{JOINERS}]")
_WITH_OTHER_RULE: Final = re.compile(
    rf"{EVERY}(?:月|季度?|半年|年)[^{CLAUSE_EDGES}]{{0,6}}?(?:工作日|结束后|终了后|(?<!最)后\d|次月|下月|下季)"
    rf"|每隔?(?!1个|1[年月季周天日])(?:\d{{1,2}}|[两{NUMERALS[1:]}])个?(?:年|月|季度|周|星期|天|日|工作日)"
    r"|每隔(?:年|月|季度|周|天)|每半个?月|每个?(?:学期|学年)"
    rf"|{EVERY}(?:双周|单周|双月|单月|旬|日(?!常)|天|工作日)|隔(?:周|月|季|日|天)|逢?[单双](?:月|周)(?!期)"
    rf"|{EVERY}(?:月|季度?|年|周)(?:初|中(?!旬|小))"
)
# 月底前, 当月25日前, 逢季末: repeating days without 每, whose period is not certain.
_IMPLIED: Final = re.compile(
    rf"(?<![\d每逐年半个份])(?:逢|当|次|下|本|各|按)?(?:月|季度?)[{ENDS}](?!月)"
    r"|(?<![每逐])(?:当|次|下|本|逢)个?(?:月|季度?|周)(?:首月|末月)?\d{1,2}[日号]"
    rf"|(?<![每逐])(?:次|下|逢|当)(?:月|周)(?:内|前|初|报)|逢(?:\d{{1,2}}|[{NUMERALS}])[日号]?[{JOINERS}]?逢"
)
_MONTH_BEGIN: Final = (
    rf"(?:自|从)?(?:(?P<year>{YEAR_NUMBER})年)?(?:(?P<month>\d{{1,2}})(?:月(?:份)?(?:(?P<day>\d{{1,2}})[日号])?|(?={TO}\d{{1,2}}月))"
    r"|(?P<half>下半年)|第?(?P<quarter>[1-4])季度)"
)
_BEGINS: Final = re.compile(f"{_MONTH_BEGIN}(?:起(?!草|{TO})|开始|以后|之后)(?![施实执]行的)")
_WITHIN: Final = re.compile(
    rf"{_MONTH_BEGIN}起?{TO}(?:\d{{4}}年)?(?:(?P<last>\d{{1,2}})月(?:份|底|\d{{1,2}}[日号])?|(?P<yend>年底))"
    r"(?:期间|内|前)?[,，]?(?:务|须|要|于|在|应|请)*(?=[每逐])"
)
_PERIODIC: Final = rf"(?<![上下\d])[一1]?(?P<period>半年|季度?|月|周|年)[一1]{_MEETING}"
_BOTH_HALVES: Final = re.compile(
    f"上(?:半年)?[{JOINERS}]?下半年[{ENDS}]?(?:分别|各|均|都){AT_LEAST}?"
    rf"(?:[^{CLAUSE_EDGES}\d]{{0,8}}?(?P<count>\d{{1,2}})[{COUNTERS}])?"
)
_SAME_DAY: Final = str.maketrans("天1", "日一")
_COUNTED: Final = (
    re.compile(rf"{EVERY}{_PERIOD}{_AT_LEAST}"),
    re.compile(
        rf"(?P<period>全年|年内)[^{CLAUSE_EDGES}\d]{{0,16}}?{AT_LEAST}?(?P<count>\d{{1,3}})"
        + _COUNTER
    ),
    re.compile(
        rf"(?<![\d上下])(?P<period>半年|季度?|月|周|年){AT_LEAST}?"
        rf"[{HAN}]{{0,4}}?(?P<count>\d{{1,3}})次"
    ),
    re.compile(
        rf"(?<!\d)1个?{_PERIOD}{AT_LEAST}?[^{CLAUSE_EDGES}\d]{{0,8}}?(?P<count>\d{{1,3}})次"
    ),
)
_PLAIN: Final = (
    re.compile(rf"按{_PERIOD}(?!初|中|底)"),
    re.compile(rf"(?!逐年){EVERY}{_PERIOD}(?!度?的\d)"),
    re.compile(_PERIODIC),
)
_OPEN: Final = re.compile(r"不?定期(?!存款|贷款|限)")


@dataclass(slots=True)
class Repeats:
    """Repeating days and the recurrence in a text; `rest` is the text without them."""

    dates: list[date] = field(default_factory=list)
    recurrence: Recurrence | None = None
    problems: list[ReviewCode] = field(default_factory=list)
    rest: str = ""


def read_repeats(text: str, year: int | None, *, prose: bool = False) -> Repeats:
    """Read repeating days, as dates of the plan's year, and the first `N times per period`.

    A second, different recurrence is marked `not-understood`, and so are rules that count from
    a period's end or in working days. `text` must be from `fold_text`; `prose` says that it is a
    sentence, where a repeating day may only date reported figures.
    """
    repeats = Repeats(rest=text)
    if _WITH_OTHER_RULE.search(text):
        repeats.problems.append(ReviewCode.NOT_UNDERSTOOD)
        repeats.rest = _WITH_OTHER_RULE.sub(_blank_match, repeats.rest)
    _take_yearly(repeats, year)
    for pattern in _DATED:
        repeats.rest = _take_dates(pattern, repeats, year, prose=prose)
    if _IMPLIED.search(repeats.rest):
        repeats.problems.append(ReviewCode.NOT_UNDERSTOOD)
    repeats.recurrence = _read_recurrence(repeats)
    _limit_to_range(repeats, text, year)
    if _OPEN.search(repeats.rest) and repeats.recurrence is None and not repeats.dates:
        repeats.problems.append(ReviewCode.PERIOD_OPEN)
    return repeats


def _take_yearly(repeats: Repeats, year: int | None) -> None:
    """Take 每年 and the dates after it, as dates of the plan's year."""
    for match in list(_YEARLY.finditer(repeats.rest)):
        tail = repeats.rest[match.end() :]
        end = 0
        for token in find_tokens(tail):
            if token.start > end and not _AND.fullmatch(tail, end, token.start):
                break
            if token.parts.year or (token.start == end > 0):
                break
            _add_dates(token, repeats, year)
            end = token.end
        if end:
            stop = match.end() + end
            blank = "\0" * (stop - match.start())
            repeats.rest = repeats.rest[: match.start()] + blank + repeats.rest[stop:]


def _add_dates(token: TimeToken, repeats: Repeats, year: int | None) -> None:
    try:
        days = resolve_token(token, year) if year is not None else []
        if year is None or any(day.year < year for day in days):
            # 每年1月前 ends before the plan's year begins
            repeats.problems.append(ReviewCode.NOT_UNDERSTOOD)
            return
        repeats.dates.extend(days)
    except ValueError:
        repeats.problems.append(ReviewCode.NO_SUCH_DATE)
    except VagueDateError:
        repeats.problems.append(ReviewCode.NOT_UNDERSTOOD)


def _limit_to_range(repeats: Repeats, text: str, year: int | None) -> None:
    """Remove days before a stated beginning (从3月起) or outside a span (3月至10月)."""
    within = _WITHIN.search(text)
    begins = within or _BEGINS.search(text)
    if begins is None or year is None or not (repeats.dates or repeats.recurrence):
        return
    first, last = _get_range(begins.groupdict(), year)
    if repeats.dates:
        repeats.dates = [day for day in repeats.dates if first <= day <= last]
    begun = first <= date(year, 1, 1) and last >= date(year, 12, 31)
    if (repeats.recurrence and not begun) or not (repeats.dates or repeats.recurrence):
        repeats.problems.append(ReviewCode.NOT_UNDERSTOOD)
    if within is not None:
        stop = within.end()
        blank = "\0" * (stop - within.start())
        repeats.rest = repeats.rest[: within.start()] + blank + repeats.rest[stop:]


def _get_range(values: dict[str, str | None], year: int) -> tuple[date, date]:
    begun = int(values["year"] or year)
    month = int(values["month"] or 0)
    if values.get("half"):
        month = 7
    elif values.get("quarter"):
        month = 3 * int(values["quarter"] or 0) - 2
    last = int(values.get("last") or 12)
    try:
        first = date(begun, month, int(values["day"] or 1))
        return first, get_month_end(year, last) if last >= month else date(year, 12, 31)
    except ValueError:
        return date(year, 1, 1), date(year, 12, 31)


def _take_dates(
    pattern: re.Pattern[str], repeats: Repeats, year: int | None, *, prose: bool
) -> str:
    def take(match: re.Match[str]) -> str:
        limit = match.group().endswith("前")
        if prose and not limit and is_reporting_period(match.string, match.start(), match.end()):
            return match.group()
        if year is None:
            repeats.problems.append(ReviewCode.NOT_UNDERSTOOD)
            return _blank_match(match)
        if len(match.groupdict().get("weekdays") or "") > 1:
            repeats.problems.append(
                ReviewCode.NOT_UNDERSTOOD
            )  # more than a hundred dates need a decision
        try:
            repeats.dates.extend(_expand_dates(match.groupdict(), year))
        except ValueError:
            repeats.problems.append(ReviewCode.NO_SUCH_DATE)
        return _blank_match(match)

    return pattern.sub(take, repeats.rest)


def _blank_match(match: re.Match[str]) -> str:
    """NUL characters in place of the match, so that positions stay the same."""
    return "\0" * len(match.group())


def _expand_dates(values: dict[str, str | None], year: int) -> Iterator[date]:
    if values.get("yend"):
        yield date(year, 12, 31)
    elif values.get("hend"):
        yield from (date(year, 6, 30), date(year, 12, 31))
    elif values.get("qend"):
        yield from (get_month_end(year, month) for month in (3, 6, 9, 12))
    elif values.get("weekdays"):
        names = (values["weekdays"] or "").translate(_SAME_DAY)
        wanted = {WEEKDAYS.index(name) for name in names if name in WEEKDAYS}
        days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
        yield from (day for day in days if day.weekday() in wanted and day.year == year)
    elif values.get("mend"):
        yield from (get_month_end(year, month) for month in range(1, 13))
    elif values.get("third"):
        day = 10 if values["third"] == "上旬" else 20
        yield from (date(year, month, day) for month in range(1, 13))
    else:
        yield from _expand_month_days(values, year)


def _expand_month_days(values: dict[str, str | None], year: int) -> Iterator[date]:
    which = values.get("which")
    months = list(range(1, 13))
    if which:
        offset = (
            0 if "首" in which or ("第" in which and "2" not in which and "二" not in which) else 2
        )
        offset = 1 if "2" in which or "二" in which else offset
        months = [quarter + offset for quarter in (1, 4, 7, 10)]
    days = [int(day) for day in re.findall(r"\d+", values["days"] or "")]
    for month in months:
        yield from (clamp_to_month(year, month, day) for day in days)


def _read_recurrence(repeats: Repeats) -> Recurrence | None:
    """The first `N times per period` of the text; a different one is marked."""
    seen: list[tuple[int, Recurrence]] = []
    for pattern in (_BOTH_HALVES, *_COUNTED, *_PLAIN):
        for match in pattern.finditer(repeats.rest):
            values = match.groupdict()
            per = PERIODS[values.get("period") or "半年"]
            times = int(values.get("count") or 1)
            if times > 0:
                seen.append((match.start(), Recurrence(per=per, at_least=times)))
        repeats.rest = pattern.sub(_blank_match, repeats.rest)
    if not seen:
        return None
    _, first = min(seen, key=lambda each: each[0])
    if any(other != first for _, other in seen):
        repeats.problems.append(ReviewCode.NOT_UNDERSTOOD)
    return first
