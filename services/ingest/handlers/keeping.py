"""Answers that are kept until something of their office changes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.store import journal

T = TypeVar("T")
_UNRELATED = (
    "evidence.added",
    "extension.asked",
    "link.opened",
    "objection.raised",
    "obligation.accepted",
    "obligation.noted",
    "obligation.progressed",
    "session.ended",
    "session.opened",
)
"""Actions of units and of signing in, which change no plan, no unit, and not who owes what. They
are most of the journal."""


@dataclass(slots=True)
class _Kept(Generic[T]):
    """An answer, the office's day of it, and the link of the journal up to which it holds."""

    answer: T
    today: date
    number: int


class KeptAnswers(Generic[T]):
    """Answers about plans and the directory, each by its office and what it is about.

    Every change of an office writes its journal, so that the journal and the office's day say
    whether an answer still holds. The number of the newest link is read first: a change meanwhile
    makes the answer newer than its number, never older.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[UUID, UUID], _Kept[T]] = {}

    async def get(
        self, db: AsyncConnection, act: Act, subject: UUID, make: Callable[[], Awaitable[T]]
    ) -> T:
        """The kept answer about `subject`, or the one that `make` gives."""
        head = await journal.find_head(db, act.office_id)
        number = head.number if head else 0
        today = (await get_office_day(db, act.office_id, act.now)).today
        key = act.office_id, subject
        kept = self._kept.get(key)
        if (
            kept is not None
            and kept.today == today
            and not await journal.has_other_than(
                db, act.office_id, _UNRELATED, after=kept.number, upto=number
            )
        ):
            kept.number = max(kept.number, number)
            return kept.answer
        answer = await make()
        self._kept[key] = _Kept(answer, today, number)
        return answer
