"""From a duty to the obligations of a unit, and how they may change. Pure.

A duty is a measure as the office settled it. Each of its dates or periods becomes one
obligation of every unit that is responsible.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from services.ingest.domain.periods import Period
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light
from shared.schemas.rules import ObligationKind

_HEARING = re.compile(r"听取.{0,60}?汇报", re.DOTALL)
_DAY = timedelta(days=1)


_MONTHS = {Period.HALF_YEAR: 6, Period.QUARTER: 3, Period.MONTH: 1}


@dataclass(frozen=True, slots=True)
class Duty:
    """What the lifecycle needs of a measure.

    Attributes:
        text: the complete text; it tells a hearing from other yearly duties.
        due: the dates that the cell or the text names, ascending.
        continuous: it goes on without an end.
        per: the period of a recurring duty, else None.
        at_least: how often in each period.
        year: the plan's year; None when the document does not say.
    """

    text: str
    due: tuple[date, ...] = ()
    continuous: bool = False
    per: Period | None = None
    at_least: int = 1
    year: int | None = None


@dataclass(frozen=True, slots=True)
class ObligationDraft:
    """One obligation, not yet of a unit.

    Attributes:
        times: how many hearings fulfil it.
        begins_on: the first day of its period; nothing is owed before it. None: it is owed at once.
    """

    kind: ObligationKind
    period: str
    due_on: date | None
    times: int = 1
    begins_on: date | None = None

    def get_known_on(self, today: date) -> date:
        """The day from which a unit owes it that is told of it today."""
        return today if self.begins_on is None else max(today, self.begins_on)


def derive_obligations(duty: Duty) -> tuple[ObligationDraft, ...]:
    """The obligations of each unit for a duty; empty when no date can be derived.

    A duty of every quarter, half-year, month or week is owed from the beginning of each such period
    of the year until its end, but never after the last date that its cell names. Where the cell
    names several dates, these are its periods.
    """
    year = duty.due[-1].year if duty.due else duty.year
    match duty.per:
        case Period.YEAR if year is not None and _HEARING.search(duty.text):
            due_on = duty.due[-1] if duty.due else date(year, 12, 31)
            return (
                ObligationDraft(ObligationKind.HEARING, str(year), due_on, max(1, duty.at_least)),
            )
        case Period.YEAR if year is not None and len(duty.due) <= 1:
            due_on = duty.due[-1] if duty.due else date(year, 12, 31)
            return (ObligationDraft(ObligationKind.DEADLINE, str(year), due_on),)
        case Period.HALF_YEAR | Period.QUARTER | Period.MONTH | Period.WEEK if (
            year is not None and len(duty.due) <= 1
        ):
            last = duty.due[-1] if duty.due else date(year, 12, 31)
            return tuple(
                ObligationDraft(ObligationKind.DEADLINE, period, min(end, last), begins_on=start)
                for period, start, end in _list_periods(duty.per, year)
                if start <= last
            )
        case _:
            return _list_dated(duty)


def _list_dated(duty: Duty) -> tuple[ObligationDraft, ...]:
    if duty.due:
        dates = sorted(set(duty.due))
        return tuple(
            ObligationDraft(ObligationKind.DEADLINE, day.isoformat(), day) for day in dates
        )
    if duty.continuous:
        period = "open" if duty.year is None else str(duty.year)
        return (ObligationDraft(ObligationKind.DEADLINE, period, None),)
    return ()


def _list_periods(per: Period, year: int) -> Iterator[tuple[str, date, date]]:
    """Name, first and last day of each period of a year; weeks are those of ISO 8601."""
    if per is Period.WEEK:
        monday = date.fromisocalendar(year, 1, 1)
        while monday.isocalendar().year == year:
            yield (
                f"{year}-W{monday.isocalendar().week:02}",
                monday,
                min(monday + 6 * _DAY, date(year, 12, 31)),
            )
            monday += 7 * _DAY
        return
    months = _MONTHS[per]
    letter = {6: "H", 3: "Q", 1: ""}[months]
    for number in range(1, 12 // months + 1):
        last = number * months
        name = f"{year}-{letter}{number}" if letter else f"{year}-{number:02}"
        end = date(year, last, monthrange(year, last)[1])
        yield name, date(year, last - months + 1, 1), end


def move_date(
    current: date | None, was: ObligationDraft | None, draft: ObligationDraft
) -> date | None:
    """The date of a unit's obligation once its measure's date is `draft`, before that `was`.

    A unit that was granted a later date keeps it, unless the measure's own is later still.
    """
    extended = was is not None and current is not None and current != was.due_on
    if extended and draft.due_on is not None:
        return max(current or draft.due_on, draft.due_on)
    return draft.due_on


def get_light(
    status: ObligationStatus, due_on: date | None, today: date, near_until: date
) -> Light:
    """The light of an obligation; `near_until` is today's `horizon`."""
    if status is ObligationStatus.DONE:
        return Light.DONE
    if due_on is None or status is ObligationStatus.WITHDRAWN:
        return Light.NONE
    if due_on < today:
        return Light.RED
    return Light.YELLOW if due_on <= near_until else Light.GREEN
