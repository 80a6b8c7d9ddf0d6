"""Checks what was read of a notice: festivals, days named twice, make-up days, holidays by law."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from services.ingest.domain.holiday_notices.days import name_weekday, name_weekday_in_english
from services.ingest.domain.holiday_notices.notice import (
    FESTIVALS,
    DoubtCode,
    Festival,
    NamedDay,
    NoticeDoubt,
    list_named,
)
from shared.festivals import get_statutory_holidays

_SATURDAY = 5
_DECEMBER = 12


def check_festivals(year: int, festivals: tuple[Festival, ...]) -> list[NoticeDoubt]:
    """What is doubtful about the festivals of a notice."""
    return [
        *_check_names(festivals),
        *_check_days(festivals),
        *_check_year(year, festivals),
        *_check_statutory(year, festivals),
    ]


def _check_names(festivals: tuple[Festival, ...]) -> Iterator[NoticeDoubt]:
    if not any(festival.name for festival in festivals):
        return  # JSON may leave all names out
    counted = Counter(name for festival in festivals for name in festival.names)
    for festival in festivals:
        if not festival.off:
            yield NoticeDoubt(
                DoubtCode.FESTIVAL_WITHOUT_DAYS,
                festival.line,
                f"{festival.name}：没有读到休息日。No day off was read of {festival.name}.",
                "请对照通知原文补上。Add what the notice says.",
            )
        for name in festival.names:
            if name not in FESTIVALS:
                yield NoticeDoubt(
                    DoubtCode.FESTIVAL_UNKNOWN,
                    festival.line,
                    f"“{name}”不是每年通知都有的节日。"
                    f"The festival {name} is not one of every year.",
                    "请核对名称。Check the name.",
                )
            elif counted[name] > 1:
                yield NoticeDoubt(
                    DoubtCode.FESTIVAL_TWICE,
                    festival.line,
                    f"{name}出现 {counted[name]} 次。"
                    f"The festival {name} stands {counted[name]} times.",
                    "请确认粘贴的是一份通知。Make sure that it is one notice.",
                )
    missing = [name for name in FESTIVALS if not counted[name]]
    for name in missing:
        yield NoticeDoubt(
            DoubtCode.FESTIVAL_MISSING,
            festivals[-1].line if festivals else 1,
            f"没有{name}的安排。The festival {name} is missing.",
            "请粘贴通知全文。Paste the whole notice.",
        )


def _check_days(festivals: tuple[Festival, ...]) -> Iterator[NoticeDoubt]:
    known: dict[date, NamedDay] = {}
    for _festival, named, works in list_named(festivals):
        day = named.day
        if works and day.weekday() < _SATURDAY:
            yield NoticeDoubt(
                DoubtCode.WORK_ON_WEEKDAY,
                named.line,
                f"调休上班日 {day} 是{name_weekday(day)}，本来就上班。"
                f"The make-up day {day} is a {name_weekday_in_english(day)}, a working day anyhow.",
                "请核对日期。Check the date.",
            )
        if (earlier := known.setdefault(day, named)) is not named:
            yield NoticeDoubt(
                DoubtCode.DAY_TWICE,
                named.line,
                f"{day} 重复出现，前一处在第 {earlier.line} 行。"
                f"The day {day} is named twice, first in line {earlier.line}.",
                "请核对是放假还是上班。Check whether it is off or worked.",
            )


def _check_year(year: int, festivals: tuple[Festival, ...]) -> Iterator[NoticeDoubt]:
    first, last = date(year - 1, _DECEMBER, 1), date(year + 1, 1, 31)
    for _festival, named, _works in list_named(festivals):
        if not first <= named.day <= last:
            yield NoticeDoubt(
                DoubtCode.OUTSIDE_YEAR,
                named.line,
                f"{named.day} 不属于 {year} 年。The day {named.day} does not belong to {year}.",
                "请核对年份。Check the year.",
            )


def _check_statutory(year: int, festivals: tuple[Festival, ...]) -> Iterator[NoticeDoubt]:
    holidays = get_statutory_holidays(year)
    if holidays is None or not festivals:
        return
    off = {named.day for _, named, works in list_named(festivals) if not works}
    for day in sorted(holidays - off):
        yield NoticeDoubt(
            DoubtCode.HOLIDAY_NOT_OFF,
            festivals[-1].line,
            f"法定节假日 {day} 不在休息日之列。The holiday by law {day} is not among the days off.",
            "请核对该节日的日期。Check the days of that festival.",
        )
