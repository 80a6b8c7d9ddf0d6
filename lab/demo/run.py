"""Eight months in minutes: the real table goes in, the clock steps, reminders go out."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from cli.client import Api
from lab.demo import figures, office
from lab.demo.figures import Conservation, Figures
from lab.demo.quiet import Onlooker
from lab.demo.script import END, Deed, by_instant, deeds, habits
from services.scheduler import audit
from shared.calendar import WorkingCalendar
from shared.clock import SteppedClock
from shared.errors import CuibanError
from shared.planning import forecasting
from shared.schemas.events import ObligationsAssigned, ReminderDue
from shared.schemas.rules import default_rule_book
from shared.schemas.topics import REMINDERS, TASKS
from shared.settings import Settings

_QUIET_WITHIN = 120.0
_HANDS = 6
Tell = Callable[[datetime, dict[str, int]], None]


@dataclass
class Run:
    """One run over a stack that is up, with nothing in it yet."""

    seed: int
    settings: Settings
    engine: AsyncEngine
    api: Api
    clock: SteppedClock
    sinks: str
    tell: Tell

    async def go(self) -> Figures:
        """Publish, live through the months, and count.

        Raises:
            CuibanError: the pipeline stuck, or the figures are not what the pure planner says.
        """
        began = time.monotonic()
        onlooker = Onlooker(self.settings, self.engine)
        try:
            owed = await asyncio.to_thread(office.publish, self.api)
            await onlooker.quiet(self.clock.now(), _QUIET_WITHIN)
            published_at = self.clock.now()
            habit_of = habits(self.seed, {one.unit_id for one in owed})
            done = deeds(self.seed, owed, habit_of)
            await self._live(onlooker, by_instant(done))
            found = await self._count(len(owed), time.monotonic() - began)
            await self._compare(found, done, published_at)
        finally:
            await onlooker.close()
        return found

    async def _live(self, onlooker: Onlooker, script: dict[datetime, list[Deed]]) -> None:
        """Step from one instant at which something happens to the next, until the end."""
        instants = list(script)
        with ThreadPoolExecutor(_HANDS) as hands:
            while True:
                now = self.clock.now()
                after = [instant for instant in instants if instant > now]
                fires = await onlooker.next_instant(now)
                coming = [*after[:1], *([fires] if fires else [])]
                if not coming or min(coming) > END:
                    break
                self.clock.set(min(coming))
                await onlooker.quiet(self.clock.now(), _QUIET_WITHIN)
                if done := script.get(min(coming)):
                    await asyncio.to_thread(self._act, hands, done)
                    await onlooker.quiet(self.clock.now(), _QUIET_WITHIN)
                self.tell(self.clock.now(), await asyncio.to_thread(figures.received, self.sinks))
        self.clock.set(END)
        await onlooker.quiet(END, _QUIET_WITHIN)

    def _act(self, hands: ThreadPoolExecutor, done: Sequence[Deed]) -> None:
        list(hands.map(partial(office.do, self.api), done))

    async def _count(self, obligations: int, seconds: float) -> Figures:
        reminders = await self._emitted()
        async with self.engine.connect() as db:
            totals = audit.totals(await audit.conservation(db))
            channels = await figures.made(db)
        return Figures(
            seed=self.seed,
            obligations=obligations,
            reminders=figures.by_kind(reminders),
            notifications=channels,
            conservation=Conservation(
                due=totals.due,
                sent=totals.sent,
                suppressed=totals.suppressed,
                withdrawn=totals.withdrawn,
                dead=totals.dead,
                pending=totals.pending,
            ),
            sinks=await asyncio.to_thread(figures.received, self.sinks),
            seconds=round(seconds, 1),
        )

    async def _emitted(self) -> list[ReminderDue]:
        events = await figures.on_kafka(self.settings, REMINDERS)
        return [event for event in events if isinstance(event, ReminderDue)]

    async def _compare(self, found: Figures, done: list[Deed], published_at: datetime) -> None:
        """Hold the figures against the pure planner, which saw no service at work."""
        owed = [
            one
            for event in await figures.on_kafka(self.settings, TASKS)
            if isinstance(event, ObligationsAssigned)
            for one in forecasting.owed(event)
        ]
        planned = forecasting.forecast(
            default_rule_book(),
            WorkingCalendar(),
            owed,
            ended={deed.obligation.obligation_id: deed.at for deed in done},
            planned_at=published_at,
            until=END,
        )
        wanted = {one.reminder_id: one for one in planned}
        real = {one.reminder_id: one for one in await self._emitted()}
        channels = figures.by_channel(planned, await asyncio.to_thread(office.contacts, self.api))
        gaps = [
            f"the ledger has {found.obligations} obligations, Kafka {len(owed)}"
            if found.obligations != len(owed)
            else "",
            f"{len(wanted.keys() - real.keys())} reminders of the plan were not emitted"
            if wanted.keys() - real.keys()
            else "",
            f"{len(real.keys() - wanted.keys())} reminders were emitted that the plan has not"
            if real.keys() - wanted.keys()
            else "",
            f"the planner has other items: {figures.by_kind(planned)}"
            if figures.by_kind(planned) != found.reminders
            else "",
            f"the planner has other notifications: {channels}"
            if channels != found.notifications
            else "",
            "" if found.conservation.holds() else f"conservation is broken: {found.conservation}",
            f"sent {found.conservation.sent}, but the sinks hold {found.sinks}"
            if sum(found.sinks.values()) != found.conservation.sent
            else "",
        ]
        if any(gaps):
            raise CuibanError("The demo came out wrong: " + "; ".join(filter(None, gaps)) + ".")
