"""Whether a unit hears something else under another rule book. Pure.

One unit is compared at a time, and only up to its first difference.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import zip_longest
from uuid import UUID

from shared.planning.forecasting import ForecastObligation, forecast_unit
from shared.planning.timetable import Timetable
from shared.schemas.rules import Audience, Channel, ReminderKind

Heard = tuple[datetime, Audience, tuple[Channel, ...], frozenset[tuple[UUID, ReminderKind]]]
"""A reminder as a unit hears it: slot, audience, channels; which obligations, and why each."""


def has_other_reminders(
    live: Timetable,
    other: Timetable,
    of_unit: Sequence[ForecastObligation],
    *,
    planned_at: datetime,
    until: datetime,
) -> bool:
    """Whether the reminders of a unit after `planned_at`, up to `until`, differ between two books.

    Args:
        live: the rules in force, with the calendar.
        other: other rules, with the same calendar.
        of_unit: what the unit owes now; it is taken to stay so.
        planned_at: the present instant.
        until: the last slot of interest.
    """
    if not of_unit:
        return False
    pairs = zip_longest(
        *(_list_heard(timetable, of_unit, planned_at, until) for timetable in (live, other))
    )
    return any(first != second for first, second in pairs)


def _list_heard(
    timetable: Timetable,
    of_unit: Sequence[ForecastObligation],
    planned_at: datetime,
    until: datetime,
) -> Iterator[Heard]:
    for reminder in forecast_unit(timetable, of_unit, {}, planned_at, until):
        items = frozenset((item.obligation_id, item.kind) for item in reminder.items)
        yield reminder.slot, reminder.audience, reminder.channels, items
