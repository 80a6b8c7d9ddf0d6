"""Work that takes longer than a page should: it runs on while its person watches another page.

Each task belongs to the process that began it. Several processes behind one address need a proxy
that keeps a person at one of them.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from secrets import token_urlsafe

from shared.clock import monotonic

_KEPT = 600.0  # seconds that an ended task is kept, for a person who comes back late
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a task leads when it is done, and what is shown there once."""

    path: str
    notice: str = ""
    kind: str = "done"


@dataclass(slots=True)
class LongTask:
    """A task that runs or has ended. `back` is the page from which it was begun."""

    task_id: str
    owner: str
    title: str
    back: str
    began: float
    running: asyncio.Task[Outcome]
    ended: float | None = None

    @property
    def seconds(self) -> int:
        """How long it has run."""
        return round((self.ended or monotonic()) - self.began)

    async def wait(self, seconds: float) -> bool:
        """Wait until it ends, so long at most; whether it has ended."""
        await asyncio.wait({self.running}, timeout=seconds)
        return self.running.done()


class LongTasks:
    """The tasks of this process, each seen by the session that began it alone."""

    def __init__(self) -> None:
        self._tasks: dict[str, LongTask] = {}

    def start(
        self, owner: str, title: str, back: str, run: Callable[[], Coroutine[None, None, Outcome]]
    ) -> LongTask:
        """Run a task. `owner` is the secret of the session."""
        self._forget()
        task = LongTask(
            token_urlsafe(16), owner, title, back, monotonic(), asyncio.create_task(run())
        )
        task.running.add_done_callback(lambda _: self._note_end(task))
        self._tasks[task.task_id] = task
        return task

    def find(self, owner: str, task_id: str) -> LongTask | None:
        """A task of this owner."""
        task = self._tasks.get(task_id)
        return task if task is not None and task.owner == owner else None

    def drop(self, task: LongTask) -> None:
        """Forget a task whose result was shown."""
        self._tasks.pop(task.task_id, None)

    async def close(self) -> None:
        """Stop what runs: the process ends. The API finishes what it was asked to do."""
        running = [task.running for task in self._tasks.values()]
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _note_end(self, task: LongTask) -> None:
        task.ended = monotonic()
        if not task.running.cancelled():
            task.running.exception()  # read here: a task whose person never comes back is no fault

    def _forget(self) -> None:
        """Drop what ended long ago, and the oldest where there are too many."""
        now = monotonic()
        old = [each for each in self._tasks.values() if each.ended and now - each.ended > _KEPT]
        surplus = [each for each in self._tasks.values() if each.ended][
            : max(0, len(self._tasks) - _MOST)
        ]
        for task in (*old, *surplus):
            self.drop(task)
