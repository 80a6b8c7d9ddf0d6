"""The demo's months under faults: the clock steps, units report, faults are injected."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from lab.chaos.clients.api import RetryingApi
from lab.chaos.faults.injector import FaultInjector
from lab.chaos.faults.schedule import CLOCK_KINDS, SENDING_KINDS, FaultKind, ScheduledFault
from lab.chaos.oracle.arrivals import ExpectedNotification
from lab.chaos.oracle.planner import Oracle, plan_notifications
from lab.demo import office
from lab.demo.quiet import PipelineWatcher
from lab.demo.script import ScriptedReport
from shared.clock import SteppedClock
from shared.messages.recipients import Recipient

QUIET_WITHIN = 180.0
_REQUESTS_AT_ONCE = 6
_MOST_SKIPPED = 5  # steps that a clock skips at most, in addition to the first two
_AFTER_STEP = timedelta(hours=1, minutes=7)
_BACK = (timedelta(hours=2), timedelta(days=5))  # the least way back, and the most beyond it


@dataclass
class SteppedRun:
    """One run through the months.

    Attributes:
        steps: the instants at which something happens when no fault moves the clock, sorted; the
            run ends after the last.
        slots: those of them at which reminders are sent.
        faults: those that have not been injected yet.
        reports: what units report, sorted; each is reported once the clock has reached it.
        expected: every notification that must exist by now, by its id.
        done: the obligations that were reported.
    """

    clock: SteppedClock
    watcher: PipelineWatcher
    api: RetryingApi
    injector: FaultInjector
    oracle: Oracle
    steps: Sequence[datetime]
    slots: Sequence[datetime]
    reports: list[ScriptedReport]
    faults: list[ScheduledFault]
    recipients: dict[UUID, list[Recipient]]
    names: dict[UUID, str]
    show: Callable[[datetime], None]
    expected: dict[UUID, ExpectedNotification] = field(default_factory=dict)
    done: list[UUID] = field(default_factory=list)

    async def step_to_end(self) -> None:
        """Step from one instant to the next until the last, and wait for the faults to end.

        Raises:
            CuibanError: the pipeline did not get quiet.
        """
        injecting: list[asyncio.Task[None]] = []
        try:
            while (instant := self._find_next_instant()) <= self.steps[-1]:
                due = self._take_due_faults(instant)
                kinds = {fault.kind for fault in due}
                if FaultKind.CLOCK_FORWARD in kinds:
                    instant = self._choose_landing(instant, due)
                in_effect = [asyncio.Event() for _ in due]
                injecting += [
                    asyncio.create_task(self.injector.inject(fault, event))
                    for fault, event in zip(due, in_effect, strict=True)
                ]
                for fault, event in zip(due, in_effect, strict=True):
                    if fault.kind is FaultKind.OUT_OF_ORDER:  # must be in effect before the events
                        await event.wait()
                self._move_clock_to(instant)
                await asyncio.gather(*(event.wait() for event in in_effect))
                await self._await_quiet(instant)
                await self._report_due(instant)
                if FaultKind.CLOCK_BACK in kinds:
                    await self._turn_back(instant, due)
                self.show(self.clock.now())
            await asyncio.gather(*injecting)
        finally:
            for task in injecting:
                task.cancel()

    def _find_next_instant(self) -> datetime:
        """The next instant at which a slot fires or a unit reports.

        It is never one that the clock has shown before: what was due there has fired.
        """
        slot = self.oracle.find_next_slot()
        coming = [*(report.at for report in self.reports[:1]), *([slot] if slot else [])]
        return min(coming, default=datetime.max.replace(tzinfo=UTC))

    def _choose_landing(self, instant: datetime, due: Sequence[ScheduledFault]) -> datetime:
        """Choose the instant to which a clock jumps: after a step, with earlier steps skipped."""
        draw = next(fault.draw for fault in due if fault.kind is FaultKind.CLOCK_FORWARD)
        ahead = [step for step in self.steps if step >= instant]
        over = ahead[min(2 + int(draw * _MOST_SKIPPED), len(ahead) - 2)]
        return over + _AFTER_STEP

    async def _turn_back(self, instant: datetime, due: Sequence[ScheduledFault]) -> None:
        """Set the clock back. Nothing may be sent because of it."""
        draw = next(fault.draw for fault in due if fault.kind is FaultKind.CLOCK_BACK)
        before = instant - _BACK[0] - draw * _BACK[1]
        self._move_clock_to(before)
        await self._await_quiet(before)

    def _take_due_faults(self, instant: datetime) -> list[ScheduledFault]:
        """Take the faults whose step has come; at most one that moves the clock."""
        due: list[ScheduledFault] = []
        later: list[ScheduledFault] = []
        for fault in self.faults:
            steps = self.slots if fault.kind in SENDING_KINDS else self.steps
            step = steps[int(fault.place * len(steps))]
            turns = fault.kind in CLOCK_KINDS and any(other.kind in CLOCK_KINDS for other in due)
            (due if step <= instant and not turns else later).append(fault)
        self.faults = later
        return due

    def _move_clock_to(self, instant: datetime) -> None:
        self.clock.set(instant)
        for reminder in self.oracle.move_to(instant):
            for planned in plan_notifications(reminder, self.recipients):
                expected = ExpectedNotification(
                    planned, reminder, self.names[reminder.unit_id], instant
                )
                self.expected[planned.notification.notification_id] = expected

    async def _await_quiet(self, instant: datetime) -> None:
        await self.watcher.wait_until_quiet(instant, QUIET_WITHIN)
        self.injector.end_episode()

    async def _report_due(self, instant: datetime) -> None:
        due = [report for report in self.reports if report.at <= instant]
        if not due:
            return
        self.reports = self.reports[len(due) :]
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as threads:
            await asyncio.to_thread(
                lambda: list(threads.map(partial(office.report, self.api), due))
            )
        for report in due:
            self.oracle.end_obligation(report.obligation.obligation_id)
            self.done.append(report.obligation.obligation_id)
        await self._await_quiet(instant)


def read_recipients(units: Sequence[dict[str, Any]]) -> dict[UUID, list[Recipient]]:
    """The contacts of each unit, as the API lists them."""
    return {
        UUID(unit["unit_id"]): [
            Recipient(
                contact_id=UUID(contact["contact_id"]),
                post=contact["post"],
                email=contact["email"],
                mobile=contact["mobile"],
                valid_from=None,
                valid_to=None,
            )
            for contact in unit["contacts"]
        ]
        for unit in units
    }
