"""After a restore: what the log says has ended is not sent again."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import NotificationState
from services.notifier.domain.told_outcomes import ToldOutcome, collect_outcomes
from services.notifier.store import told
from shared.schemas.base_events import Event


@dataclass(frozen=True, slots=True)
class RestoredMessages:
    """Messages that had ended before the restore.

    Attributes:
        ended: as the log tells it.
        marked: how many of them were open in the database, and are not sent any more.
        unknown: how many of them the database does not have.
        links: requests for a link that are dropped: no event tells whether they were answered.
        entries: cancelled calendar entries that no mail tells of any more, for the same reason.
    """

    ended: list[ToldOutcome]
    marked: int
    unknown: int
    links: int = 0
    entries: int = 0

    @property
    def sent(self) -> int:
        """How many of them a gateway had accepted."""
        return sum(each.state is NotificationState.SENT for each in self.ended)


async def look_at_ended(db: AsyncConnection, events: Iterable[Event]) -> RestoredMessages:
    """What `mark_ended` would mark; nothing is changed."""
    outcomes = collect_outcomes(events)
    states = await told.list_states(db, outcomes)
    number = sum(state in told.OPEN for state in states.values())
    return RestoredMessages(list(outcomes.values()), number, len(outcomes) - len(states))


async def mark_ended(db: AsyncConnection, events: Iterable[Event]) -> RestoredMessages:
    """Mark messages as ended as events tell; drop single mails, whose end no event tells."""
    before = await look_at_ended(db, events := list(events))
    marked = await told.mark_ended(db, collect_outcomes(events))
    links, entries = await told.drop_single_mails(db)
    return RestoredMessages(before.ended, len(marked), before.unknown, links, entries)
