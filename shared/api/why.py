"""Why reminders were sent or not, over HTTP."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from shared.api.fields import Answer
from shared.schemas.rules import Post
from shared.schemas.why_not import WhyNot


class AboutOut(Answer):
    """The obligation and the slot that an entry is about."""

    slot: datetime
    obligation_id: UUID
    ref: str
    task_name: str


class OtherHearerOut(Answer):
    """A post of another unit."""

    audience: str
    unit_id: UUID
    unit: str


class NextOut(AboutOut):
    """The next occurrence of a rule, with the posts of the unit and of others that will hear.

    `muted_by` and `muted_why` name a mute that silences it.
    """

    rule: str
    version: int
    overdue: int
    audiences: list[str]
    others: list[OtherHearerOut] = Field(default=[])
    mute_id: UUID | None = None
    muted_by: str = ""
    muted_why: str = ""


class MessageStateOut(Answer):
    """What became of a reminder on one channel; `reason` where it was not sent."""

    channel: str
    state: str
    at: datetime
    reason: str


class FiredOut(AboutOut):
    """A reminder that was sent: by which rules of which book, to whom, and what became of it.

    `to_unit` is the other unit whose post heard; null and empty where it was the unit's own.
    """

    rules: list[str]
    version: int
    audience: str
    overdue: int
    channels: list[str]
    messages: list[MessageStateOut]
    to_unit_id: UUID | None = None
    to_unit: str = ""


class NotFiredOut(AboutOut):
    """Why a rule did not remind some audiences in a slot.

    `of`: whose posts the audiences are. `actor` did what is the reason, at `at`. `chinese` and
    `english` say the reason in a sentence.
    """

    rule: str
    version: int
    audiences: list[str]
    reason: WhyNot
    actor: str
    at: datetime | None
    mute_id: UUID | None
    due_before: date | None
    condition: str
    chinese: str
    english: str
    of: Post = Post.UNIT


class WhyOut(Answer):
    """What comes next, what was sent, and what was not sent and why, each rising.

    `omitted` counts the oldest entries of `not_fired` that are left out.
    """

    next: list[NextOut]
    fired: list[FiredOut]
    not_fired: list[NotFiredOut]
    omitted: int = 0
