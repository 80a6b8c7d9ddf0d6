"""规则 → 静默: what is not reminded of for a time. A list, a form to add one, and its end."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.console.client import ApiError, fetch_together
from services.console.shell.forms import Form, Posted
from services.console.shell.units import find_unit, offer_choices
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.mute_words import name_muted
from shared.api.fields import Page
from shared.api.mutes import MuteOut
from shared.api.offices import RuleBookOut
from shared.api.plans import PlanHead

ROUTER = APIRouter()
_SHOWN = 50
_NOT_FOUND = 404
_FIELDS = ("plan_id", "task", "rule_id", "since", "until", "reason")
_Prefilled = Annotated[str, Query(max_length=200)]


@ROUTER.get("/rules/mutes")
async def show_mutes(
    visit: SignedIn, cursor: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    """The mutes, the newest first, the ended ones too."""
    visit.require("read-drafts")
    page: Page[MuteOut] = await visit.api.list_page(
        MuteOut, "/v1/mutes", cursor=cursor or None, limit=_SHOWN
    )
    return visit.render(
        "rules/mutes.html",
        mutes=page.items,
        name=lambda mute: name_muted(visit.words, mute),
        today=visit.person.today,
        first="/rules/mutes" if cursor else "",
        following=f"/rules/mutes?cursor={page.next_cursor}" if page.next_cursor else "",
    )


@ROUTER.get("/rules/mutes/new")
async def show_new_mute(
    visit: SignedIn, unit: _Prefilled = "", task: _Prefilled = "", plan: _Prefilled = ""
) -> Response:
    """The form of a new mute; the pages of a unit and of an obligation fill in what it is about."""
    visit.require("publish-rules")
    return await _render_new(visit, Form.begin(unit=unit, task=task, plan_id=plan))


@ROUTER.post("/rules/mutes/new")
async def add_mute(visit: SignedIn, form: Posted) -> Response:
    """Record a mute."""
    visit.require("publish-rules")
    body: dict[str, object] = {name: form[name] for name in _FIELDS if form[name]}
    if form["unit"]:
        unit = await find_unit(visit, form["unit"])
        if unit is None:
            marked = form.mark(unit=visit.gettext("通讯录中没有这个单位。"))
            return await _render_new(visit, marked, 422)
        body["unit_id"] = str(unit.unit_id)
    try:
        await visit.api.post(MuteOut, "/v1/mutes", body, form.key)
    except ApiError as error:
        return await _render_new(visit, form.refuse(visit, error), error.status)
    return visit.redirect("/rules/mutes", visit.gettext("已静默，此后到时点的提醒不再发出。"))


async def _render_new(visit: Visit, form: Form, status: int = 200) -> Response:
    plans, books, choices = await fetch_together(
        visit.api.list_items(PlanHead, "/v1/plans"),
        visit.api.list_page(RuleBookOut, "/v1/rule-books", limit=1),
        offer_choices(visit),
    )
    rules = [str(rule["rule_id"]) for rule in books.items[0].book["rules"]]
    return visit.render(
        "rules/new_mute.html",
        status,
        form=form,
        plans=[
            (str(plan.plan_id), plan.title or visit.gettext("未命名"))
            for plan in plans
            if plan.status == "published"
        ],
        rules=[(rule, rule) for rule in rules],
        units=[unit.name for unit in choices.units],
    )


@ROUTER.get("/rules/mutes/{mute_id}/end")
async def show_end(visit: SignedIn, mute_id: UUID) -> Response:
    """What ending a mute means, with the reason to give."""
    visit.require("publish-rules")
    return _render_end(visit, await _find_current(visit, mute_id), Form())


@ROUTER.post("/rules/mutes/{mute_id}/end")
async def end_mute(visit: SignedIn, mute_id: UUID, form: Posted) -> Response:
    """End a mute early."""
    visit.require("publish-rules")
    try:
        path = f"/v1/mutes/{mute_id}/end"
        await visit.api.post(MuteOut, path, {"reason": form["reason"]}, form.key)
    except ApiError as error:
        mute = await _find_current(visit, mute_id)
        return _render_end(visit, mute, form.refuse(visit, error), error.status)
    return visit.redirect("/rules/mutes", visit.gettext("静默已结束，此后的提醒照常发出。"))


async def fetch_mutes(visit: Visit, **about: str) -> list[MuteOut]:
    """The mutes that have not ended and can silence something, for who may see them."""
    if not visit.may("read-drafts"):
        return []
    return await visit.api.list_items(MuteOut, "/v1/mutes", current=True, **about)


async def _find_current(visit: Visit, mute_id: UUID) -> MuteOut:
    """A mute that has not ended.

    Raises:
        HTTPException: 404, there is no such one.
    """
    for mute in await fetch_mutes(visit):
        if mute.mute_id == mute_id:
            return mute
    raise HTTPException(_NOT_FOUND)


def _render_end(visit: Visit, mute: MuteOut, form: Form, status: int = 200) -> Response:
    say = visit.gettext
    return visit.render(
        "confirm.html",
        status,
        title=say("结束静默"),
        lines=[
            name_muted(visit.words, mute),
            say("结束后，此后到时点的提醒照常发出；已错过的不补发。"),
        ],
        action=f"/rules/mutes/{mute.mute_id}/end",
        fields={},
        reason=say("结束的理由"),
        button=say("结束静默"),
        cancel="/rules/mutes",
        danger=False,
        form=form,
    )
