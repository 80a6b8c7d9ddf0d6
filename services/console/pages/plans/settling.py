"""A doubt is settled: the answer goes to the API, and the page leads to the next doubt."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.pages.plans.doubts import (
    CONFIRMED,
    Doubt,
    choose_next,
    list_alike,
    list_doubts,
    read_settlement,
)
from services.console.pages.plans.showing import OpenedPlan, open_plan, render_plan
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from shared.api.plans import PlanOut
from shared.api.revisions import RevisionOut

ROUTER = APIRouter()
_INVALID = 422


@ROUTER.post("/plans/{plan_id}/doubts")
async def settle_doubt(visit: SignedIn, plan_id: UUID, form: Posted) -> Response:
    """Settle the doubt that the form names, and lead to the next one."""
    visit.require("edit-plans")
    opened = await open_plan(visit, plan_id)
    doubt = next((each for each in opened.doubts if each.key == form["doubt"]), None)
    if doubt is None:
        notice = visit.gettext("这一处已经处理过了。")
        return visit.redirect(f"/plans/{plan_id}#settle", notice, "warning")
    body = _read_answer(visit, opened.plan, doubt, form)
    if isinstance(body, Form):
        return await render_plan(visit, opened, doubt.key, form=body, status=_INVALID)
    try:
        settled = await _send(visit, opened, doubt, body, form.key)
        if form["alike"] == "yes":
            settled = await _send_alike(visit, opened, doubt, body)
    except ApiError as error:
        refused = form.refuse(visit, error)
        opened = await open_plan(visit, plan_id)
        return await render_plan(visit, opened, doubt.key, form=refused, status=error.status)
    return await _lead_on(visit, opened, settled, doubt)


def _read_answer(visit: Visit, plan: PlanOut, doubt: Doubt, form: Form) -> dict[str, Any] | Form:
    """The body of the request that settles a doubt; the marked form when something is missing."""
    reason = {"reason": form["reason"] or visit.gettext(CONFIRMED)}
    missing = visit.gettext("请填写这一项。")
    match doubt.kind:
        case "measure":
            settled = read_settlement(visit.words, form, plan.year)
            if isinstance(settled, Form):
                return settled
            version = {"version": int(form["version"])} if form["version"].isdecimal() else {}
            return {"ref": doubt.label, **settled, **reason, **version}
        case "name":
            return _read_meaning(visit, doubt, form, reason)
        case "pair":
            chosen = form["choice"]
            if not chosen:
                return form.mark(choice=visit.gettext("请选择一项。"))
            return {"ref": doubt.label, "with": None if chosen == "new" else chosen}
        case kind:
            typed = form[kind]
            return {kind: typed, **reason} if typed else form.mark(**{kind: missing})


def _read_meaning(
    visit: Visit, doubt: Doubt, form: Form, reason: dict[str, str]
) -> dict[str, Any] | Form:
    """Which units a name means."""
    match form["choice"]:
        case "ignore":
            return {"name": doubt.label, "ignore": True, **reason}
        case "other" if form["unit"]:
            return {"name": doubt.label, "units": [form["unit"]], **reason}
        case "other":
            return form.mark(unit=visit.gettext("请填写这一项。"))
        case "":
            return form.mark(choice=visit.gettext("请选择一项。"))
        case unit:
            return {"name": doubt.label, "units": [unit], **reason}


async def _send(
    visit: Visit, opened: OpenedPlan, doubt: Doubt, body: dict[str, Any], key: str = ""
) -> PlanOut:
    """Carry out an answer; the plan as it is then."""
    path = f"/v1/plans/{opened.plan.plan_id}"
    if doubt.kind == "pair":
        pairs = f"/v1/plans/{opened.plan.revises}/revisions/{opened.plan.plan_id}/pairs"
        await visit.api.post(RevisionOut, pairs, body, key)
        return await visit.api.get(PlanOut, path)
    ends = {"measure": "settlements", "name": "names"}
    return await visit.api.post(PlanOut, f"{path}/{ends.get(doubt.kind, 'details')}", body, key)


async def _send_alike(
    visit: Visit, opened: OpenedPlan, doubt: Doubt, body: dict[str, Any]
) -> PlanOut:
    """Give the doubts of the same kind the same answer."""
    named = "ref" if doubt.kind == "measure" else "name"
    rest = {name: value for name, value in body.items() if name != "version"}
    settled = opened.plan
    for other in list_alike(doubt, opened.doubts):
        settled = await _send(visit, opened, other, {**rest, named: other.label})
    return settled


async def _lead_on(visit: Visit, before: OpenedPlan, settled: PlanOut, doubt: Doubt) -> Response:
    """To the next doubt of those that are left, in the order in which they were."""
    revision = None
    if settled.revises:
        path = f"/v1/plans/{settled.revises}/revisions/{settled.plan_id}"
        revision = await visit.api.get(RevisionOut, path)
    left = list_doubts(settled, revision)
    keys = [each.key for each in left]
    if doubt.key in keys:  # another point of the same measure is still open
        following = doubt.key
    else:
        old = [each.key for each in before.doubts]
        later = [key for key in old[old.index(doubt.key) + 1 :] if key in keys]
        following = later[0] if later else choose_next(left, doubt.key)
    address = f"/plans/{settled.plan_id}"
    if following:
        return visit.redirect(f"{address}?doubt={quote(following, safe='')}#settle")
    return visit.redirect(address, visit.gettext("没有存疑了。"))
