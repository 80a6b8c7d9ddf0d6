"""Grave acts with a reason: a plan or a measure is withdrawn, a draft deleted."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from shared.api.plans import PlanOut, WithdrawalOut

ROUTER = APIRouter()
_PREVIEW = {"note": "preview", "preview": True}


@ROUTER.get("/plans/{plan_id}/withdraw")
async def ask_to_withdraw_plan(visit: SignedIn, plan_id: UUID) -> Response:
    """What the withdrawal of a plan would do."""
    visit.require("publish-plans")
    return await _ask_to_withdraw(visit, plan_id, None, Form())


@ROUTER.post("/plans/{plan_id}/withdraw")
async def withdraw_plan(visit: SignedIn, plan_id: UUID, form: Posted) -> Response:
    """Withdraw a plan."""
    visit.require("publish-plans")
    return await _withdraw(visit, plan_id, None, form)


@ROUTER.get("/plans/{plan_id}/measures/{ref}/withdraw")
async def ask_to_withdraw_measure(visit: SignedIn, plan_id: UUID, ref: str) -> Response:
    """What the withdrawal of a measure would do."""
    visit.require("publish-plans")
    return await _ask_to_withdraw(visit, plan_id, ref, Form())


@ROUTER.post("/plans/{plan_id}/measures/{ref}/withdraw")
async def withdraw_measure(visit: SignedIn, plan_id: UUID, ref: str, form: Posted) -> Response:
    """Withdraw a measure."""
    visit.require("publish-plans")
    return await _withdraw(visit, plan_id, ref, form)


def _make_path(plan_id: UUID, ref: str | None) -> str:
    measure = f"/measures/{quote(ref, safe='')}" if ref else ""
    return f"/plans/{plan_id}{measure}/withdraw"


async def _ask_to_withdraw(
    visit: Visit, plan_id: UUID, ref: str | None, form: Form, status: int = 200
) -> Response:
    path = _make_path(plan_id, ref)
    preview = await visit.api.post(WithdrawalOut, f"/v1{path}", _PREVIEW)
    title = preview.title or visit.gettext("（没有标题）")
    what = f"《{title}》"
    if ref:
        what = visit.gettext("《%(title)s》的 %(ref)s", title=title, ref=ref)
    counts = {"units": preview.units, "count": preview.obligations}
    lines = [
        what,
        visit.gettext("%(units)s 个单位的 %(count)s 项不再要办，也不再提醒。", **counts),
        visit.gettext("已办结的保留，留痕保留。以后要恢复，只能在台账中逐项重新办理。"),
    ]
    if preview.submitted:
        text = N_("其中 %(count)s 项已报办结待审核，将随撤回结束。")
        lines.insert(2, visit.gettext(text, count=preview.submitted))
    return _render_confirmation(
        visit,
        form,
        status,
        title=visit.gettext("撤回要求") if ref else visit.gettext("撤回任务表"),
        lines=lines,
        action=path,
        button=visit.gettext("撤回 %(count)s 项", count=preview.obligations),
        cancel=f"/plans/{plan_id}",
        reason=visit.gettext("撤回的理由"),
    )


async def _withdraw(visit: Visit, plan_id: UUID, ref: str | None, form: Form) -> Response:
    if not form["reason"]:
        form = form.mark(reason=visit.gettext("请填写这一项。"))
        return await _ask_to_withdraw(visit, plan_id, ref, form, 422)
    path = f"/v1{_make_path(plan_id, ref)}"
    try:
        done = await visit.api.post(WithdrawalOut, path, {"note": form["reason"]}, form.key)
    except ApiError as error:
        return await _ask_to_withdraw(visit, plan_id, ref, form.refuse(visit, error), error.status)
    text = N_("已撤回：%(units)s 个单位的 %(count)s 项不再要办。")
    notice = visit.gettext(text, units=done.units, count=done.obligations)
    return visit.redirect(f"/plans/{plan_id}", notice)


@ROUTER.get("/plans/{plan_id}/delete")
async def ask_to_delete_draft(visit: SignedIn, plan_id: UUID) -> Response:
    """What the deletion of a draft would do."""
    visit.require("edit-plans")
    return await _ask_to_delete(visit, plan_id, Form())


@ROUTER.post("/plans/{plan_id}/delete")
async def delete_draft(visit: SignedIn, plan_id: UUID, form: Posted) -> Response:
    """Delete a draft, or a revision that was not confirmed."""
    visit.require("edit-plans")
    plan = await visit.api.get(PlanOut, f"/v1/plans/{plan_id}")
    try:
        await visit.api.delete(f"/v1/plans/{plan_id}")
    except ApiError as error:
        return await _ask_to_delete(visit, plan_id, form.refuse(visit, error), error.status)
    back = f"/plans/{plan.revises}" if plan.revises else "/plans"
    return visit.redirect(back, visit.gettext("草稿已删除。"))


async def _ask_to_delete(visit: Visit, plan_id: UUID, form: Form, status: int = 200) -> Response:
    plan = await visit.api.get(PlanOut, f"/v1/plans/{plan_id}")
    lines = [
        f"《{plan.title or plan.document_name}》",
        visit.gettext("读出的 %(count)s 条要求和已做的处理都会删除。", count=len(plan.measures)),
        visit.gettext("还没有发布，所以不影响任何单位。同一个文件可以再上传。"),
    ]
    return _render_confirmation(
        visit,
        form,
        status,
        title=visit.gettext("删除草稿"),
        lines=lines,
        action=f"/plans/{plan_id}/delete",
        button=visit.gettext("删除"),
        cancel=f"/plans/{plan_id}",
        reason="",
    )


def _render_confirmation(visit: Visit, form: Form, status: int, **values: Any) -> Response:  # noqa: ANN401 - the template's
    return visit.render("confirm.html", status, form=form, fields={}, danger=True, **values)
