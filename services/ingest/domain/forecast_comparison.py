"""What a rule book changes about a unit's reminders, compared with another book. Pure."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.planning.forecaster import SharedReminder, UnitForecast
from shared.rules.book import How
from shared.schemas.rules import Audience, Channel

_KEPT = 50_000
"""About how many changes are kept."""


class ChangeKind(StrEnum):
    """What becomes of a reminder."""

    ADDED = "added"
    DROPPED = "dropped"
    MOVED = "moved"
    """The same audience hears of the same obligations in another slot."""
    CHANGED = "changed"
    """The same audience hears in the same slot, of other obligations or in another way."""


@dataclass(frozen=True, slots=True)
class ReminderChange:
    """A reminder that another book makes otherwise.

    Attributes:
        slot: when it fires; of a dropped one, when it fired.
        was: of a moved one, its slot by the other book.
        groups: the numbers of the groups of obligations that it is about; of a dropped one, that it
            was about.
    """

    kind: ChangeKind
    slot: datetime
    was: datetime | None
    audience: Audience
    groups: tuple[int, ...]


_Place = tuple[datetime, Audience]
_Subject = tuple[Audience, tuple[int, ...]]


class Comparer:
    """Compares the reminders of units; what it found is kept for units that are alike."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, list[ReminderChange]] = {}
        self._room = _KEPT

    def compare(self, forecast: UnitForecast, other: UnitForecast) -> list[ReminderChange]:
        """How one unit's reminders differ from those of another book, in order of slots.

        Both have the same key: their forecasters group obligations alike. Where several could have
        moved, the first moves to the first.
        """
        known = self._kept.get(forecast.key)
        if known is None:
            known = _compare(forecast.fired, other.fired)
            if self._room <= 0:
                self._kept.clear()
                self._room = _KEPT
            self._room -= 1 + len(known)
            self._kept[forecast.key] = known
        return known


def _compare(
    reminders: Sequence[SharedReminder], others: Sequence[SharedReminder]
) -> list[ReminderChange]:
    now, before = map(_map_places, (reminders, others))
    changes = list(_list_changed(now, before))
    fresh = _group(fired for place in now if place not in before for fired in now[place])
    gone = _group(fired for place in before if place not in now for fired in before[place])
    for subject in {**fresh, **gone}:
        changes += _pair(subject, fresh.get(subject, []), gone.get(subject, []))
    return sorted(changes, key=lambda change: (change.slot, change.audience.value, change.kind))


_Reminders = list[SharedReminder]
"""Those of one audience in a slot: the digest, and what rules have apart."""


def _map_places(reminders: Iterable[SharedReminder]) -> dict[_Place, _Reminders]:
    places: defaultdict[_Place, _Reminders] = defaultdict(list)
    for fired in reminders:
        places[fired.due.slot, fired.due.audience].append(fired)
    return dict(places)


def _list_changed(
    now: Mapping[_Place, _Reminders], before: Mapping[_Place, _Reminders]
) -> Iterator[ReminderChange]:
    for (slot, audience), fired in now.items():
        other = before.get((slot, audience))
        if other and _describe(other) != _describe(fired):
            groups = sorted({group for each in fired for group in each.groups})
            yield ReminderChange(ChangeKind.CHANGED, slot, None, audience, tuple(groups))


def _describe(reminders: _Reminders) -> list[tuple[list[int], list[Channel], str, str]]:
    """Each reminder's obligations, channels, way of sending and other unit, in any order."""
    return sorted(
        (
            sorted(each.groups),
            list(each.due.channels),
            _write_how(each.due.how),
            str(each.due.to_unit or ""),
        )
        for each in reminders
    )


def _write_how(how: How | None) -> str:
    return "" if how is None else how.model_dump_json()


def _group(reminders: Iterable[SharedReminder]) -> dict[_Subject, list[datetime]]:
    """The slots of each audience and set of obligations, rising."""
    grouped: defaultdict[_Subject, list[datetime]] = defaultdict(list)
    for fired in reminders:
        grouped[fired.due.audience, tuple(sorted(fired.groups))].append(fired.due.slot)
    return {subject: sorted(slots) for subject, slots in grouped.items()}


def _pair(
    subject: _Subject, new: Sequence[datetime], old: Sequence[datetime]
) -> Iterator[ReminderChange]:
    audience, groups = subject
    for slot, was in zip(new, old, strict=False):
        yield ReminderChange(ChangeKind.MOVED, slot, was, audience, groups)
    for slot in new[len(old) :]:
        yield ReminderChange(ChangeKind.ADDED, slot, None, audience, groups)
    for slot in old[len(new) :]:
        yield ReminderChange(ChangeKind.DROPPED, slot, None, audience, groups)
