"""A task that is asked to stop stops, also when a library swallowed the request."""

import asyncio


def stop_if_asked() -> None:
    """Raise the cancellation of this task that something swallowed.

    aiokafka does so while it closes a client: it waits for a task of its own that it cancelled, and
    takes a cancellation of its caller for that one's. A loop that goes on would run for ever.

    Raises:
        asyncio.CancelledError: the task was asked to stop.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
