"""What a rule book changes about a unit's reminders, compared with another book. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.planning.forecaster import ForecastReminder
from shared.schemas.rules import Audience, Channel


class ChangeKind(StrEnum):
    """What becomes of a reminder."""

    ADDED = "added"
    DROPPED = "dropped"
    MOVED = "moved"
    """The same audience hears of the same obligations in another slot."""
    CHANGED = "changed"
    """The same audience hears in the same slot, of other obligations or on other channels."""


@dataclass(frozen=True, slots=True)
class ReminderChange:
    """A reminder that another book makes otherwise.

    Attributes:
        slot: when it fires; of a dropped one, when it fired.
        was: of a moved one, its slot by the other book.
        obligations: that it is about; of a dropped one, that it was about.
    """

    kind: ChangeKind
    slot: datetime
    was: datetime | None
    audience: Audience
    obligations: tuple[UUID, ...]


_Place = tuple[datetime, Audience]
_Subject = tuple[Audience, frozenset[UUID]]


@dataclass(frozen=True, slots=True)
class _Content:
    obligations: tuple[UUID, ...]
    subject: frozenset[UUID]
    channels: frozenset[Channel]


def compare_reminders(
    reminders: Sequence[ForecastReminder], others: Sequence[ForecastReminder]
) -> list[ReminderChange]:
    """How one unit's reminders differ from those of another book, in order of slots.

    Where several could have moved, the first moves to the first.
    """
    now, before = _index(reminders), _index(others)
    changes = list(_list_changed(now, before))
    fresh = _group({place: now[place] for place in now if place not in before})
    gone = _group({place: before[place] for place in before if place not in now})
    for subject in {**fresh, **gone}:
        new, old = fresh.get(subject, []), gone.get(subject, [])
        changes += _pair(subject[0], new, old)
    return sorted(changes, key=lambda change: (change.slot, change.audience.value, change.kind))


def _index(reminders: Sequence[ForecastReminder]) -> dict[_Place, _Content]:
    indexed = {}
    for reminder in reminders:
        ids = tuple(reminder.list_obligation_ids())
        content = _Content(ids, frozenset(ids), frozenset(reminder.fired.channels))
        indexed[reminder.slot, reminder.audience] = content
    return indexed


def _list_changed(
    now: dict[_Place, _Content], before: dict[_Place, _Content]
) -> Iterator[ReminderChange]:
    for (slot, audience), content in now.items():
        other = before.get((slot, audience))
        if other and (other.subject, other.channels) != (content.subject, content.channels):
            yield ReminderChange(ChangeKind.CHANGED, slot, None, audience, content.obligations)


def _group(
    indexed: dict[_Place, _Content],
) -> dict[_Subject, list[tuple[datetime, tuple[UUID, ...]]]]:
    """The slots of each audience and set of obligations, rising."""
    grouped: defaultdict[_Subject, list[tuple[datetime, tuple[UUID, ...]]]] = defaultdict(list)
    for (slot, audience), content in sorted(indexed.items(), key=lambda entry: entry[0][0]):
        grouped[audience, content.subject].append((slot, content.obligations))
    return grouped


def _pair(
    audience: Audience,
    new: Sequence[tuple[datetime, tuple[UUID, ...]]],
    old: Sequence[tuple[datetime, tuple[UUID, ...]]],
) -> Iterator[ReminderChange]:
    for (slot, ids), (was, _) in zip(new, old, strict=False):
        yield ReminderChange(ChangeKind.MOVED, slot, was, audience, ids)
    for slot, ids in new[len(old) :]:
        yield ReminderChange(ChangeKind.ADDED, slot, None, audience, ids)
    for slot, ids in old[len(new) :]:
        yield ReminderChange(ChangeKind.DROPPED, slot, None, audience, ids)
