"""A yearly notice of holidays as it was read: days off, make-up working days, doubts. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

FESTIVALS = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
"""The festivals that every year's notice names, in the order of the State Council's notices."""


class DoubtCode(StrEnum):
    """What is doubtful about a notice."""

    WEEKDAY_DIFFERS = "weekday-differs"
    COUNT_DIFFERS = "count-differs"
    FESTIVAL_MISSING = "festival-missing"
    FESTIVAL_UNKNOWN = "festival-unknown"
    FESTIVAL_WITHOUT_DAYS = "festival-without-days"
    FESTIVAL_TWICE = "festival-twice"
    HOLIDAY_NOT_OFF = "holiday-not-off"
    """A day that is a holiday by law is not among the days off."""
    MAKE_UP_DIFFERS = "make-up-differs"
    """The weekdays off, less the make-up working days, are not the days off by law."""
    WORK_ON_WEEKDAY = "work-on-weekday"
    """A make-up working day from Monday to Friday is a working day anyhow."""
    DAY_TWICE = "day-twice"
    NO_SUCH_DAY = "no-such-day"
    RANGE_DOUBTFUL = "range-doubtful"
    OUTSIDE_YEAR = "outside-year"
    YEAR_PAST = "year-past"
    SENTENCE_UNREAD = "sentence-unread"
    OWN_DAY_DIFFERS = "own-day-differs"
    """The office's own day says otherwise than the notice; the office's stays."""


@dataclass(frozen=True, slots=True)
class NoticeDoubt:
    """Something that a person must compare with the notice.

    Attributes:
        line: of the text, from 1.
        message: in Chinese, then in English; so is `hint`.
    """

    code: DoubtCode
    line: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class NamedDay:
    """A day with the line of the text that names it."""

    day: date
    line: int


@dataclass(frozen=True, slots=True)
class Festival:
    """An item of a notice: a festival, or several that share their days.

    Attributes:
        names: such as 国庆节 and 中秋节.
        line: where the item begins.
        off: the days off, in the order of the text.
        work: the make-up working days, likewise.
    """

    names: tuple[str, ...]
    line: int
    off: tuple[NamedDay, ...] = ()
    work: tuple[NamedDay, ...] = ()

    @property
    def name(self) -> str:
        """All names, such as 国庆节、中秋节."""
        return "、".join(self.names)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice of one year."""

    year: int
    festivals: tuple[Festival, ...]
    doubts: tuple[NoticeDoubt, ...]

    @property
    def days(self) -> dict[date, bool]:
        """The days of the notice, rising: true is a working day. Off beats working."""
        days = {each.day: True for festival in self.festivals for each in festival.work}
        days |= {each.day: False for festival in self.festivals for each in festival.off}
        return dict(sorted(days.items()))

    @property
    def names(self) -> dict[date, str]:
        """The festival of each day of the notice that has one, rising."""
        named: dict[date, str] = {}
        for festival in self.festivals:
            for each in (*festival.off, *festival.work) if festival.name else ():
                named.setdefault(each.day, festival.name)
        return dict(sorted(named.items()))


def list_named(festivals: tuple[Festival, ...]) -> Iterator[tuple[Festival, NamedDay, bool]]:
    """Each day of a notice with its festival, and whether people work on it."""
    for festival in festivals:
        for each in festival.off:
            yield festival, each, False
        for each in festival.work:
            yield festival, each, True
