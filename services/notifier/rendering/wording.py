"""Words for dates and duties, as an office would write them. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from shared.calendar import WorkingCalendar
from shared.schemas.facts import ReminderItem
from shared.schemas.refs import rank_ref
from shared.schemas.rules import Audience, ReminderKind

_CALENDAR = WorkingCalendar()
_WEEKDAYS = "一二三四五六日"
_NEAR = 3
POSTS = {
    Audience.LIAISON: "联络员",
    Audience.DEPUTY: "分管领导",
    Audience.HEAD: "主要负责人",
}


class Tone(StrEnum):
    """How pressing an item is."""

    LATE = "late"
    TODAY = "today"
    NEAR = "near"
    CALM = "calm"


@dataclass(frozen=True, slots=True)
class Line:
    """An item, in words."""

    number: int
    ref: str
    task: str
    text: str
    due: str
    weekday: str
    left: str
    tone: Tone
    hearing: bool


@dataclass(frozen=True, slots=True)
class Digest:
    """What one contact is told: everything that a text is made from.

    `slot_day` is the day of the slot, on which the items' `working_days` were counted.
    """

    office: str
    unit: str
    audience: Audience
    plan_title: str
    items: Sequence[ReminderItem]
    slot_day: date
    today: date

    def left(self, due_on: date) -> tuple[str, Tone]:
        """How much time is left until one of its dates, in words.

        Working days as the scheduler counted them, by the office's calendar. A text that is made
        on a later day takes off those since, by the national one.
        """
        told = next((item.working_days for item in self.items if item.due_on == due_on), None)
        if told is None:
            return left(due_on, self.today, working_days(self.today, due_on))
        return left(due_on, self.today, told - working_days(self.slot_day, self.today))


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """`text` on one line: control, format and line characters become single blanks.

    Nothing that comes from outside can then end a header or a line, or turn the reading
    direction (Unicode categories Cc, Cf, Cs, Zl, Zp).
    """
    kept = (" " if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in text)
    return re.sub(r"\s+", " ", "".join(kept)).strip()


@lru_cache(maxsize=4096)
def working_days(first: date, last: date) -> int:
    """Working days after `first` up to and with `last`, nationally; negative if reversed."""
    return _CALENDAR.count_between(first, last)


def chinese(day: date) -> str:
    """2023年12月29日."""
    return f"{day.year}年{day.month}月{day.day}日"


def day_of(day: date, today: date) -> str:
    """12月29日, with the year when it is not today's."""
    return f"{day.month}月{day.day}日" if day.year == today.year else chinese(day)


def weekday(day: date) -> str:
    """星期五."""
    return f"星期{_WEEKDAYS[day.weekday()]}"


def left(due_on: date, today: date, days: int) -> tuple[str, Tone]:
    """How much time is left, in words; `days` are working days, negative once it is past."""
    if due_on == today:
        return "今日到期", Tone.TODAY
    if due_on < today:
        return (f"已逾期{-days}个工作日" if days < 0 else "已逾期"), Tone.LATE
    if days <= 0:
        return "期限前已无其他工作日", Tone.TODAY
    return f"还有{days}个工作日", Tone.NEAR if days <= _NEAR else Tone.CALM


def is_hearing(item: ReminderItem) -> bool:
    """Whether the item is about the head hearing the report."""
    return item.kind in {ReminderKind.HEARING, ReminderKind.HEARING_OVERDUE}


def in_order(items: Sequence[ReminderItem]) -> list[ReminderItem]:
    """Items by date, then by their place in the plan: 2.10 after 2.9."""
    return sorted(items, key=lambda item: (item.due_on, rank_ref(item.ref)))


def lines(digest: Digest) -> list[Line]:
    """The items of a digest in words, the most pressing first."""
    found = []
    for number, item in enumerate(in_order(digest.items), 1):
        words, tone = digest.left(item.due_on)
        found.append(
            Line(
                number=number,
                ref=clean(item.ref),
                task=clean(item.task_name),
                text=clean(item.text),
                due=chinese(item.due_on),
                weekday=weekday(item.due_on),
                left=words,
                tone=tone,
                hearing=is_hearing(item),
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Count:
    """How many items there are, and the nearest date that is not over."""

    items: int
    late: int
    today: int
    hearings: int
    nearest: date | None

    @property
    def ahead(self) -> int:
        """Items whose date is still to come, today not counted."""
        return self.items - self.late - self.today


def count(digest: Digest) -> Count:
    """The figures of a digest."""
    dates = [item.due_on for item in digest.items]
    ahead = [day for day in dates if day >= digest.today]
    return Count(
        items=len(dates),
        late=sum(day < digest.today for day in dates),
        today=sum(day == digest.today for day in dates),
        hearings=sum(map(is_hearing, digest.items)),
        nearest=min(ahead) if ahead else None,
    )


def titled(plan_title: str) -> str:
    """The plan's title in book marks, which it may already have."""
    title = clean(plan_title)
    return title if title.startswith("《") else f"《{title}》"
