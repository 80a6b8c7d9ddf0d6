"""The forecast of a rule book over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AliasChoices, ConfigDict, Field

from shared.api.fields import Answer, Day, Request

MOST_LISTED = 500_000
"""How many reminders an answer lists at most."""
_MOST_TEXT = 1_000_000


class ForecastIn(Request):
    """The period, whose days both count, and the book.

    `text` is a whole rule book as YAML or JSON; without it the book in force is forecast. `most`:
    how many reminders are listed; totals are always complete.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"from": "2026-01-01", "to": "2026-12-31", "most": 100}]},
    )

    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    text: Annotated[str, Field(max_length=_MOST_TEXT)] | None = None
    most: int = Field(default=MOST_LISTED, ge=0, le=MOST_LISTED)


class ForecastReminderOut(Answer):
    """A reminder.

    `kind` is that of its gravest item: overdue, hearing-overdue, deadline, hearing. `messages`: how
    many of its messages are sent. `to_unit_id` is the other unit whose post hears what `unit` owes.
    """

    slot: datetime
    unit_id: UUID
    unit: str
    audience: str
    kind: str
    channels: list[str]
    obligations: list[UUID]
    messages: dict[str, int]
    sms_parts: int
    to_unit_id: UUID | None = None
    to_unit: str = ""


class ForecastTotalsOut(Answer):
    """The whole period.

    `messages` are sent, by channel; `suppressed` never are, by reason; `deferred` of those sent are
    sent after their slot. `units` owe something. `cost` is in yuan; null while the office has set
    no price (`sms_price`).
    """

    reminders: int
    messages: dict[str, int]
    sms_parts: int
    cost: float | None
    suppressed: dict[str, int]
    deferred: int
    units: int


class ForecastDayOut(Answer):
    """A day with reminders."""

    day: date
    reminders: int
    messages: dict[str, int]
    sms_parts: int


class ForecastUnitOut(Answer):
    """A unit with the reminders of what it owes, those to other units too."""

    unit_id: UUID
    unit: str
    reminders: int
    messages: dict[str, int]
    sms_parts: int


class ForecastChangeOut(Answer):
    """A reminder that the book in force makes otherwise; `was` is the slot of one that moved."""

    change: Literal["added", "dropped", "moved", "changed"]
    slot: datetime
    was: datetime | None
    unit_id: UUID
    unit: str
    audience: str
    obligations: list[UUID]


class ForecastComparedOut(Answer):
    """The book beside the one in force, in numbers of reminders; `rows` lists the first 1000.

    Moved: the same unit, audience and obligations in another slot. Changed: the same unit, audience
    and slot with other obligations or channels.
    """

    added: int
    dropped: int
    moved: int
    changed: int
    rows: list[ForecastChangeOut]


class ForecastWarningOut(Answer):
    """What the forecast does not know. `code` is for programs, `message` for people."""

    code: Literal["calendar-unknown", "history-unknown", "no-price"]
    message: str


class ForecastOut(Answer):
    """What a rule book does in a period.

    `version` is that of the book in force when it is forecast, else null. `reminders` are ordered
    by unit, and of a unit by slot; `left_out` more are not listed. `busiest`: the days with the
    most messages. `heard`: up to 1000 units with the most messages. `silent_units` owe something
    and get no message themselves: up to 10,000 names, `silent` in all.
    """

    first: date = Field(validation_alias=AliasChoices("first", "from"), serialization_alias="from")
    last: date = Field(validation_alias=AliasChoices("last", "to"), serialization_alias="to")
    timezone: str
    version: int | None
    reminders: list[ForecastReminderOut]
    left_out: int
    totals: ForecastTotalsOut
    days: list[ForecastDayOut]
    busiest: list[date]
    heard: list[ForecastUnitOut]
    compared: ForecastComparedOut
    silent: int
    silent_units: list[str]
    warnings: list[ForecastWarningOut]
