"""What the promise is judged by, and the result."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from shared.schemas.rules import Audience


@dataclass(frozen=True, slots=True)
class SinkMessage:
    """A message in a sink, with its content.

    Attributes:
        name: the notification's id.
        at: the office's time when the sink took it first.
        items: (ref, date) of each item; empty for a short message, which lists none.
        complete: whether the reminder fired with a complete view.
    """

    name: UUID
    unit_id: UUID
    audience: Audience
    channel: str
    slot: datetime
    at: datetime
    items: tuple[tuple[str, date], ...]
    complete: bool


@dataclass(slots=True)
class Judgement:
    """What was due and what arrived; each entry of a list names a problem.

    Attributes:
        muted: items that nobody was to be told of in a slot, since every rule was muted for them.
        kept: items that kept steps decided: the book in force alone would tell somebody else.
    """

    due: int = 0
    delivered: int = 0
    muted: int = 0
    kept: int = 0
    late_honoured: int = 0
    incomplete: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
