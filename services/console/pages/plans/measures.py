"""A plan's title and who reports for joint duties; one measure."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.console.client import ApiError
from services.console.pages.plans.doubts import CONFIRMED, list_choices, make_doubt, read_settlement
from services.console.pages.plans.showing import OpenedPlan, begin_form, get_state, open_plan
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.plan_words import describe_when
from shared.api.plans import MeasureOut, PlanOut
from shared.api.settling import JointOut

ROUTER = APIRouter()
_NOT_FOUND, _INVALID = 404, 422


@ROUTER.get("/plans/{plan_id}/details")
async def show_details(visit: SignedIn, plan_id: UUID) -> Response:
    """What a plan is called, and who reports for duties of several units."""
    visit.require("edit-plans")
    return await _render_details(visit, plan_id)


@ROUTER.post("/plans/{plan_id}/details")
async def change_details(visit: SignedIn, plan_id: UUID, form: Posted) -> Response:
    """Correct the title, the year or the issuer."""
    visit.require("edit-plans")
    fields = {name: form[name] for name in ("title", "year", "issuer") if form[name]}
    body = fields | {"reason": form["reason"]}
    try:
        await visit.api.post(PlanOut, f"/v1/plans/{plan_id}/details", body, form.key)
    except ApiError as error:
        return await _render_details(visit, plan_id, form.refuse(visit, error), error.status)
    return visit.redirect(f"/plans/{plan_id}", visit.gettext("已更正。"))


@ROUTER.post("/plans/{plan_id}/joint")
async def set_joint(visit: SignedIn, plan_id: UUID, form: Posted) -> Response:
    """Say who reports for duties of several units, in the plan or in one measure."""
    visit.require("edit-plans")
    body = {"joint": form["joint"] or None, "ref": form["ref"] or None}
    await visit.api.post(JointOut, f"/v1/plans/{plan_id}/joint", body, form.key)
    back = f"/plans/{plan_id}/measures/{form['ref']}" if form["ref"] else f"/plans/{plan_id}"
    return visit.redirect(back, visit.gettext("反馈方式已保存。"))


async def _render_details(
    visit: Visit, plan_id: UUID, form: Form | None = None, status: int = 200
) -> Response:
    plan = await visit.api.get(PlanOut, f"/v1/plans/{plan_id}")
    year = str(plan.year or "")
    begun = Form.begin(title=plan.title, year=year, issuer=plan.issuer, joint=plan.joint)
    return visit.render("plans/details.html", status, plan=plan, form=form or begun)


@ROUTER.get("/plans/{plan_id}/measures/{ref}")
async def show_measure(visit: SignedIn, plan_id: UUID, ref: str) -> Response:
    """One measure: what it says, how it was settled, and what may be changed."""
    visit.require("read-drafts")
    return await _render_measure(visit, plan_id, ref)


@ROUTER.post("/plans/{plan_id}/measures/{ref}")
async def change_measure(visit: SignedIn, plan_id: UUID, ref: str, form: Posted) -> Response:
    """Correct a measure that is not published."""
    visit.require("edit-plans")
    opened = await open_plan(visit, plan_id)
    settled = read_settlement(visit.words, form, opened.plan.year)
    if isinstance(settled, Form):
        return await _render_measure(visit, plan_id, ref, settled, _INVALID)
    body = {"ref": ref, "reason": form["reason"] or visit.gettext(CONFIRMED), **settled}
    if form["version"].isdecimal():
        body["version"] = int(form["version"])
    try:
        await visit.api.post(PlanOut, f"/v1/plans/{plan_id}/settlements", body, form.key)
    except ApiError as error:
        return await _render_measure(visit, plan_id, ref, form.refuse(visit, error), error.status)
    return visit.redirect(f"/plans/{plan_id}/measures/{ref}", visit.gettext("已保存。"))


async def _render_measure(
    visit: Visit, plan_id: UUID, ref: str, form: Form | None = None, status: int = 200
) -> Response:
    opened = await open_plan(visit, plan_id)
    measure = next((each for each in opened.plan.measures if each.ref == ref), None)
    if measure is None:
        raise HTTPException(_NOT_FOUND)
    return visit.render(
        "plans/measure.html",
        status,
        plan=opened.plan,
        measure=measure,
        state=get_state(measure, opened.unknown),
        when=describe_when(visit.words, measure),
        printed=_list_printed(visit, opened, measure),
        choices=list_choices(visit.words, opened.plan, measure),
        form=form or begin_form(make_doubt(measure)),
        joint_form=Form.begin(joint=measure.joint),
    )


def _list_printed(
    visit: Visit, opened: OpenedPlan, measure: MeasureOut
) -> list[tuple[str, str, str]]:
    """The printed cells of a measure: what each is, its text and its place."""
    texts = {block.id: (block.text, block.place) for block in opened.source.blocks}
    for block in opened.source.blocks:
        for row in block.rows:
            texts |= {cell.id: (cell.text, row.place) for cell in row.cells}
    cells = next((each for each in opened.source.measures if each.ref == measure.ref), None)
    if cells is None:
        return []
    wanted: list[tuple[str, str]] = [
        (visit.gettext("任务名称"), cells.task_name),
        (visit.gettext("任务内容"), cells.text),
        *((visit.gettext("责任单位"), each) for each in cells.names),
        (visit.gettext("完成时限"), cells.due),
    ]
    return [(label, *texts[each]) for label, each in wanted if each in texts]
