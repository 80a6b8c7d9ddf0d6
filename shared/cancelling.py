"""Ending tasks, although a library may swallow a cancellation.

asyncio.wait_for of Python 3.11 does so when what it waits for ends at the same moment, and drivers
use it. A task that was cancelled then goes on as if nothing had happened.
"""

import asyncio
from collections.abc import Collection
from typing import Any

_AGAIN = 1.0
"""Seconds until a task that still runs is cancelled again."""


def raise_if_cancelled() -> None:
    """For each turn of an endless loop: raise the cancellation that a library swallowed.

    A loop in a TaskGroup needs it, since the group cancels its tasks only once.

    Raises:
        asyncio.CancelledError: the current task was cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def end_tasks(tasks: Collection[asyncio.Future[Any]]) -> None:
    """Cancel tasks, and return when each has finished what it had begun.

    A task that goes on is cancelled again.
    """
    while running := {task for task in tasks if not task.done()}:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=_AGAIN)
