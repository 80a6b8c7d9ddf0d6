"""Dates and items in the Chinese words of an office. Pure."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Protocol

from shared.calendar import WorkingCalendar
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
    """How urgent an item is."""

    LATE = "late"
    TODAY = "today"
    NEAR = "near"
    CALM = "calm"


_HEADINGS = {
    Tone.LATE: "已逾期",
    Tone.TODAY: "马上到期",
    Tone.NEAR: f"{_NEAR}个工作日内到期",
    Tone.CALM: "尚有时间",
}


@dataclass(frozen=True, slots=True)
class ItemLine:
    """An item, in words, for the templates.

    `heading` is of the first of those that are equally urgent: what they are, and how many.
    """

    number: int
    ref: str
    plan: str
    task: str
    text: str
    due: str
    weekday: str
    left: str
    tone: Tone
    hearing: bool
    heading: str


@dataclass(frozen=True, slots=True)
class Door:
    """The way into the portal that one message shows.

    Attributes:
        address: what is opened. In a mail it contains the secret.
        secret: the token of the link, or the code to type.
        until: the last day on which it works, in the office's time zone.
    """

    address: str = field(repr=False)
    secret: str = field(repr=False)
    until: date


class DigestItem(Protocol):
    """An item as texts show it; `shared.schemas.facts.ReminderItem` says what each field is."""

    @property
    def ref(self) -> str:
        """The number of its measure."""

    @property
    def task_name(self) -> str:
        """The name of its task."""

    @property
    def text(self) -> str:
        """The complete text of its measure."""

    @property
    def plan(self) -> str:
        """Its plan's title, where items of several plans are shown."""

    @property
    def kind(self) -> ReminderKind:
        """Why it is shown."""

    @property
    def due_on(self) -> date:
        """Its date."""

    @property
    def working_days(self) -> int | None:
        """How many lie between the slot's day and its date; None when nobody counted them."""


@dataclass(frozen=True, slots=True)
class Digest:
    """The content of one notification: all that a text is made from.

    `unit` owes the items. `told_unit` is the name of another unit whose post hears of them; empty
    where it is the unit's own. `slot_day` is the day of the slot, on which the items'
    `working_days` were counted. `door` is the contact's way into the portal, where there is one.
    """

    office: str
    unit: str
    audience: Audience
    plan_title: str
    items: Sequence[DigestItem]
    slot_day: date
    today: date
    door: Door | None = None
    told_unit: str = ""

    def describe_time_left(self, due_on: date) -> tuple[str, Tone]:
        """How much time is left until a date of an item, in words.

        The scheduler has counted the working days by the office's calendar. If the text is made on
        a later day, the days since the slot are subtracted, by the national calendar.
        """
        days = next((item.working_days for item in self.items if item.due_on == due_on), None)
        if days is None:
            return describe_time_left(due_on, self.today, count_working_days(self.today, due_on))
        return describe_time_left(
            due_on, self.today, days - count_working_days(self.slot_day, self.today)
        )


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """`text` on one line: control, format and line characters become single blanks.

    So no outside text can end a header or a line, or change the reading direction (Unicode
    categories Cc, Cf, Cs, Zl, Zp).
    """
    kept = (" " if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in text)
    return re.sub(r"\s+", " ", "".join(kept)).strip()


@lru_cache(maxsize=4096)
def count_working_days(first: date, last: date) -> int:
    """Working days after `first` up to and including `last`, by the national calendar.

    Negative if `last` is before `first`.
    """
    return _CALENDAR.count_between(first, last)


def format_chinese(day: date) -> str:
    """2023年12月29日."""
    return f"{day.year}年{day.month}月{day.day}日"


def format_day(day: date, today: date) -> str:
    """12月29日, with the year when it is not today's."""
    return f"{day.month}月{day.day}日" if day.year == today.year else format_chinese(day)


def format_weekday(day: date) -> str:
    """星期五."""
    return f"星期{_WEEKDAYS[day.weekday()]}"


def describe_time_left(due_on: date, today: date, days: int) -> tuple[str, Tone]:
    """How much time is left, in words; `days` are working days, negative after the date."""
    if due_on == today:
        return "今日到期", Tone.TODAY
    if due_on < today:
        return (f"已逾期{-days}个工作日" if days < 0 else "已逾期"), Tone.LATE
    if days <= 0:
        return "期限前已无其他工作日", Tone.TODAY
    return f"还有{days}个工作日", Tone.NEAR if days <= _NEAR else Tone.CALM


def is_hearing(item: DigestItem) -> bool:
    """Whether the item is the head's hearing of the report."""
    return item.kind in {ReminderKind.HEARING, ReminderKind.HEARING_OVERDUE}


def sort_items(items: Sequence[DigestItem]) -> list[DigestItem]:
    """Items sorted by date, then by their place in the plan: 2.10 after 2.9."""
    return sorted(items, key=lambda item: (item.due_on, rank_ref(item.ref)))


def describe_items(digest: Digest) -> list[ItemLine]:
    """The items of a digest in words, the most urgent first."""
    left = [(item, *digest.describe_time_left(item.due_on)) for item in sort_items(digest.items)]
    counts = Counter(tone for _, _, tone in left)
    described: list[ItemLine] = []
    for number, (item, words, tone) in enumerate(left, 1):
        is_first = not described or described[-1].tone is not tone
        described.append(
            ItemLine(
                number=number,
                ref=clean(item.ref),
                plan=quote_title(item.plan) if item.plan else "",
                task=clean(item.task_name),
                text=clean(item.text),
                due=format_chinese(item.due_on),
                weekday=format_weekday(item.due_on),
                left=words,
                tone=tone,
                hearing=is_hearing(item),
                heading=f"{_HEADINGS[tone]}（{counts[tone]}项）" if is_first else "",
            )
        )
    return described


@dataclass(frozen=True, slots=True)
class Count:
    """How many items there are, and the nearest date that has not passed."""

    items: int
    late: int
    today: int
    hearings: int
    nearest: date | None

    @property
    def ahead(self) -> int:
        """Items whose date is after today."""
        return self.items - self.late - self.today


def count_items(digest: Digest) -> Count:
    """Count the items of a digest."""
    dates = [item.due_on for item in digest.items]
    ahead = [day for day in dates if day >= digest.today]
    return Count(
        items=len(dates),
        late=sum(day < digest.today for day in dates),
        today=sum(day == digest.today for day in dates),
        hearings=sum(map(is_hearing, digest.items)),
        nearest=min(ahead) if ahead else None,
    )


def quote_title(plan_title: str) -> str:
    """A plan's title in book title marks (《》), which it may already have."""
    title = clean(plan_title)
    return title if title.startswith("《") else f"《{title}》"


def quote_titles(digest: Digest) -> str:
    """The title of each plan that the digest is about, each in book title marks: 《甲》、《乙》."""
    titles = dict.fromkeys(item.plan for item in digest.items if item.plan)
    return "、".join(map(quote_title, titles)) or quote_title(digest.plan_title)
