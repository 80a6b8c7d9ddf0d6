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
from shared.festivals import count_statutory_days, get_statutory_holidays

_SATURDAY = 5
_DECEMBER = 12


def check_festivals(year: int, festivals: tuple[Festival, ...]) -> list[NoticeDoubt]:
    """What is doubtful about the festivals of a notice."""
    return [
        *_check_names(festivals),
        *_check_days(festivals),
        *_check_make_up_days(year, festivals),
        *_check_year(year, festivals),
        *_check_statutory(year, festivals),
    ]


def _check_names(festivals: tuple[Festival, ...]) -> Iterator[NoticeDoubt]:
    if not any(festival.name for festival in festivals):
        return  # JSON may leave all names out
    counted = Counter(name for festival in festivals for name in festival.names)
    seen: set[str] = set()
    for festival in festivals:
        if not festival.off:
            yield NoticeDoubt(
                DoubtCode.FESTIVAL_WITHOUT_DAYS,
                festival.line,
                f"{festival.name}：没有读到休息日。No day off was read of {festival.name}.",
                "日期请写成“1月1日至3日放假”。Write the days as 1月1日至3日放假.",
            )
        for name in festival.names:
            if name not in FESTIVALS:
                yield _make_unknown_doubt(name, festival.line)
            elif name in seen:
                yield _make_twice_doubt(name, counted[name], festival.line)
            seen.add(name)
    missing = "、".join(name for name in FESTIVALS if not counted[name])
    if missing:
        yield NoticeDoubt(
            DoubtCode.FESTIVAL_MISSING,
            festivals[-1].line,
            f"没有{missing}的安排。There is nothing about {missing}.",
            "请粘贴通知全文。Paste the whole notice.",
        )


def _make_unknown_doubt(name: str, line: int) -> NoticeDoubt:
    return NoticeDoubt(
        DoubtCode.FESTIVAL_UNKNOWN,
        line,
        f"“{name}”不是每年通知都有的节日。The festival {name} is not one of every year.",
        "请核对名称。Check the name.",
    )


def _make_twice_doubt(name: str, times: int, line: int) -> NoticeDoubt:
    return NoticeDoubt(
        DoubtCode.FESTIVAL_TWICE,
        line,
        f"{name}出现 {times} 次。The festival {name} stands {times} times.",
        "请确认粘贴的是一份通知。Make sure that it is one notice.",
    )


def _check_days(festivals: tuple[Festival, ...]) -> Iterator[NoticeDoubt]:
    known: dict[date, tuple[Festival, NamedDay, bool]] = {}
    for festival, named, works in list_named(festivals):
        day = named.day
        if works and day.weekday() < _SATURDAY:
            yield NoticeDoubt(
                DoubtCode.WORK_ON_WEEKDAY,
                named.line,
                f"调休上班日 {day} 是{name_weekday(day)}，本来就上班。"
                f"The make-up day {day} is a {name_weekday_in_english(day)}, a working day anyhow.",
                "请核对日期。Check the date.",
            )
        first, earlier, worked = known.setdefault(day, (festival, named, works))
        again = first is not festival and (first.names, worked) == (festival.names, works)
        if earlier is not named and not again:  # the festival that stands twice is a doubt itself
            yield NoticeDoubt(
                DoubtCode.DAY_TWICE,
                named.line,
                f"{day} 重复出现，前一处在第 {earlier.line} 行。"
                f"The day {day} is named twice, first in line {earlier.line}.",
                "请核对是放假还是上班。Check whether it is off or worked.",
            )


def _check_make_up_days(year: int, festivals: tuple[Festival, ...]) -> Iterator[NoticeDoubt]:
    """A weekday off that is no holiday by law is worked on a weekend; it holds since 2008.

    A holiday by law that falls on a weekend is taken on a weekday. So each festival has as many
    weekdays off, less its make-up working days, as days by law (《全国年节及纪念日放假办法》).
    """
    for festival in festivals:
        lawful = [count_statutory_days(year, name) for name in festival.names]
        if not festival.off or None in lawful:
            continue
        weekdays = sum(named.day.weekday() < _SATURDAY for named in festival.off)
        due, work = sum(filter(None, lawful)), len(festival.work)
        if weekdays - work != due:
            yield NoticeDoubt(
                DoubtCode.MAKE_UP_DIFFERS,
                festival.line,
                f"{festival.name}：周一至周五休息 {weekdays} 天，调休上班 {work} 天，"
                f"两者之差应为法定的 {due} 天。"
                f"Of {festival.name} {weekdays} days off are Monday to Friday, and {work} days are "
                f"made up for: the difference should be the {due} days by law.",
                "请核对休息日和调休上班日是否写全。"
                "Check that all days off and make-up working days are there.",
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
    off = {named.day for _, named, works in list_named(festivals) if not works}
    lacking = sorted((get_statutory_holidays(year) or frozenset()) - off)
    if lacking:
        days = "、".join(map(str, lacking))
        yield NoticeDoubt(
            DoubtCode.HOLIDAY_NOT_OFF,
            festivals[-1].line,
            f"法定节假日不在休息日之列：{days}。"
            f"Holidays by law are not among the days off: {days}.",
            "请核对这些节日的日期。Check the days of these festivals.",
        )
