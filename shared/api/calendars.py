"""Years of an office's calendar, and notices of holidays, over HTTP."""

import re
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field

from shared.api.fields import Answer, Day, Request

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")


def _refuse_control(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("内容含有控制字符。The text holds control characters.")
    return value


Year = Annotated[int, Field(ge=2000, le=2199)]


class NoticeIn(Request):
    """A year's notice of holidays, pasted or as JSON. With `preview` nothing is stored."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"text": "2027年部分节假日安排\n一、元旦：1月1日（周五）至3日（周日）放假，共3天。"}
            ]
        },
    )

    text: Annotated[str, Field(min_length=1, max_length=20_000), AfterValidator(_refuse_control)]
    year: Year | None = None
    preview: bool = False


class PublishDraftIn(Request):
    """Which draft is published; `accept_doubts` although something in it is doubtful."""

    draft_id: UUID
    accept_doubts: bool = False


class CalendarDayOut(Answer):
    """A day: `weekday` from 1 (Monday) to 7, whether it is worked, and why.

    `name` is the festival that it belongs to; `own` days are published by the office.
    """

    day: date
    weekday: int
    working: bool
    reason: str
    name: str
    own: bool


class CalendarYearOut(Answer):
    """A year of the office's calendar. `state` is known, partly-known or unknown.

    In a year that is not known Monday to Friday count as working days. `number` is the calendar
    of the office; 0 where it published none.
    """

    year: int
    state: str
    number: int
    working_days: int
    days: list[CalendarDayOut]


class NoticeDoubtOut(Answer):
    """What is doubtful about a notice, in Chinese and English, and the line of its text."""

    code: str
    line: int
    message: str
    hint: str


class SlotMoveOut(Answer):
    """A reminder of a rule that moves, of how many units and obligations.

    `before` is null for a reminder that is added, `after` for one whose new slot has passed.
    `unit_names` has the first 100 units.
    """

    rule_id: str
    before: datetime | None
    after: datetime | None
    units: int
    obligations: int
    unit_names: list[str]


class CalendarMovesOut(Answer):
    """What publishing would change: days, and reminders up to `until`.

    `changed` days are worked by one calendar and off by the other. At most 1000 of the `moving`
    reminders are listed; it is null when they were not compared.
    """

    changed: list[date]
    moving: int | None
    moves: list[SlotMoveOut]
    until: date
    timezone: str


class CalendarDraftOut(CalendarMovesOut):
    """A notice that is not published: what was read, what is doubtful, and what would move.

    `draft_id` is null for a preview. `days` are those of the notice with their festivals in
    `names`; `shown` is the year as it would be.
    """

    draft_id: UUID | None
    year: int
    days: dict[date, bool]
    names: dict[date, str]
    doubts: list[NoticeDoubtOut]
    shown: CalendarYearOut
    imported_by: str
    imported_at: datetime


class OwnDaysIn(Request):
    """Own days of the office to set: true is a working day, false a day off, null removes one.

    All other days stay, those of notices too. With `preview` nothing is stored.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"days": {"2027-10-08": False, "2027-10-09": None}}]},
    )

    days: Annotated[dict[Day, bool | None], Field(min_length=1, max_length=366)]
    preview: bool = False


class OwnDaysOut(CalendarMovesOut):
    """What own days change; `number` is the calendar that was published, null for a preview."""

    number: int | None
