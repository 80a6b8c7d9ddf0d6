"""The grammar of what returns: days that repeat, and so many times in a period."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from services.ingest.extraction.dates import month_end
from services.ingest.extraction.models import Period, Recurrence
from services.ingest.extraction.review import ReviewCode

_EVERY: Final = r"[每逐]个?"
_PERIODS: Final = {
    "年": Period.YEAR, "年度": Period.YEAR, "半年": Period.HALF_YEAR, "季": Period.QUARTER,
    "季度": Period.QUARTER, "月": Period.MONTH, "月度": Period.MONTH, "周": Period.WEEK,
    "星期": Period.WEEK, "半年度": Period.HALF_YEAR, "全年": Period.YEAR, "年内": Period.YEAR,
}  # fmt: skip
_PERIOD: Final = r"(?P<period>半年度?|年度|年|季度?|月度|月|周|星期)"
_COUNTER: Final = r"(?:余)?(?:次|场次?|期|轮|回|遍|篇|条)"
_AT_LEAST: Final = (
    r"(?:[^。；;\d每逐]{0,24}?)(?:至少|不少于|不低于|不得少于|≥|>=|不小于)?[^。；;，,\d每逐]{0,12}?"
    rf"(?P<count>\d{{1,3}})(?:-\d+)?{_COUNTER}"
)
_DAYS: Final = r"(?P<days>\d{1,2}[日号]?(?:[、,和及]\d{1,2}[日号]?)*(?<=[日号]))"
_TAIL: Final = r"(?:以前|之前|前)?"

_MEETING: Final = (
    r"(?:次|小结|总结|调度|通报|报告?|研判|检查|评估|会商|分析|督[查办]|例会|汇总|更新)"
)
_WEEK: Final = "一二三四五六日"

# Days that repeat: expanded within the plan's year.
_DATED: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_EVERY}年(?:的)?(?P<month>\d{{1,2}})月(?:份)?(?P<day>\d{{1,2}})[日号]{_TAIL}",
        rf"{_EVERY}年(?:的)?(?P<months>\d{{1,2}}月?(?:[、,和及]\d{{1,2}}月?)*(?<=月))(?:份)?(?P<part>[底末])?(?P<before>以前|之前|前)?",
        rf"{_EVERY}年(?:年)?(?P<yend>[底末终]){_TAIL}",
        rf"{_EVERY}半年(?P<hend>[底末]){_TAIL}",
        rf"{_EVERY}季度?(?P<which>末月|首月|末|首|(?:的)?最后(?:1|一)?个?月|(?:的)?第(?:1|一)个?月|(?:的)?第?(?:2|二)个?月){_DAYS}{_TAIL}",
        rf"{_EVERY}季度?(?:末月)?(?P<qend>[底末](?!月)|末月(?:月?[底末])?){_TAIL}",
        rf"{_EVERY}(?<!半年)月(?:份)?(?:的)?{_DAYS}{_TAIL}",
        rf"{_EVERY}月(?:月)?(?P<mend>[底末]){_TAIL}",
        rf"每(?:周|星期)的?(?P<weekday>[1一二三四五六日天])(?!{_MEETING}){_TAIL}",
    )
)
_WITH_OTHER_RULE: Final = re.compile(
    rf"{_EVERY}(?:月|季度?|半年|年)[^。；;，,]{{0,6}}?(?:工作日|结束后|终了后|(?<!最)后\d|次月|下月|下季)|每(?:两|2|3|三|隔)[个]?(?:年|月|季度|周|天)"
)
_PERIODIC: Final = rf"(?<![上下\d])[一1]?(?P<period>半年|季度?|月|周|年)[一1]{_MEETING}"
# The halves stay in the text: a deadline cell ends with the second.
_BOTH_HALVES: Final = re.compile(
    r"(?<=上半年.下半年)(?:分别|各)[^。；;,，\d]{0,8}(?P<count>\d{1,2})次"
)
_SAME_DAY: Final = str.maketrans("天1", "日一")
_COUNTED: Final = (
    re.compile(rf"{_EVERY}{_PERIOD}{_AT_LEAST}"),
    re.compile(
        r"(?P<period>全年|年内)[^。；;，,\d]{0,16}?(?:至少|不少于|不低于)?(?P<count>\d{1,3})"
        + _COUNTER
    ),
    re.compile(
        r"(?<![\d上下])(?P<period>半年|季度?|月|周|年)(?:至少|不少于|不低于)?"
        r"[\u4e00-\u9fff]{0,4}?(?P<count>\d{1,3})次"
    ),
    re.compile(rf"(?<!\d)1个?{_PERIOD}(?:至少|不少于)?[^。；;，,\d]{{0,8}}?(?P<count>\d{{1,3}})次"),
)
_PLAIN: Final = (
    re.compile(rf"按{_PERIOD}(?!初|中|底)"),
    re.compile(rf"(?!逐年){_EVERY}{_PERIOD}(?!度?的\d)"),
    re.compile(_PERIODIC),
)
_OPEN: Final = re.compile(r"不?定期(?!存款|贷款|限)")


@dataclass(slots=True)
class Repeats:
    """What a text says about repetition; `rest` is the text without it."""

    dates: list[date] = field(default_factory=list)
    recurrence: Recurrence | None = None
    problems: list[ReviewCode] = field(default_factory=list)
    rest: str = ""


def read_repeats(text: str, year: int | None) -> Repeats:
    """Days that repeat, as dates of the plan's year, and the first `N times per period`.

    A second recurrence that differs has no place in a measure and is marked, as are rules that
    count from a period's end or in working days. `text` must be folded (see dates.fold).
    """
    found = Repeats(rest=text)
    if _WITH_OTHER_RULE.search(text):
        found.problems.append(ReviewCode.NOT_UNDERSTOOD)
        found.rest = _WITH_OTHER_RULE.sub(_blank, found.rest)
    for pattern in _DATED:
        found.rest = _take_dates(pattern, found, year)
    found.recurrence = _counted(found)
    if _OPEN.search(found.rest) and found.recurrence is None and not found.dates:
        found.problems.append(ReviewCode.PERIOD_OPEN)
    return found


def _take_dates(pattern: re.Pattern[str], found: Repeats, year: int | None) -> str:
    def take(match: re.Match[str]) -> str:
        if year is None:
            found.problems.append(ReviewCode.NOT_UNDERSTOOD)
            return _blank(match)
        try:
            found.dates.extend(_expand(match.groupdict(), year))
        except ValueError:
            found.problems.append(ReviewCode.NO_SUCH_DATE)
        return _blank(match)

    return pattern.sub(take, found.rest)


def _blank(match: re.Match[str]) -> str:
    """What was read, taken out without moving the rest."""
    return "\0" * len(match.group())


def _expand(values: dict[str, str | None], year: int) -> Iterator[date]:
    if values.get("yend"):
        yield date(year, 12, 31)
    elif values.get("hend"):
        yield from (date(year, 6, 30), date(year, 12, 31))
    elif values.get("qend"):
        yield from (month_end(year, month) for month in (3, 6, 9, 12))
    elif values.get("weekday"):
        at = _WEEK.index((values["weekday"] or "").translate(_SAME_DAY))
        days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
        yield from (day for day in days if day.weekday() == at and day.year == year)
    elif values.get("mend"):
        yield from (month_end(year, month) for month in range(1, 13))
    elif values.get("day"):
        yield date(year, int(values["month"] or 0), int(values["day"] or 0))
    elif values.get("months"):
        for month in map(int, re.findall(r"\d+", values["months"] or "")):
            end = month_end(year, month)
            # 12月前 is over before the month begins; January's would fall into the year before.
            yield (
                month_end(year, month - 1)
                if values.get("before") and not values.get("part")
                else end
            )
    else:
        yield from _days(values, year)


def _days(values: dict[str, str | None], year: int) -> Iterator[date]:
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
        last = month_end(year, month).day
        for day in days:
            if day > 31:  # noqa: PLR2004 - no month has more days
                raise ValueError(day)
            if day <= last:  # 每月30日 passes over February: the rule names no other day
                yield date(year, month, day)


def _counted(found: Repeats) -> Recurrence | None:
    """The first `N times per period` of the text; others that differ are marked."""
    seen: list[tuple[int, Recurrence]] = []
    for pattern in (_BOTH_HALVES, *_COUNTED, *_PLAIN):
        for match in pattern.finditer(found.rest):
            values = match.groupdict()
            per = _PERIODS[values.get("period") or "半年"]
            times = int(values.get("count") or 1)
            if times > 0:
                seen.append((match.start(), Recurrence(per=per, at_least=times)))
        found.rest = pattern.sub(_blank, found.rest)
    if not seen:
        return None
    _, first = min(seen, key=lambda each: each[0])
    if any(other != first for _, other in seen):
        found.problems.append(ReviewCode.NOT_UNDERSTOOD)
    return first
