"""A run whose clock does not wait: people act, faults strike, and nobody holds the clock."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lab.chaos.faults import ScheduledFault
from lab.chaos.running.acting import Actors
from lab.chaos.running.striking import Striker
from lab.chaos.running.striking_logs import SETTLED

BURST = 6
"""Faults that strike together; then comes a time without any."""
_PEOPLE = 10
_CALM = 12.0
"""Seconds without faults after each burst, beside those in which it is caught up with."""
_WITHIN = 4.0
"""Seconds over which the faults of a burst begin."""
_A_BOOK_EVERY = 45.0


@dataclass
class RunningRun:
    """The hours, lived through once."""

    actors: Actors
    striker: Striker
    faults: Sequence[ScheduledFault]
    tell: Callable[[int], None]

    async def live(self) -> None:
        """Let people act and faults strike until all faults are over and caught up with.

        Raises:
            CuibanError: a fault could not be done or undone.
        """
        people = [asyncio.create_task(self.actors.act_for_ever()) for _ in range(_PEOPLE)]
        books = asyncio.create_task(self._publish_for_ever())
        try:
            await asyncio.sleep(_CALM)
            for number, burst in enumerate(self._bursts(), 1):
                await self._strike(burst)
                await asyncio.sleep(SETTLED + _CALM)
                self.striker.end_episode()
                self.tell(number)
        finally:
            self.actors.stopping = True
            books.cancel()
            done = await asyncio.gather(*people, return_exceptions=True)
            for task in people:
                task.cancel()
        for error in done:
            if isinstance(error, BaseException):
                raise error

    def _bursts(self) -> Iterator[Sequence[ScheduledFault]]:
        for start in range(0, len(self.faults), BURST):
            yield self.faults[start : start + BURST]

    async def _strike(self, burst: Sequence[ScheduledFault]) -> None:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.striker.answer_while(burst, over))
            async with asyncio.TaskGroup() as faults:
                for fault in burst:
                    faults.create_task(self._strike_one(fault))
            over.set()

    async def _strike_one(self, fault: ScheduledFault) -> None:
        await asyncio.sleep(fault.draw * _WITHIN)
        await self.striker.inject(fault, asyncio.Event())

    async def _publish_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_A_BOOK_EVERY)
            await asyncio.shield(self.actors.publish_book())
