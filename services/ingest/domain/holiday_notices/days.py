"""Reads the days that a sentence of a notice names, such as 1月1日（周四）至3日（周六）. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.ingest.domain.holiday_notices.notice import DoubtCode, NamedDay, NoticeDoubt
from services.ingest.domain.holiday_notices.squeezing import Squeezed

DAY = re.compile(
    r"(?:(?P<year>\d{4})年)?(?:(?P<month>\d{1,2})月)?(?P<day>\d{1,2})"
    r"(?:[日号]|(?=[至到~\-–—]))"
    r"(?P<note>\([^()]*\)|(?:周|星期|礼拜)[一二三四五六日天])?"
)
_UNTIL = re.compile(r"起?[至到~\-–—]+")
_AND = re.compile(r"[、,;和与及]*")
_WEEKDAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])")
_WEEKDAYS = "一二三四五六日"
_ENGLISH = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ONE = timedelta(days=1)
_LONGEST = 16
_DECEMBER = 12


def name_weekday(day: date) -> str:
    """The weekday in Chinese, such as 周三."""
    return f"周{_WEEKDAYS[day.weekday()]}"


def name_weekday_in_english(day: date) -> str:
    """The weekday in English."""
    return _ENGLISH[day.weekday()]


@dataclass(slots=True)
class DayReader:
    """Reads the days of one item, in order: a month that is left out is that of the day before.

    Attributes:
        year: of the notice.
        is_new_year: in the item of New Year, December is that of the year before.
        doubts: what was doubtful so far.
    """

    squeezed: Squeezed
    year: int
    is_new_year: bool
    doubts: list[NoticeDoubt] = field(default_factory=list)
    _month: int | None = None

    def read(self, matches: Sequence[re.Match[str]]) -> list[NamedDay]:
        """The days of dates that follow one another; two with 至 between them are a range."""
        days: list[NamedDay] = []
        first: date | None = None
        for number, match in enumerate(matches):
            line = self.squeezed.get_line(match.start())
            end = matches[number - 1].end() if number else match.start()
            joined = _UNTIL.fullmatch(self.squeezed.text, end, match.start())
            if not joined and not _AND.fullmatch(self.squeezed.text, end, match.start()):
                self._add_between_doubt(self.squeezed.text[end : match.start()], line)
            day = self._read_day(match, line, first if joined else None)
            if day is None:
                first = None
            elif joined and first is not None:
                days += self._fill(first, day, line)
                first = None
            else:
                days.append(NamedDay(day, line))
                first = day
        return days

    def _read_day(self, match: re.Match[str], line: int, after: date | None) -> date | None:
        month = int(match["month"]) if match["month"] else self._month
        self._month = month
        try:
            if month is None:
                raise ValueError  # noqa: TRY301 - as a day that no month has
            day = date(self._find_year(match, month, after), month, int(match["day"]))
        except ValueError:
            self._add_doubt(
                DoubtCode.NO_SUCH_DAY,
                line,
                f"没有“{match[0]}”这一天。There is no such day: {match[0]}.",
                "请对照通知原文更正。Correct it by the notice.",
            )
            return None
        self._check_weekday(match, day, line)
        return day

    def _find_year(self, match: re.Match[str], month: int, after: date | None) -> int:
        if match["year"]:
            return int(match["year"])
        if after is not None:
            return after.year + (month < after.month)
        return self.year - (self.is_new_year and month == _DECEMBER)

    def _fill(self, first: date, last: date, line: int) -> list[NamedDay]:
        """The days after `first` up to `last`."""
        length = (last - first).days
        if not 0 < length < _LONGEST:
            self._add_doubt(
                DoubtCode.RANGE_DOUBTFUL,
                line,
                f"{first} 至 {last} 首尾颠倒或过长。"
                f"From {first} to {last} is reversed or longer than {_LONGEST} days.",
                "请核对起止日期。Check the first and the last day.",
            )
            return [NamedDay(last, line)]
        return [NamedDay(first + number * _ONE, line) for number in range(1, length + 1)]

    def _add_between_doubt(self, between: str, line: int) -> None:
        """Words between two dates may make a range of them, which then lacks its inner days."""
        self._add_doubt(
            DoubtCode.RANGE_DOUBTFUL,
            line,
            f"两个日期之间的“{between[:20]}”没有读懂，中间的日期没有读入。"
            f"Between two dates stands {between[:20]}, and no day between them was read.",
            "请写成“1月1日至3日”或“1月1日、3日”。Write 1月1日至3日 or 1月1日、3日.",
        )

    def _check_weekday(self, match: re.Match[str], day: date, line: int) -> None:
        written = _WEEKDAY.search(match["note"] or "")
        if written is None:
            return
        number = _WEEKDAYS.index(written[1].replace("天", "日"))
        if number != day.weekday():
            self._add_doubt(
                DoubtCode.WEEKDAY_DIFFERS,
                line,
                f"{day} 是{name_weekday(day)}，文中写的是“{written[0]}”。"
                f"The day {day} is a {name_weekday_in_english(day)}; "
                f"the text says {_ENGLISH[number]}.",
                "日期和星期必有一误，请对照通知原文。Date or weekday is wrong: see the notice.",
            )

    def _add_doubt(self, code: DoubtCode, line: int, message: str, hint: str) -> None:
        self.doubts.append(NoticeDoubt(code, line, message, hint))
