"""Puts a year's notice into an office's calendar. Pure.

The office's days with a name come from a notice; those without are its own decisions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.ingest.domain.holiday_notices.notice import DoubtCode, NoticeDoubt

UNNAMED = "节假日"
"""The name of a notice's day whose festival the notice does not name."""
_NEW_YEAR = "元旦"
_DECEMBER = 12


@dataclass(frozen=True, slots=True)
class MergedCalendar:
    """All days of an office's next calendar, rising, and the names of those from notices.

    Attributes:
        differing: own days of the office of which the notice says otherwise. They stay.
    """

    days: dict[date, bool]
    names: dict[date, str]
    differing: tuple[date, ...]


def merge_notice(
    days: Mapping[date, bool],
    names: Mapping[date, str],
    year: int,
    notice_days: Mapping[date, bool],
    notice_names: Mapping[date, str],
) -> MergedCalendar:
    """The present `days` and `names` with a year's notice in place of that year's earlier one."""
    own = {day: works for day, works in days.items() if day not in names}
    others = {
        day: works
        for day, works in days.items()
        if day in names and _get_notice_year(day, names[day]) != year
    }
    merged = dict(sorted((others | dict(notice_days) | own).items()))
    named = {day: names[day] for day in others}
    named |= {day: notice_names.get(day) or UNNAMED for day in notice_days}
    differing = [day for day, works in notice_days.items() if own.get(day, works) != works]
    return MergedCalendar(
        merged,
        {day: name for day, name in sorted(named.items()) if day not in own},
        tuple(sorted(differing)),
    )


def list_merge_doubts(merged: MergedCalendar) -> list[NoticeDoubt]:
    """What is doubtful about the office's own days beside the notice."""
    return [
        NoticeDoubt(
            DoubtCode.OWN_DAY_DIFFERS,
            1,
            f"{day} 以本办公室自定为准（{'上班' if merged.days[day] else '休息'}），与通知不同。"
            f"The day {day} stays as the office decided, and the notice says otherwise.",
            "如应按通知，请先从本办公室的日期中删去。"
            "To follow the notice, take the day out of the office's own first.",
        )
        for day in merged.differing
    ]


def _get_notice_year(day: date, name: str) -> int:
    """The year of the notice that named a day: New Year may begin in the December before."""
    return day.year + (day.month == _DECEMBER and name == _NEW_YEAR)
