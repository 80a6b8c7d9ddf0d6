"""设置 › 消息模板: what messages say, edited beside what becomes of it, published as versions."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import TypeAdapter

from services.console.client import ApiError
from services.console.pages.template_previews import KIND_NAMES, PART_NAMES
from services.console.shell.forms import Form, Posted
from services.console.shell.units import offer_choices
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.wording import POSTS
from shared.api.templates import TemplateHead, TemplateOut
from shared.messages.templates.names import Leaf, NameType, Record, list_names
from shared.schemas.templates import NAME_PATTERN, PARTS, STANDARD, TemplateKind

ROUTER = APIRouter()
_HEADS = TypeAdapter(list[TemplateHead])
_NOT_FOUND, _UNPROCESSABLE = 404, 422
_BODY = 2**19
_Name = Annotated[str, Path(pattern=NAME_PATTERN)]
_PAGE = "/settings/templates/{kind}/{template}"


def get_address(kind: TemplateKind, name: str) -> str:
    """The page of a template."""
    return f"/settings/templates/{kind}/{quote(name, safe='')}"


def _get_path(kind: TemplateKind, name: str) -> str:
    """A template in the API."""
    return f"/v1/templates/{kind}/{quote(name, safe='')}"


@ROUTER.get("/settings/templates")
async def show_templates(visit: SignedIn) -> Response:
    """The templates in use, and the beginning of one with a name of its own."""
    visit.require("read-drafts")
    return await _render_list(visit, Form.begin(kind=TemplateKind.DIGEST_MAIL.value))


async def _render_list(visit: Visit, form: Form, status: int = 200) -> Response:
    rows = await visit.api.fetch(_HEADS, "/v1/templates")
    kinds = [(kind.value, visit.gettext(name)) for kind, name in KIND_NAMES.items()]
    return visit.render(
        "settings/templates.html",
        status,
        rows=rows,
        names=KIND_NAMES,
        kinds=kinds,
        standard=STANDARD,
        address=get_address,
        form=form,
    )


@ROUTER.post("/settings/templates")
async def begin_template(visit: SignedIn, form: Posted) -> Response:
    """Lead to the page of a template with a name of its own. It begins with its publication."""
    visit.require("publish-rules")
    kind, name = form["kind"], form["name"]
    if kind not in list(TemplateKind) or not re.fullmatch(NAME_PATTERN, name):
        wrong = visit.gettext("名称不超过 40 个字，不含空格和标点。")
        return await _render_list(visit, form.mark(name=wrong), _UNPROCESSABLE)
    return visit.redirect(get_address(TemplateKind(kind), name))


@ROUTER.get(_PAGE)
async def show_template(visit: SignedIn, kind: TemplateKind, template: _Name) -> Response:
    """The sources of a template, beside its preview."""
    visit.require("read-drafts")
    shown = await fetch_template(visit, kind, template)
    form = Form.begin(
        **{part: getattr(shown.parts, part) for part in PARTS[kind]},
        version=str(shown.version),
        audience="liaison",
    )
    return await _render(visit, shown, form)


@ROUTER.post(_PAGE, max_body_size=_BODY)
async def publish_template(
    visit: SignedIn, kind: TemplateKind, template: _Name, form: Posted
) -> Response:
    """Publish what was typed as the next version."""
    visit.require("publish-rules")
    body = {"version": form["version"], "parts": read_parts(kind, form), "note": form["note"]}
    try:
        saved = await visit.api.post(TemplateOut, _get_path(kind, template), body, form.key)
    except ApiError as error:
        shown = await fetch_template(visit, kind, template)
        refused = form.refuse(visit, error)
        return await _render(visit, shown, refused, error)
    notice = visit.gettext("第 %(version)s 版已启用。", version=saved.version)
    return visit.redirect(get_address(kind, template), notice)


@ROUTER.get(f"{_PAGE}/versions/{{version}}")
async def show_version(
    visit: SignedIn, kind: TemplateKind, template: _Name, version: int
) -> Response:
    """The sources of a version; 0 is the built-in template."""
    visit.require("read-drafts")
    shown = await visit.api.get(TemplateOut, _get_path(kind, template), version=version)
    live = await fetch_template(visit, kind, template)
    return visit.render(
        "settings/template_version.html",
        shown=shown,
        live=live.version,
        built_in=live.built_in,
        names=KIND_NAMES,
        parts=list_parts(kind),
        address=get_address(kind, template),
    )


@ROUTER.get(f"{_PAGE}/versions/{{version}}/roll-back")
async def ask_to_roll_back(
    visit: SignedIn, kind: TemplateKind, template: _Name, version: int
) -> Response:
    """What it means to go back to a version."""
    visit.require("publish-rules")
    return await _ask(visit, kind, template, version, Form())


@ROUTER.post(f"{_PAGE}/versions/{{version}}/roll-back")
async def roll_back(
    visit: SignedIn, kind: TemplateKind, template: _Name, version: int, form: Posted
) -> Response:
    """Publish an earlier content as the next version."""
    visit.require("publish-rules")
    body = {"version": form["version"], "to": version}
    path = f"{_get_path(kind, template)}/roll-back"
    try:
        saved = await visit.api.post(TemplateOut, path, body, form.key)
    except ApiError as error:
        refused = form.refuse(visit, error)
        return await _ask(visit, kind, template, version, refused, status=error.status)
    notice = visit.gettext("第 %(version)s 版已启用。", version=saved.version)
    return visit.redirect(get_address(kind, template), notice)


async def _ask(
    visit: Visit, kind: TemplateKind, name: str, version: int, form: Form, *, status: int = 200
) -> Response:
    await visit.api.get(TemplateOut, _get_path(kind, name), version=version)
    live = await fetch_template(visit, kind, name)
    what = visit.gettext("第 %(version)s 版的内容", version=version)
    if version == 0:
        what = visit.gettext("内置模板")
    line = visit.gettext(
        "%(what)s将作为第 %(next)s 版启用，此后发送的消息都按它写；已发出的不受影响。",
        what=what,
        next=live.version + 1,
    )
    return visit.render(
        "confirm.html",
        status,
        form=form,
        title=visit.gettext("恢复模板"),
        lines=[line],
        action=f"{get_address(kind, name)}/versions/{version}/roll-back",
        fields={"version": live.version},
        button=visit.gettext("恢复"),
        cancel=get_address(kind, name),
        reason="",
        danger=False,
    )


async def fetch_template(visit: Visit, kind: TemplateKind, name: str) -> TemplateOut:
    """A template; one that has no version yet begins as the usual one of its kind."""
    try:
        return await visit.api.get(TemplateOut, _get_path(kind, name))
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
    usual = await visit.api.get(TemplateOut, _get_path(kind, STANDARD))
    begun = {"name": name, "version": 0, "built_in": True, "note": "", "restored_from": None}
    return usual.model_copy(update=begun)


async def _render(
    visit: Visit, shown: TemplateOut, form: Form, error: ApiError | None = None
) -> Response:
    kind, name = shown.kind, shown.name
    versions = await visit.api.fetch(_HEADS, f"{_get_path(kind, name)}/versions")
    return visit.render(
        "settings/template.html",
        error.status if error else 200,
        form=form,
        shown=shown,
        standard=STANDARD,
        names=KIND_NAMES,
        parts=list_parts(kind),
        known=list(write_names(list_names(kind, "text"))),
        part_names=PART_NAMES,
        faults=[each for each in error.problem.errors if "part" in each] if error else [],
        versions=versions,
        units=(await offer_choices(visit)).units,
        posts=[(value, visit.gettext(text)) for value, text in POSTS.items()],
        address=get_address(kind, name),
    )


def list_parts(kind: TemplateKind) -> list[tuple[str, str]]:
    """The parts of a kind with their names."""
    return [(part, PART_NAMES[part]) for part in PARTS[kind]]


def read_parts(kind: TemplateKind, form: Form) -> dict[str, str]:
    """The parts as they were typed."""
    return {part: next(iter(form.get_all(part)), "") for part in PARTS[kind]}


def write_names(names: Mapping[str, NameType], before: str = "") -> Iterator[str]:
    """What may stand in braces: `unit`, `figures.late`, and `line.text` within a loop."""
    for name, of in names.items():
        if isinstance(of, Leaf):
            yield f"{before}{name}"
        elif isinstance(of, Record):
            yield from write_names(of.fields, f"{name}.")
        else:
            yield from write_names(of.of.fields, "line.")
