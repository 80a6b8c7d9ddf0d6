"""The demo's year under fire: the clock steps, units report, faults strike."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from lab.chaos.arrivals import Expected
from lab.chaos.breaking import Breaker
from lab.chaos.callers import Caller
from lab.chaos.faults import CLOCK, SENDING, Fault, Kind
from lab.chaos.oracle import Oracle, notifications
from lab.demo import office
from lab.demo.quiet import PipelineWatcher
from lab.demo.script import ScriptedReport
from services.notifier.policy.fanout import Recipient
from shared.clock import SteppedClock

QUIET_WITHIN = 180.0
_HANDS = 6
_FURTHEST = 5  # steps that a clock jumps over, at most, beside the first two
_BETWEEN = timedelta(hours=1, minutes=7)
_BACK = (timedelta(hours=2), timedelta(days=5))


@dataclass
class Run:
    """The months, lived through once.

    Attributes:
        steps: the instants at which something happens when nothing goes wrong; the last ends it.
        slots: those of them at which reminders go out.
        faults: those that have not struck yet.
        deeds: what units report, rising; each is done as soon as the clock has reached it.
        expected: every notification that must have been made by now, by its id.
        done: the obligations that were reported.
    """

    clock: SteppedClock
    watcher: PipelineWatcher
    caller: Caller
    breaker: Breaker
    oracle: Oracle
    steps: Sequence[datetime]
    slots: Sequence[datetime]
    deeds: list[ScriptedReport]
    faults: list[Fault]
    recipients: dict[UUID, list[Recipient]]
    names: dict[UUID, str]
    tell: Callable[[datetime], None]
    expected: dict[UUID, Expected] = field(default_factory=dict)
    done: list[UUID] = field(default_factory=list)

    async def live(self) -> None:
        """Step from one instant to the next until the last, and wait for the faults to end.

        Raises:
            CuibanError: the pipeline stuck.
        """
        striking: list[asyncio.Task[None]] = []
        try:
            while (instant := self._coming()) <= self.steps[-1]:
                due = self._due(instant)
                kinds = {fault.kind for fault in due}
                if Kind.CLOCK_FORWARD in kinds:
                    instant = self._landing(instant, due)
                begun = [asyncio.Event() for _ in due]
                striking += [
                    asyncio.create_task(self.breaker.strike(fault, event))
                    for fault, event in zip(due, begun, strict=True)
                ]
                for fault, event in zip(due, begun, strict=True):
                    if fault.kind is Kind.OUT_OF_ORDER:  # in place before there are events
                        await event.wait()
                self._stand(instant)
                await asyncio.gather(*(event.wait() for event in begun))
                await self._quiet(instant)
                await self._report(instant)
                if Kind.CLOCK_BACK in kinds:
                    await self._turn_back(instant, due)
                self.tell(self.clock.now())
            await asyncio.gather(*striking)
        finally:
            for task in striking:
                task.cancel()

    def _coming(self) -> datetime:
        """The next instant at which a slot fires or a unit reports.

        It is never one at which the clock stood before: what was due there has fired.
        """
        slot = self.oracle.next_slot()
        coming = [*(deed.at for deed in self.deeds[:1]), *([slot] if slot else [])]
        return min(coming, default=datetime.max.replace(tzinfo=UTC))

    def _landing(self, instant: datetime, due: Sequence[Fault]) -> datetime:
        """Where a clock lands that jumps over some of the next steps: between two of them."""
        draw = next(fault.draw for fault in due if fault.kind is Kind.CLOCK_FORWARD)
        ahead = [step for step in self.steps if step >= instant]
        over = ahead[min(2 + int(draw * _FURTHEST), len(ahead) - 2)]
        return over + _BETWEEN

    async def _turn_back(self, instant: datetime, due: Sequence[Fault]) -> None:
        """Let the clock show an instant that is over. Nothing may come of it."""
        draw = next(fault.draw for fault in due if fault.kind is Kind.CLOCK_BACK)
        before = instant - _BACK[0] - draw * _BACK[1]
        self._stand(before)
        await self._quiet(before)

    def _due(self, instant: datetime) -> list[Fault]:
        """The faults whose step has come; of those that move the clock only one at a time."""
        due: list[Fault] = []
        later: list[Fault] = []
        for fault in self.faults:
            steps = self.slots if fault.kind in SENDING else self.steps
            step = steps[int(fault.place * len(steps))]
            turns = fault.kind in CLOCK and any(other.kind in CLOCK for other in due)
            (due if step <= instant and not turns else later).append(fault)
        self.faults = later
        return due

    def _stand(self, instant: datetime) -> None:
        self.clock.set(instant)
        for reminder in self.oracle.stand(instant):
            for planned in notifications(reminder, self.recipients):
                one = Expected(planned, reminder, self.names[reminder.unit_id], instant)
                self.expected[planned.notification.notification_id] = one

    async def _quiet(self, instant: datetime) -> None:
        await self.watcher.wait_until_quiet(instant, QUIET_WITHIN)
        self.breaker.quiet()

    async def _report(self, instant: datetime) -> None:
        now = [deed for deed in self.deeds if deed.at <= instant]
        if not now:
            return
        self.deeds = self.deeds[len(now) :]
        with ThreadPoolExecutor(_HANDS) as hands:
            await asyncio.to_thread(
                lambda: list(hands.map(partial(office.report, self.caller), now))
            )
        for deed in now:
            self.oracle.end(deed.obligation.obligation_id)
            self.done.append(deed.obligation.obligation_id)
        await self._quiet(instant)


def recipients_of(units: Sequence[dict[str, Any]]) -> dict[UUID, list[Recipient]]:
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
