"""The reminders that must be sent, calculated by the pure planner for the clock's instants.

Nothing here looks at a running system. The planner fires by the same code as the scheduler. Only
the instants decide how slots that the clock skipped are caught up, and that a clock which is set
back fires nothing again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.notifier.domain.fanout import DueReminder, PlannedNotification, fan_out
from shared.calendar import WorkingCalendar
from shared.messages.recipients import Recipient
from shared.planning.forecasting import ForecastObligation
from shared.planning.reminding import fire_due_timers
from shared.planning.timers import Timer, plan_timers
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook
from shared.schemas.events import ReminderDue

_ON_TIME = timedelta(0)


class Oracle:
    """Follows the clock and the reports, and returns the reminders that fire."""

    def __init__(
        self,
        book: RuleBook,
        calendar: WorkingCalendar,
        owed: Iterable[ForecastObligation],
        planned_at: datetime,
    ) -> None:
        self._timetable = Timetable(book, calendar)
        self._owed = {obligation.obligation_id: obligation for obligation in owed}
        self._timers = [
            timer
            for obligation in self._owed.values()
            for timer in plan_timers(
                self._timetable, obligation.obligation_id, obligation.dates, planned_at
            )
        ]

    def find_next_slot(self) -> datetime | None:
        """The earliest slot that has not fired."""
        return min((timer.next_fire_at for timer in self._timers), default=None)

    def end_obligation(self, obligation_id: UUID) -> None:
        """Stop firing for an obligation that was reported as done or heard."""
        self._timers = [t for t in self._timers if t.obligation_id != obligation_id]

    def move_to(self, instant: datetime) -> list[ReminderDue]:
        """Move the clock to an instant, forwards or backwards; the reminders that fire there."""
        due: dict[UUID, list[Timer]] = defaultdict(list)
        for timer in self._timers:
            if timer.next_fire_at <= instant:
                due[self._owed[timer.obligation_id].unit_id].append(timer)
        self._timers = [t for t in self._timers if t.next_fire_at > instant]
        reminders: list[ReminderDue] = []
        for unit_id, timers in due.items():
            office_id = self._owed[timers[0].obligation_id].office_id
            fired = fire_due_timers(
                self._timetable,
                office_id,
                unit_id,
                [self._owed[timer.obligation_id].make_due_timer(timer) for timer in timers],
                now=instant,
                grace=_ON_TIME,
            )
            reminders += fired.reminders
            self._timers += fired.moved
        return reminders


def plan_notifications(
    reminder: ReminderDue, recipients: Mapping[UUID, Sequence[Recipient]]
) -> list[PlannedNotification]:
    """The notifications of a reminder, by the pure fan-out. `recipients` are by unit."""
    due = DueReminder(
        reminder_id=reminder.reminder_id,
        office_id=reminder.office_id,
        unit_id=reminder.unit_id,
        audience=reminder.audience,
        slot=reminder.slot,
        timezone=reminder.timezone,
        channels=reminder.channels,
        obligation_ids=tuple(item.obligation_id for item in reminder.items),
        correlation_id=reminder.reminder_id,
        to_unit=reminder.to_unit,
    )
    return fan_out(due, recipients.get(due.told_unit, ()), reminder.slot)
