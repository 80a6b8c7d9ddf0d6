"""The page of work that takes long. With a script it is told of the end, without it asks again."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import EventSourceResponse, Response
from fastapi.sse import ServerSentEvent
from starlette.exceptions import HTTPException

from services.console.client import ApiError
from services.console.shell.long_tasks import LongTask
from services.console.shell.progress import end_task
from services.console.shell.visits import SignedIn

ROUTER = APIRouter()
_NOT_FOUND = 404
_BEAT = 1.0  # seconds between two events


async def find_own_task(visit: SignedIn, task_id: str) -> LongTask:
    """A task that this session began.

    Raises:
        HTTPException: 404 for another's, or one that is forgotten.
    """
    task = visit.context.tasks.find(visit.cookies.get_secret(), task_id)
    if task is None:
        raise HTTPException(_NOT_FOUND)
    return task


OwnTask = Annotated[LongTask, Depends(find_own_task)]


@ROUTER.get("/progress/{task_id}")  # noqa: FAST003 - `find_own_task` takes it
async def show_progress(visit: SignedIn, task: OwnTask) -> Response:
    """How far the work is; its outcome once it has ended."""
    if not task.running.done():
        return visit.render("progress.html", task=task)
    try:
        return end_task(visit, task)
    except ApiError as error:
        problem = visit.describe(error)
        return visit.render("progress_failed.html", error.status, task=task, problem=problem)


@ROUTER.get("/progress/{task_id}/events", response_class=EventSourceResponse)  # noqa: FAST003 - likewise
async def stream_progress(task: OwnTask) -> AsyncIterator[ServerSentEvent]:
    """An event each second, the last one with `ended`."""
    while not await task.wait(_BEAT):
        yield ServerSentEvent(data={"seconds": task.seconds, "ended": False})
    yield ServerSentEvent(data={"seconds": task.seconds, "ended": True})
