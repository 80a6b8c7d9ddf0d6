"""A run with a running clock: people act, rules change and faults are injected meanwhile."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lab.chaos.faults.log_injector import SETTLED
from lab.chaos.faults.running_injector import RunningFaultInjector
from lab.chaos.faults.schedule import ScheduledFault
from lab.chaos.running.people.actors import Actors
from lab.chaos.running.people.rule_maker import RuleMaker

BURST = 6
"""Faults that are injected together; after them there is a time without faults."""
_PEOPLE = 10
_CALM_SECONDS = 12.0
"""Seconds without faults after each burst, after those for catching up."""
_BURST_SECONDS = 4.0
"""Seconds over which the faults of a burst start."""


@dataclass
class RunningRun:
    """One run through the office's hours."""

    actors: Actors
    rules: RuleMaker
    injector: RunningFaultInjector
    faults: Sequence[ScheduledFault]
    show: Callable[[int], None]

    async def run_to_end(self) -> None:
        """Let people act and inject all faults, until they are over and caught up with.

        Raises:
            CuibanError: a fault could not be injected or undone.
        """
        people = [asyncio.create_task(self.actors.run_until_stopped()) for _ in range(_PEOPLE)]
        people.append(asyncio.create_task(self.rules.run_until_stopped()))
        try:
            await asyncio.sleep(_CALM_SECONDS)
            for number, burst in enumerate(self._split_bursts(), 1):
                await self._inject_burst(burst)
                await asyncio.sleep(SETTLED + _CALM_SECONDS)
                self.injector.end_episode()
                self.show(number)
        finally:
            self.actors.stopping = self.rules.stopping = True
            done = await asyncio.gather(*people, return_exceptions=True)
            for task in people:
                task.cancel()
        for error in done:
            if isinstance(error, BaseException):
                raise error

    def _split_bursts(self) -> Iterator[Sequence[ScheduledFault]]:
        for start in range(0, len(self.faults), BURST):
            yield self.faults[start : start + BURST]

    async def _inject_burst(self, burst: Sequence[ScheduledFault]) -> None:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.injector.resume_while(burst, over))
            async with asyncio.TaskGroup() as faults:
                for fault in burst:
                    faults.create_task(self._inject(fault))
            over.set()

    async def _inject(self, fault: ScheduledFault) -> None:
        await asyncio.sleep(fault.draw * _BURST_SECONDS)
        await self.injector.inject(fault, asyncio.Event())
