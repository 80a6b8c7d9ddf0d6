"""Units, their contacts and hearings, and what they were told, over HTTP."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field

from shared.api.fields import Answer, Day, Line, Prose, Reason, Request
from shared.api.ledger import ItemOut
from shared.api.membership import DirectoryChangeOut
from shared.schemas.facts import Status
from shared.schemas.rules import Audience

_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class NearUnitOut(Answer):
    """A unit that a new one may have been."""

    unit_id: UUID
    name: str


class NewUnitOut(Answer):
    """A unit that only the file has. If it is one of `near`, rename that instead."""

    name: str
    near: list[NearUnitOut]


class FieldChangeOut(Answer):
    """One field. People who follow each other in a post are one field, such as `liaison`."""

    field: str
    before: str | list[str]
    after: str | list[str]


class UnitChangeOut(Answer):
    """What the file changes of a unit. `written` is its name in the file."""

    unit_id: UUID
    name: str
    written: str
    fields: list[FieldChangeOut]


class ImportedOut(Answer):
    """How a directory file differs; `applied` says whether that was entered.

    `absent` names the units that stand in the directory and not in the file. They stay. `erased`
    counts the fields that dashes in the file empty. `plans` names the published plans of which the
    directory then makes units gain or lose duties: that waits for a decision.
    """

    applied: bool
    created: int
    changed: int
    unchanged: int
    new: list[NewUnitOut]
    changes: list[UnitChangeOut]
    absent: list[str]
    erased: int = 0
    plans: list[DirectoryChangeOut]


class ContactOut(Answer):
    """Who holds a post in a unit, and on which days. Those who follow have the same id."""

    contact_id: UUID
    post: str
    name: str
    email: str
    mobile: str
    valid_from: date | None = None
    valid_to: date | None = None


class HolderIn(Request):
    """A post, and who is to hold it."""

    post: Audience
    name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=254)] = ""
    mobile: Annotated[str, Field(max_length=40)] = ""


class ContactIn(HolderIn):
    """Who takes over a post; nothing is kept of who held it. Without `valid_from` at once."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "post": "liaison",
                    "name": "李四",
                    "email": "lisi@fgj.yanting.example",
                    "mobile": "13800000004",
                    "valid_from": "2023-09-01",
                }
            ]
        },
    )

    valid_from: Day | None = None
    valid_to: Day | None = None


class RenameIn(Request):
    """The unit's new name; the old one becomes an alias."""

    name: Annotated[Line, Field(max_length=100)]


class AliasesIn(Request):
    """Aliases that a unit gets (`add`), and aliases that it loses (`remove`)."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"remove": ["县教科局"]}]}
    )

    add: Annotated[tuple[Annotated[Line, Field(max_length=100)], ...], Field(max_length=100)] = ()
    remove: Annotated[tuple[Line, ...], Field(max_length=100)] = ()


class RetireIn(Request):
    """Why a unit ends, and which one takes over if any; or with `undo`, why it does not end."""

    reason: Reason
    undo: bool = False
    successor_id: UUID | None = None


class UnitOut(Answer):
    """A unit of the directory. `number` counts its changes.

    `successor_id`: the unit that took over from a retired one.
    """

    unit_id: UUID
    name: str
    kind: str
    groups: list[str]
    aliases: list[str]
    contacts: list[ContactOut]
    number: int
    changed_at: datetime
    retired_at: datetime | None
    retired_why: str | None
    successor_id: UUID | None = None


class UnreachableOut(Answer):
    """A post in which nobody can be reached today, or not on one channel.

    `gap`: nobody (it has no holder), ended and not-begun (with the `day`), no-address; no-email and
    no-mobile: the holder can be reached on the other channel alone.
    """

    unit_id: UUID
    unit: str
    post: Audience
    gap: str
    name: str
    day: date | None


class ToldOut(Answer):
    """One notification about what a unit owes. `refs` names the measures that it was about.

    `to_unit` is the name of another unit whose post heard it; empty where it was the unit's own.
    """

    notification_id: UUID
    reminder_id: UUID
    slot: datetime
    audience: str
    channel: str
    address: str
    state: str
    at: datetime
    reason: str
    gateway: str
    subject: str
    body: str
    refs: list[str]
    to_unit: str = ""


class StatusIn(Request):
    """How an obligation stands."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"status": "done", "note": "已在县政府网站公开"}]},
    )

    status: Status
    note: Prose = ""


class HearingIn(Request):
    """A hearing that was held. `minutes` names the record, such as its number."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"heard_on": "2023-09-18", "heard_by": "局长", "minutes": "局务会纪要〔2023〕21号"}
            ]
        },
    )

    heard_on: Day
    heard_by: Line
    minutes: Prose = ""


class HearingOut(Answer):
    """A hearing on record, and the obligations that it counts for."""

    hearing_id: UUID
    unit_id: UUID
    heard_on: date
    heard_by: str
    minutes: str
    obligations: list[ItemOut]


class ExtensionIn(Request):
    """A later date. `confirm` accepts one beyond the plan's year.

    `version` is that of the obligation as it was seen; without one it holds for any.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"due_on": "2023-12-31", "reason": "系统迁移，同意延期"}]},
    )

    due_on: Day
    reason: Reason
    confirm: bool = False
    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class ReceiptIn(Request):
    """What a gateway reports of a message that it took earlier.

    `gateway` is its name in the message's history: `webhook` for short messages, `smtp` for mail.
    `gone`, with `failed`: no message ever reaches the address, which is then set aside.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"gateway": "webhook", "gateway_message_id": "m-1", "state": "delivered"}]
        },
    )

    gateway: Line
    gateway_message_id: Line
    state: Literal["delivered", "failed"]
    received_at: Annotated[AwareDatetime, Field(ge=_FIRST, le=_LAST)] | None = None
    detail: Prose = ""
    gone: bool = False
