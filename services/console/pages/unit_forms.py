"""单位: what changes one unit: added, edited, its contacts, its links."""

import csv
import io
import re
from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError, UploadedFile, fetch_together
from services.console.pages.units import POSTS, list_holders
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from shared.api.links import LinksRevokedOut
from shared.api.problems import Problem
from shared.api.reports import FeedOut
from shared.api.units import ImportedOut, UnitOut

ROUTER = APIRouter()
_SEPARATORS = re.compile(r"[、;；,，\n]+")
_COLUMNS = ("单位名称", "类别", "分组", "别名")
_CONTACT = ("name", "mobile", "email", "valid_from", "valid_to")
_NOT_FOUND = 404
_CONFLICT = 409


@ROUTER.get("/units/new")
async def show_new_unit(visit: SignedIn) -> Response:
    """The form of a new unit."""
    visit.require("edit-units")
    return visit.render("units/edit.html", form=Form(), unit=None)


@ROUTER.post("/units/new")
async def add_unit(visit: SignedIn, form: Posted) -> Response:
    """Enter a unit, as a directory file with one row would."""
    visit.require("edit-units")
    name = form["name"]
    cells = (name, form["kind"], form["groups"], form["aliases"])
    file = write_row(_COLUMNS, cells)
    try:
        preview = await visit.api.upload(ImportedOut, "/v1/units/import", file, preview="true")
        if not preview.created:
            raise _make_conflict()
        await visit.api.upload(ImportedOut, "/v1/units/import", file, form.key)
        matches = await visit.api.list_page(UnitOut, "/v1/units", name=name, limit=500)
    except ApiError as error:
        refused = refuse_row(visit, form, error)
        return visit.render("units/edit.html", error.status, form=refused, unit=None)
    own = next((unit.unit_id for unit in matches.items if unit.name == name), None)
    notice = visit.gettext("已新增%(unit)s。请登记联络员。", unit=name)
    return visit.redirect(f"/units/{own}" if own else "/units", notice)


@ROUTER.get("/units/{unit_id}/edit")
async def show_edit_unit(visit: SignedIn, unit_id: UUID) -> Response:
    """The form of a unit's name, kind, groups and aliases."""
    visit.require("edit-units")
    unit = await visit.api.get(UnitOut, f"/v1/units/{unit_id}")
    lists = {"groups": "、".join(unit.groups), "aliases": "、".join(unit.aliases)}
    form = Form.begin(name=unit.name, kind=unit.kind, **lists)
    return visit.render("units/edit.html", form=form, unit=unit)


@ROUTER.post("/units/{unit_id}/edit")
async def edit_unit(visit: SignedIn, unit_id: UUID, form: Posted) -> Response:
    """Change what differs: kind and groups, then aliases, then the name."""
    visit.require("edit-units")
    unit = await visit.api.get(UnitOut, f"/v1/units/{unit_id}")
    try:
        await _change_unit(visit, unit, form)
    except ApiError as error:
        refused = refuse_row(visit, form, error)
        return visit.render("units/edit.html", error.status, form=refused, unit=unit)
    return visit.redirect(f"/units/{unit_id}", visit.gettext("已保存。"))


async def _change_unit(visit: Visit, unit: UnitOut, form: Form) -> None:
    """Send each change; a part that is as it was is left out."""
    groups, aliases = split_list(form["groups"]), split_list(form["aliases"])
    if (form["kind"], groups) != (unit.kind, unit.groups):
        cells = (unit.name, form["kind"] or "-", "、".join(groups) or "-")
        file = write_row(_COLUMNS[:3], cells)
        await visit.api.upload(ImportedOut, "/v1/units/import", file, f"{form.key}-1", erase="true")
    add = [alias for alias in aliases if alias not in unit.aliases]
    remove = [alias for alias in unit.aliases if alias not in aliases]
    path = f"/v1/units/{unit.unit_id}"
    if add or remove:
        body = {"add": add, "remove": remove}
        await visit.api.post(UnitOut, f"{path}/aliases", body, f"{form.key}-2")
    if form["name"] != unit.name:
        await visit.api.post(UnitOut, f"{path}/rename", {"name": form["name"]}, f"{form.key}-3")


@ROUTER.get("/units/{unit_id}/contacts/{post}")
async def show_contact(visit: SignedIn, unit_id: UUID, post: str) -> Response:
    """The form by which somebody takes over a post; it begins with the present holder."""
    visit.require("edit-units")
    unit = await _get_unit(visit, unit_id, post)
    holders = list_holders(unit.contacts, post)
    holder = holders[0] if len(holders) == 1 and not holders[0].valid_to else None
    parts = {part: str(getattr(holder, part) or "") for part in _CONTACT} if holder else {}
    form = Form.begin(**parts)
    return visit.render("units/contact.html", form=form, unit=unit, post=post, holders=holders)


@ROUTER.post("/units/{unit_id}/contacts/{post}")
async def replace_contact(visit: SignedIn, unit_id: UUID, post: str, form: Posted) -> Response:
    """Let somebody take over a post."""
    visit.require("edit-units")
    unit = await _get_unit(visit, unit_id, post)
    body: dict[str, object] = {part: form[part] or None for part in _CONTACT[3:]}
    body |= {part: form[part] for part in _CONTACT[:3]} | {"post": post}
    try:
        await visit.api.post(UnitOut, f"/v1/units/{unit_id}/contacts", body, form.key)
    except ApiError as error:
        refused = form.refuse(visit, error)
        values = {"unit": unit, "post": post, "holders": list_holders(unit.contacts, post)}
        return visit.render("units/contact.html", error.status, form=refused, **values)
    return visit.redirect(
        f"/units/{unit_id}", visit.gettext("联系人已更新，尚未发出的提醒会发给新联系人。")
    )


@ROUTER.get("/units/{unit_id}/retire")
async def show_retire(visit: SignedIn, unit_id: UUID) -> Response:
    """What the end of a unit means, with the button; or its return."""
    visit.require("edit-units")
    return _render_retire(visit, await visit.api.get(UnitOut, f"/v1/units/{unit_id}"), Form())


@ROUTER.post("/units/{unit_id}/retire")
async def retire_unit(visit: SignedIn, unit_id: UUID, form: Posted) -> Response:
    """End a unit, or take that back."""
    visit.require("edit-units")
    unit = await visit.api.get(UnitOut, f"/v1/units/{unit_id}")
    undo = unit.retired_at is not None
    try:
        body = {"reason": form["reason"], "undo": undo}
        await visit.api.post(UnitOut, f"/v1/units/{unit_id}/retire", body, form.key)
    except ApiError as error:
        return _render_retire(visit, unit, form.refuse(visit, error), error.status)
    notice = visit.gettext("单位已恢复。") if undo else visit.gettext("单位已撤销。")
    return visit.redirect(f"/units/{unit_id}", notice)


def _render_retire(visit: Visit, unit: UnitOut, form: Form, status: int = 200) -> Response:
    undo = unit.retired_at is not None
    say = visit.gettext
    lines = (
        [say("恢复后，%(unit)s重新接受事项。", unit=unit.name)]
        if undo
        else [
            say("撤销后，%(unit)s不再接受新的事项。", unit=unit.name),
            say("已有的事项仍在台账，仍会提醒其联系人。接手单位可以把它的名称登记为别名。"),
        ]
    )
    return visit.render(
        "confirm.html",
        status,
        title=say("恢复单位") if undo else say("撤销单位"),
        lines=lines,
        action=f"/units/{unit.unit_id}/retire",
        fields={},
        form=form,
        reason=say("理由"),
        button=say("恢复") if undo else say("撤销"),
        danger=not undo,
        cancel=f"/units/{unit.unit_id}",
    )


@ROUTER.post("/units/{unit_id}/feed")
async def make_feed(visit: SignedIn, unit_id: UUID, form: Posted) -> Response:
    """Make the secret address of the unit's calendar; it is shown on this page alone."""
    visit.require("answer")
    unit, feed = await fetch_together(
        visit.api.get(UnitOut, f"/v1/units/{unit_id}"),
        visit.api.post(FeedOut, f"/v1/units/{unit_id}/feed", key=form.key),
    )
    return visit.render("units/feed.html", unit=unit, feed=feed)


@ROUTER.get("/units/{unit_id}/links")
async def show_revoke_links(visit: SignedIn, unit_id: UUID) -> Response:
    """The form that ends links of a unit's contacts."""
    visit.require("edit-units")
    unit = await visit.api.get(UnitOut, f"/v1/units/{unit_id}")
    return visit.render("units/links.html", form=Form(), unit=unit, posts=POSTS)


@ROUTER.post("/units/{unit_id}/links")
async def revoke_links(visit: SignedIn, unit_id: UUID, form: Posted) -> Response:
    """End the links, codes and sessions of one post, or of all."""
    visit.require("edit-units")
    unit = await visit.api.get(UnitOut, f"/v1/units/{unit_id}")
    body = {"post": form["post"] or None, "note": form["note"]}
    path = f"/v1/units/{unit_id}/links/revoke"
    try:
        await visit.api.post(LinksRevokedOut, path, body, form.key)
    except ApiError as error:
        refused = form.refuse(visit, error)
        return visit.render("units/links.html", error.status, form=refused, unit=unit, posts=POSTS)
    return visit.redirect(
        f"/units/{unit_id}", visit.gettext("此前的办理链接和短信办理码已全部作废。")
    )


def split_list(text: str) -> list[str]:
    """The items of a list that a person typed, separated by 、 or the like."""
    return [item.strip() for item in _SEPARATORS.split(text) if item.strip()]


def write_row(columns: Sequence[str], cells: Sequence[str]) -> UploadedFile:
    """A directory file with one row."""
    text = io.StringIO()
    csv.writer(text).writerows([columns, cells])
    return UploadedFile("unit.csv", text.getvalue().encode())


def refuse_row(visit: Visit, form: Form, error: ApiError) -> Form:
    """The form with what was wrong in the row that was made of it."""
    renamed = [
        {"where": f"body.{row.get('column', '')}", "message": row.get("message", "")}
        if "column" in row
        else row
        for row in error.problem.errors
    ]
    problem = error.problem.model_copy(update={"errors": renamed})
    return form.refuse(visit, ApiError(problem))


def _make_conflict() -> ApiError:
    text = "名录里已有这个单位，或有单位以此为别名。The directory has it already."
    hint = "请从名录打开该单位修改。Open it in the directory to change it."
    kind = "urn:cuiban:problem:conflict"
    return ApiError(Problem(type=kind, title="", status=_CONFLICT, detail=text, hint=hint))


async def _get_unit(visit: Visit, unit_id: UUID, post: str) -> UnitOut:
    """The unit of a page about one post.

    Raises:
        ApiError: 404 when there is no such unit or post.
    """
    if post not in POSTS:
        kind = "urn:cuiban:problem:not-found"
        raise ApiError(Problem(type=kind, title="", status=_NOT_FOUND, detail=""))
    return await visit.api.get(UnitOut, f"/v1/units/{unit_id}")
