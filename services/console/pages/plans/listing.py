"""任务表: all plans, and the upload of another one."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.shell.forms import Form, Posted
from services.console.shell.long_tasks import Outcome
from services.console.shell.progress import run_long
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from shared.api.plans import PlanDraft, PlanHead
from shared.api.revisions import RevisionHead

ROUTER = APIRouter()
LIMIT = 21 * 2**20
"""Bytes of a form with a document; ingest has the limit of the document itself."""


@ROUTER.get("/plans")
async def show_plans(visit: SignedIn) -> Response:
    """All plans, the newest first, and the field for another one."""
    visit.require("read-drafts")
    return await _render_plans(visit, Form())


@ROUTER.post("/plans", max_body_size=LIMIT)
async def upload_plan(visit: SignedIn, form: Posted) -> Response:
    """Import a document as a draft; a large one takes minutes, so its progress has a page."""
    visit.require("edit-plans")
    file = await form.read_file("file")
    if file is None:
        return await _render_plans(visit, form.mark(file=visit.gettext("请选择文件。")), 422)

    async def run() -> Outcome:
        draft = await visit.api.upload(PlanDraft, "/v1/plans", file, key=form.key)
        return Outcome(f"/plans/{draft.plan_id}", _describe_draft(visit, draft))

    try:
        return await run_long(visit, visit.gettext("正在读取任务表"), run)
    except ApiError as error:
        return await _render_plans(visit, form.refuse(visit, error), error.status)


def _describe_draft(visit: Visit, draft: PlanDraft) -> str:
    left = len(draft.open) + len(draft.unknown_names)
    counts = {"tasks": draft.tasks, "measures": draft.measures, "left": left}
    if left:
        text = N_("已读取 %(tasks)s 项任务、%(measures)s 条要求，有 %(left)s 处要请您确定。")
        return visit.gettext(text, **counts)
    return visit.gettext("已读取 %(tasks)s 项任务、%(measures)s 条要求，没有存疑。", **counts)


async def _render_plans(visit: Visit, form: Form, status: int = 200) -> Response:
    plans = await visit.api.list_items(PlanHead, "/v1/plans")
    plans.sort(key=lambda plan: plan.imported_at, reverse=True)
    revisions: dict[UUID, list[RevisionHead]] = {}
    for plan in plans:
        if plan.status == "published":
            path = f"/v1/plans/{plan.plan_id}/revisions"
            own = await visit.api.list_items(RevisionHead, path)
            revisions[plan.plan_id] = [each for each in own if each.status == "revision"]
    values: dict[str, Any] = {"plans": plans, "revisions": revisions}
    return visit.render("plans/plans.html", status, form=form, **values)
