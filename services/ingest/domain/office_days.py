"""An office's calendar in two layers: the days of notices, and the office's own days above them.

Pure. An own day hides that of a notice, which is in force again when the own day is removed.
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
class NoticeDay:
    """A day of a notice: whether it is worked, and the festival it belongs to."""

    works: bool
    name: str


@dataclass(frozen=True, slots=True)
class OfficeDays:
    """All days that an office's calendar has.

    Attributes:
        own: the office's decisions, true for a working day; each differs from the notice.
        notice: the days of notices, those too that `own` hides.
    """

    own: Mapping[date, bool]
    notice: Mapping[date, NoticeDay]

    @property
    def days(self) -> dict[date, bool]:
        """What is in force, rising."""
        named = {day: each.works for day, each in self.notice.items()}
        return dict(sorted((named | dict(self.own)).items()))

    @property
    def names(self) -> dict[date, str]:
        """The festivals of the days on which a notice is in force, rising."""
        named = {day: each.name for day, each in self.notice.items() if day not in self.own}
        return dict(sorted(named.items()))

    @property
    def differing(self) -> list[date]:
        """The own days of which a notice says otherwise, rising."""
        return sorted(self.own.keys() & self.notice.keys())


def make_office_days(days: Mapping[date, bool], notice: Mapping[date, NoticeDay]) -> OfficeDays:
    """The layers of the days in force: those that are not as a notice has them are own days."""
    own = {
        day: works for day, works in days.items() if day not in notice or notice[day].works != works
    }
    return OfficeDays(own, dict(notice))


def put_notice(present: OfficeDays, year: int, notice: Mapping[date, NoticeDay]) -> OfficeDays:
    """The calendar with a year's notice in place of that year's earlier one. Own days stay."""
    others = {
        day: each
        for day, each in present.notice.items()
        if _get_notice_year(day, each.name) != year
    }
    return make_office_days(
        {day: each.works for day, each in notice.items()} | dict(present.own),
        others | dict(notice),
    )


def change_own_days(present: OfficeDays, changes: Mapping[date, bool | None]) -> OfficeDays:
    """The calendar with own days set, or removed where the change is None."""
    own = {day: works for day, works in present.own.items() if day not in changes}
    own |= {day: works for day, works in changes.items() if works is not None}
    return make_office_days(own, present.notice)


def list_own_day_doubts(merged: OfficeDays, year: int) -> list[NoticeDoubt]:
    """What is doubtful about the office's own days beside the notice of a year."""
    return [
        NoticeDoubt(
            DoubtCode.OWN_DAY_DIFFERS,
            1,
            f"{day} 以本办公室自定为准（{'上班' if merged.own[day] else '休息'}），与通知不同。"
            f"The day {day} stays as the office decided, and the notice says otherwise.",
            "如应按通知，请从本办公室自定的日期中删去。"
            "To follow the notice, remove the day from the office's own.",
        )
        for day in merged.differing
        if _get_notice_year(day, merged.notice[day].name) == year
    ]


def _get_notice_year(day: date, name: str) -> int:
    """The year of the notice that named a day: New Year may begin in the December before."""
    return day.year + (day.month == _DECEMBER and name == _NEW_YEAR)
