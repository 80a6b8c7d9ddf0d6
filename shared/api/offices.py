"""The office, its tokens, rule books and calendars over HTTP."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.api.fields import Answer, Day, Line, Request
from shared.rules.book import Rule
from shared.rules.defaults import make_default_rule_book


class OfficeOut(Answer):
    """The office that the token speaks for. `today` is its present day.

    `unknown_year` is the year whose holidays should be known by now and are not: the present one,
    from 1 October on the next; null when both are known. In it Monday to Friday count as worked.
    `held_since`: since when the sending of some or all messages is held; null while it is not.
    """

    office_id: UUID
    slug: str
    name: str
    today: date
    unknown_year: int | None = None
    held_since: datetime | None = None


class OfficeSummaryOut(Answer):
    """How many obligations an office has; `near` and `overdue` are among those `open`."""

    office_id: UUID
    slug: str
    name: str
    today: date
    units: int
    total: int
    done: int
    open: int
    near: int
    overdue: int


class TokenIn(Request):
    """A token to make. With `unit_id` it reads and reports for that unit alone."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "县财政局 OA", "scopes": ["read", "report"]}]},
    )

    name: Line
    scopes: Annotated[
        list[Literal["read", "report", "manage", "admin"]], Field(min_length=1, max_length=4)
    ]
    unit_id: UUID | None = None


class TokenOut(Answer):
    """A token without its secret."""

    token_id: UUID
    name: str
    prefix: str
    scopes: list[str]
    unit_id: UUID | None
    created_at: datetime
    revoked_at: datetime | None


class TokenIssued(TokenOut):
    """A new token. `token` is shown now and never again, not even for a repeated request."""

    token: str


class RuleBookIn(Request):
    """An office's rules, whole. They get the next version number."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [make_default_rule_book().model_dump(mode="json", exclude={"version"})]
        },
    )

    timezone: Annotated[str, Field(max_length=64)] = "Asia/Shanghai"
    rules: Annotated[tuple[Rule, ...], Field(max_length=200)]
    near_working_days: int = Field(default=15, ge=0, le=260)


class RuleBookOut(Answer):
    """A version of the office's rules.

    `drafted_by` and `approved_by` are null for a version without a draft, or without a second
    person. `restored_from` is the version whose content it is again.
    """

    version: int
    book: dict[str, Any]
    published_by: str
    published_at: datetime
    note: str = ""
    drafted_by: str | None = None
    approved_by: str | None = None
    restored_from: int | None = None


class CalendarIn(Request):
    """All days of the office's calendar: true is a working day, false a day off.

    A day of an earlier notice that is left out is no longer in force.
    `POST /v1/calendars/own-days` changes single days.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"days": {"2027-10-08": False, "2027-10-09": True}}]},
    )

    days: Annotated[dict[Day, bool], Field(max_length=5000)]


class CalendarOut(Answer):
    """A version of the office's calendar. `names` has the festivals of days that a notice gave."""

    number: int
    days: dict[date, bool]
    names: dict[date, str] = Field(default_factory=dict)
    published_by: str
    published_at: datetime
