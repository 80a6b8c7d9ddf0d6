"""The demo's eight months in minutes: the clock steps from instant to instant."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from cli.client import Api
from lab.demo import figures, office
from lab.demo.figures import Conservation, Figures, count_values
from lab.demo.life import ScriptedStep, draw_steps, map_changes, map_statuses
from lab.demo.office import Ledger
from lab.demo.quiet import PipelineWatcher
from lab.demo.script import END, draw_habits, group_by_instant
from services.scheduler import audit
from shared.calendar import WorkingCalendar
from shared.clock import SteppedClock
from shared.errors import CuibanError
from shared.planning import forecasting
from shared.rules.defaults import make_default_rule_book
from shared.schemas.events import ObligationsAssigned, ReminderDue
from shared.schemas.life import ObligationStatus
from shared.schemas.topics import REMINDERS, TASKS
from shared.settings import Settings

_QUIET_WITHIN = 120.0
_REQUESTS_AT_ONCE = 6
Show = Callable[[datetime, dict[str, int]], None]


@dataclass
class DemoRun:
    """One run over a running stack that holds nothing yet.

    Attributes:
        seed: what the units do is drawn from it.
        show: called after each step with its instant and what has arrived.
        until: when the clock stops; a day before `END` makes a shorter run.
    """

    seed: int
    settings: Settings
    engine: AsyncEngine
    api: Api
    unit_api: Api
    clock: SteppedClock
    sinks: str
    show: Show
    until: datetime = END

    async def run(self) -> Figures:
        """Publish the plan, step through the months, and count.

        Raises:
            CuibanError: the pipeline did not get quiet, or the figures differ from the planner's.
        """
        began = time.monotonic()
        watcher = PipelineWatcher(self.settings, self.engine)
        try:
            owed = await asyncio.to_thread(office.publish, self.api)
            await watcher.wait_until_quiet(self.clock.now(), _QUIET_WITHIN)
            published_at = self.clock.now()
            habit_of = draw_habits(self.seed, {obligation.unit_id for obligation in owed})
            steps = [step for step in draw_steps(self.seed, owed, habit_of) if step.at < self.until]
            await self._step_to_end(watcher, group_by_instant(steps))
            result = await self._count(steps, time.monotonic() - began)
            await self._compare(result, steps, published_at)
        finally:
            await watcher.close()
        return result

    async def _step_to_end(
        self, watcher: PipelineWatcher, script: dict[datetime, list[ScriptedStep]]
    ) -> None:
        """Step from each instant with work or steps of the script to the next, until the end."""
        instants, ledger = list(script), Ledger(self.api, self.unit_api)
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as threads:
            while True:
                now = self.clock.now()
                after = [instant for instant in instants if instant > now]
                next_work = await watcher.find_next_instant(now)
                coming = [*after[:1], *([next_work] if next_work else [])]
                if not coming or min(coming) > self.until:
                    break
                self.clock.set(min(coming))
                await watcher.wait_until_quiet(self.clock.now(), _QUIET_WITHIN)
                if done := script.get(min(coming)):
                    await asyncio.to_thread(_take_all, threads, ledger, done)
                    await watcher.wait_until_quiet(self.clock.now(), _QUIET_WITHIN)
                self.show(
                    self.clock.now(), await asyncio.to_thread(figures.count_received, self.sinks)
                )
        self.clock.set(self.until)
        await watcher.wait_until_quiet(self.until, _QUIET_WITHIN)

    async def _count(self, steps: Sequence[ScriptedStep], seconds: float) -> Figures:
        reminders = await self._read_reminders()
        statuses = [status.value for status in ObligationStatus]
        rows = await asyncio.to_thread(self.api.list_items, "/v1/ledger", status=statuses)
        async with self.engine.connect() as db:
            totals = audit.sum_days(await audit.count_unit_days(db))
            channels = await figures.count_notifications(db)
        return Figures(
            seed=self.seed,
            obligations=len(rows),
            steps=count_values(step.step for step in steps),
            statuses=count_values(ObligationStatus(row["status"]) for row in rows),
            reminders=figures.count_by_kind(reminders),
            notifications=channels,
            conservation=Conservation(
                due=totals.due,
                sent=totals.sent,
                suppressed=totals.suppressed,
                withdrawn=totals.withdrawn,
                dead=totals.dead,
                pending=totals.pending,
            ),
            sinks=await asyncio.to_thread(figures.count_received, self.sinks),
            seconds=round(seconds, 1),
        )

    async def _read_reminders(self) -> list[ReminderDue]:
        events = await figures.read_events(self.settings, REMINDERS)
        return [event for event in events if isinstance(event, ReminderDue)]

    async def _compare(
        self, result: Figures, steps: Sequence[ScriptedStep], published_at: datetime
    ) -> None:
        """Compare the figures with those of the pure planner, which uses no service."""
        owed = await self._read_assigned()
        planned = forecasting.forecast(
            make_default_rule_book(),
            WorkingCalendar(),
            owed,
            changes=map_changes(steps),
            planned_at=published_at,
            until=self.until,
        )
        planned_ids = {reminder.reminder_id for reminder in planned}
        emitted_ids = {reminder.reminder_id for reminder in await self._read_reminders()}
        missing, extra = planned_ids - emitted_ids, emitted_ids - planned_ids
        kinds = figures.count_by_kind(planned)
        reachable = await asyncio.to_thread(office.list_reachable, self.api)
        channels = figures.count_by_channel(planned, reachable)
        conservation = result.conservation
        status_of = map_statuses(steps)
        statuses = count_values(
            status_of.get(obligation.obligation_id, ObligationStatus.ASSIGNED)
            for obligation in owed
        )
        checks = (
            (
                result.obligations == len(owed),
                f"the ledger has {result.obligations} obligations, Kafka {len(owed)}",
            ),
            (statuses == result.statuses, f"the script leads to other statuses: {statuses}"),
            (not missing, f"{len(missing)} reminders of the plan were not emitted"),
            (not extra, f"{len(extra)} reminders were emitted that the plan has not"),
            (kinds == result.reminders, f"the planner has other items: {kinds}"),
            (
                channels == result.notifications,
                f"the planner has other notifications: {channels}",
            ),
            (conservation.is_balanced(), f"conservation is broken: {conservation}"),
            (
                sum(result.sinks.values()) == conservation.sent,
                f"sent {conservation.sent}, but the sinks hold {result.sinks}",
            ),
        )
        if problems := [problem for passed, problem in checks if not passed]:
            raise CuibanError("The demo's figures are wrong: " + "; ".join(problems) + ".")

    async def _read_assigned(self) -> list[forecasting.ForecastObligation]:
        return [
            obligation
            for event in await figures.read_events(self.settings, TASKS)
            if isinstance(event, ObligationsAssigned)
            for obligation in forecasting.list_assigned(event)
        ]


def _take_all(threads: ThreadPoolExecutor, ledger: Ledger, steps: Sequence[ScriptedStep]) -> None:
    list(threads.map(ledger.take, steps))
