"""A revision of a published plan: its document, its difference in sentences, its confirmation."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.pages.plans.differences import count_open, describe_revision
from services.console.pages.plans.listing import LIMIT
from services.console.shell.forms import Form, Posted
from services.console.shell.long_tasks import Outcome
from services.console.shell.progress import run_long
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from shared.api.plans import PlanOut
from shared.api.revisions import ConfirmedOut, RevisionOut

ROUTER = APIRouter()
_INVALID = 422


@ROUTER.get("/plans/{plan_id}/revise")
async def show_upload(visit: SignedIn, plan_id: UUID) -> Response:
    """The field for the document that revises a plan."""
    visit.require("edit-plans")
    return await _render_upload(visit, plan_id, Form())


@ROUTER.post("/plans/{plan_id}/revise", max_body_size=LIMIT)
async def upload_revision(visit: SignedIn, plan_id: UUID, form: Posted) -> Response:
    """Read a document as a revision; nothing changes until it is confirmed."""
    visit.require("edit-plans")
    file = await form.read_file("file")
    if file is None:
        marked = form.mark(file=visit.gettext("请选择文件。"))
        return await _render_upload(visit, plan_id, marked, _INVALID)

    async def run() -> Outcome:
        path = f"/v1/plans/{plan_id}/revisions"
        revision = await visit.api.upload(RevisionOut, path, file, key=form.key)
        address = f"/plans/{plan_id}/revisions/{revision.revision_id}"
        if revision.status == "confirmed":
            return Outcome(address, visit.gettext("这个文件已经确认过了。"), "warning")
        return Outcome(address, visit.gettext("已读取修订稿。确认之前什么都不会改变。"))

    try:
        return await run_long(visit, visit.gettext("正在读取修订稿"), run)
    except ApiError as error:
        return await _render_upload(visit, plan_id, form.refuse(visit, error), error.status)


async def _render_upload(visit: Visit, plan_id: UUID, form: Form, status: int = 200) -> Response:
    plan = await visit.api.get(PlanOut, f"/v1/plans/{plan_id}")
    return visit.render("plans/revise.html", status, plan=plan, form=form)


@ROUTER.get("/plans/{plan_id}/revisions/{revision_id}")
async def show_revision(visit: SignedIn, plan_id: UUID, revision_id: UUID) -> Response:
    """What a revision changes, in sentences."""
    visit.require("read-drafts")
    return await _render_revision(visit, plan_id, revision_id, Form())


@ROUTER.post("/plans/{plan_id}/revisions/{revision_id}")
async def confirm_revision(
    visit: SignedIn, plan_id: UUID, revision_id: UUID, form: Posted
) -> Response:
    """Apply a revision as it was shown."""
    visit.require("publish-plans")
    body = {"digest": form["digest"] or None, "include_past": form["past"] == "yes"}

    async def run() -> Outcome:
        path = f"/v1/plans/{plan_id}/revisions/{revision_id}/confirm"
        done = await visit.api.post(ConfirmedOut, path, body, form.key)
        text = N_(
            "修订已生效：新增 %(added)s 项，改动 %(amended)s 项，取消 %(withdrawn)s 项，"
            "涉及 %(units)s 个单位。"
        )
        notice = visit.gettext(
            text,
            added=done.obligations_added,
            amended=done.obligations_amended,
            withdrawn=done.obligations_withdrawn,
            units=done.units,
        )
        return Outcome(f"/plans/{plan_id}", notice)

    try:
        return await run_long(visit, visit.gettext("正在让修订生效"), run)
    except ApiError as error:
        refused = form.refuse(visit, error)
        return await _render_revision(visit, plan_id, revision_id, refused, error.status)


async def _render_revision(
    visit: Visit, plan_id: UUID, revision_id: UUID, form: Form, status: int = 200
) -> Response:
    path = f"/v1/plans/{plan_id}/revisions/{revision_id}"
    revision = await visit.api.get(RevisionOut, path)
    return visit.render(
        "plans/revision.html",
        status,
        revision=revision,
        groups=describe_revision(visit.words, revision),
        left=count_open(revision),
        form=form,
    )
