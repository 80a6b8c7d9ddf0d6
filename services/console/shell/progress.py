"""How a form begins work that may take long: an import, a publication."""

from collections.abc import Callable, Coroutine

from fastapi.responses import Response

from services.console.shell.long_tasks import LongTask, Outcome
from services.console.shell.visits import Visit

_SHORT = 2.0  # seconds in which most work ends, so that nobody sees a page of progress


async def run_long(
    visit: Visit, title: str, run: Callable[[], Coroutine[None, None, Outcome]]
) -> Response:
    """Carry out the work of a form, and lead to its outcome; to a progress page if it takes long.

    Args:
        visit: of the form.
        title: what is being done, such as 正在读取任务表.
        run: the work. Its `ApiError` is raised here if it ends early, so that the form can be shown
            again; later, the page of progress shows it.

    Raises:
        ApiError: the work was refused at once.
    """
    tasks = visit.context.tasks
    task = tasks.start(visit.cookies.get_secret(), title, visit.path, run)
    if await task.wait(_SHORT):
        return end_task(visit, task)
    return visit.redirect(f"/progress/{task.task_id}")


def end_task(visit: Visit, task: LongTask) -> Response:
    """Lead to the outcome of a task that has ended.

    Raises:
        ApiError: the work was refused.
    """
    visit.context.tasks.drop(task)
    outcome = task.running.result()
    return visit.redirect(outcome.path, outcome.notice, outcome.kind)
