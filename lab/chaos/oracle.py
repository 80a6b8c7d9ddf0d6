"""What must reach whom, worked out by the pure planner for the instants that the clock stood at.

Nothing here looks at a running system. The planner fires by the same code as the scheduler; the
catch-up of slots that the clock jumped over, and what a clock that is set back leaves alone,
follow from the instants alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.notifier.policy.fanout import Due, Planned, Recipient, fan_out
from shared.calendar import WorkingCalendar
from shared.planning.forecasting import Owed
from shared.planning.reminding import DueTimer, due_reminders
from shared.planning.timers import Timer, plan
from shared.planning.timetable import Timetable
from shared.schemas.events import ReminderDue
from shared.schemas.rules import RuleBook

_ON_TIME = timedelta(0)


class Oracle:
    """Follows the clock and the reports; tells which reminders fire."""

    def __init__(
        self,
        book: RuleBook,
        calendar: WorkingCalendar,
        owed: Iterable[Owed],
        planned_at: datetime,
    ) -> None:
        self._timetable = Timetable(book, calendar)
        self._owed = {one.obligation_id: one for one in owed}
        self._timers = [
            timer
            for one in self._owed.values()
            for timer in plan(self._timetable, one.obligation_id, one.dates, planned_at)
        ]

    def next_slot(self) -> datetime | None:
        """The earliest slot that has not fired."""
        return min((timer.next_fire_at for timer in self._timers), default=None)

    def end(self, obligation_id: UUID) -> None:
        """It was reported as done or heard: nothing fires for it any more."""
        self._timers = [t for t in self._timers if t.obligation_id != obligation_id]

    def stand(self, instant: datetime) -> list[ReminderDue]:
        """The clock stands at an instant, wherever it stood before: what fires now."""
        due: dict[UUID, list[Timer]] = defaultdict(list)
        for timer in self._timers:
            if timer.next_fire_at <= instant:
                due[self._owed[timer.obligation_id].unit_id].append(timer)
        self._timers = [t for t in self._timers if t.next_fire_at > instant]
        found: list[ReminderDue] = []
        for unit_id, timers in due.items():
            office_id = self._owed[timers[0].obligation_id].office_id
            fired = due_reminders(
                self._timetable,
                office_id,
                unit_id,
                [self._due(timer) for timer in timers],
                now=instant,
                grace=_ON_TIME,
            )
            found += fired.reminders
            self._timers += fired.moved
        return found

    def _due(self, timer: Timer) -> DueTimer:
        one = self._owed[timer.obligation_id]
        return DueTimer(timer, one.dates, one.lead, one.measure)


def notifications(
    reminder: ReminderDue, recipients: Mapping[UUID, Sequence[Recipient]]
) -> list[Planned]:
    """What a reminder becomes, by the pure fan-out. `recipients` are the contacts by unit."""
    due = Due(
        reminder_id=reminder.reminder_id,
        office_id=reminder.office_id,
        unit_id=reminder.unit_id,
        audience=reminder.audience,
        slot=reminder.slot,
        timezone=reminder.timezone,
        channels=reminder.channels,
        obligation_ids=tuple(item.obligation_id for item in reminder.items),
        correlation_id=reminder.reminder_id,
    )
    return fan_out(due, recipients.get(reminder.unit_id, ()), reminder.slot)
