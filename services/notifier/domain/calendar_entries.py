"""Due dates that mails put into the calendars of contacts, by iTIP (RFC 5546, RFC 6047). Pure.

Each obligation of a contact is one entry with a stable UID. A mail brings it once (REQUEST), again
with a higher SEQUENCE when its date or the address has changed, and a mail of its own takes it out
(CANCEL) when the obligation is not owed any more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from shared.messages.wording import clean, is_hearing
from shared.schemas.facts import ReminderItem
from shared.schemas.refs import rank_ref

MOST = 10
"""Entries of one mail; further ones come with the next."""
MOVED = frozenset({"amended", "extended"})
"""Reasons of a withdrawal after which the obligation is still owed, by another date."""


class Method(StrEnum):
    """What a calendar does with an entry."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class EntryState(StrEnum):
    """Whether an entry stands in the calendar."""

    ENTERED = "entered"
    ENDING = "ending"
    """A mail that cancels it is due."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """An obligation in a contact's calendar.

    Attributes:
        contact_id: the post that does the work.
        notification_id: the mail that brought it last.
        sequence: rises with each change, from 0.
    """

    contact_id: UUID
    obligation_id: UUID
    office_id: UUID
    unit_id: UUID
    notification_id: UUID
    address: str
    due_on: date
    sequence: int
    summary: str
    state: EntryState = EntryState.ENTERED

    @property
    def method(self) -> Method:
        """What the mail that has the entry in this state does."""
        return Method.REQUEST if self.state is EntryState.ENTERED else Method.CANCEL

    @property
    def uid(self) -> str:
        """Its name in all calendars: that of the contact's entry, not of the unit's feed."""
        return f"{self.obligation_id}.{self.contact_id}@cuiban"

    def cancel(self) -> "CalendarEntry":
        """The entry as its CANCEL has it."""
        return replace(self, sequence=self.sequence + 1, state=EntryState.ENDED)


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """An entry that a mail brought; `is_lost`: that mail was never sent."""

    entry: CalendarEntry
    is_lost: bool


Known = Mapping[tuple[UUID, UUID], KnownEntry]
"""By contact and obligation."""


def plan_entries(
    like: CalendarEntry, items: Sequence[ReminderItem], known: Known, today: date
) -> Iterator[CalendarEntry]:
    """The entries that a mail brings: what is new in the contact's calendar, or has changed.

    The same mail brings the same entries whenever it is written.

    Args:
        like: has office, unit, contact, address and mail of each.
        items: of the mail.
        known: what earlier mails brought.
        today: what was due before it is not entered.
    """
    planned = 0
    for item in sorted(items, key=lambda item: (item.due_on, rank_ref(item.ref))):
        if item.due_on < today or planned == MOST:
            continue
        fresh = replace(
            like,
            obligation_id=item.obligation_id,
            due_on=item.due_on,
            summary=describe_item(item),
        )
        entry = _compare(fresh, known.get((like.contact_id, item.obligation_id)))
        if entry is not None:
            planned += 1
            yield entry


def _compare(fresh: CalendarEntry, known: KnownEntry | None) -> CalendarEntry | None:
    """The entry to bring; None when the calendar has it as it is."""
    if known is None:
        return fresh
    former = known.entry
    same = replace(fresh, sequence=former.sequence)
    is_as_before = (former.due_on, former.address) == (fresh.due_on, fresh.address)
    if is_as_before and former.state is EntryState.ENTERED:
        brings_it = former.notification_id == fresh.notification_id or known.is_lost
        return same if brings_it else None
    return replace(fresh, sequence=former.sequence + 1)


def describe_item(item: ReminderItem) -> str:
    """The entry's title, such as `2.1 民生保障（到期）`."""
    what = "听取汇报期限" if is_hearing(item) else "到期"
    return f"{clean(item.ref)} {clean(item.task_name)}（{what}）"[:200]
