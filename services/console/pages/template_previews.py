"""设置 › 消息模板 › 预览: the message that a template makes, in a frame beside the template.

The frame is filled by the form of the template (`formtarget`), so that no script is needed. The
HTML of the mail is a frame of its own within it, which runs nothing and loads nothing.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.shell.forms import Form, Posted
from services.console.shell.units import find_unit
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from services.console.texts.problems import ShownProblem
from shared.api.templates import TemplateOut, TemplatePreviewOut
from shared.schemas.templates import NAME_PATTERN, PARTS, TemplateKind

ROUTER = APIRouter()
_PAGE = "/settings/templates/{kind}/{template}/preview"
_Name = Annotated[str, Path(pattern=NAME_PATTERN)]
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}
"""Mails have their styles in the tags. The frame runs no script, and loads nothing else."""
KIND_NAMES: Mapping[TemplateKind, str] = {
    TemplateKind.DIGEST_MAIL: N_("提醒邮件"),
    TemplateKind.DIGEST_SMS: N_("提醒短信"),
    TemplateKind.DIGEST_GROUP: N_("群消息提醒"),
    TemplateKind.LINK_MAIL: N_("办理链接邮件"),
}
PART_NAMES: Mapping[str, str] = {
    "subject": N_("主题"),
    "text": N_("正文（纯文本）"),
    "html": N_("正文（HTML）"),
}


@ROUTER.get(_PAGE)
async def show_preview(visit: SignedIn, kind: TemplateKind, template: _Name) -> Response:
    """The template in use, with an invented reminder."""
    visit.require("read-drafts")
    path = f"/v1/templates/{kind}/{quote(template, safe='')}"
    shown = await visit.api.get(TemplateOut, path)
    return await _render(visit, kind, shown.parts.model_dump())


@ROUTER.post(_PAGE, max_body_size=2**19)
async def preview_typed(
    visit: SignedIn,
    kind: TemplateKind,
    template: _Name,  # noqa: ARG001 - a part of the address
    form: Posted,
) -> Response:
    """What was typed, with what a unit owes now."""
    visit.require("read-drafts")
    parts = {part: next(iter(form.get_all(part)), "") for part in PARTS[kind]}
    return await _render(visit, kind, parts, form)


async def _render(
    visit: Visit, kind: TemplateKind, parts: Mapping[str, str], form: Form | None = None
) -> Response:
    body: dict[str, Any] = {"kind": kind.value, "parts": dict(parts)}
    problem: ShownProblem | None = None
    made: TemplatePreviewOut | None = None
    if form is not None and form["audience"]:
        body["audience"] = form["audience"]
    if form is not None and form["unit"]:
        unit = await find_unit(visit, form["unit"])
        if unit is None:
            text = visit.gettext("通讯录中没有这个单位。")
            problem = ShownProblem(404, text, visit.gettext("请填写单位全称。"))
        else:
            body["unit_id"] = str(unit.unit_id)
    if problem is None:
        try:
            made = await visit.api.post(TemplatePreviewOut, "/v1/templates/preview", body)
        except ApiError as error:
            problem = visit.describe(error)
    page = visit.render(
        "settings/template_preview.html",
        made=made,
        problem=problem,
        part_names=PART_NAMES,
        is_example="unit_id" not in body,
    )
    page.headers.update(_HEADERS)
    return page
