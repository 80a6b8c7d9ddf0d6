"""单位: the directory's file, seen before it is entered; what the directory changes in plans."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError, UploadedFile
from services.console.pages.waiting import is_changed
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from shared.api.membership import DirectoryChangeOut
from shared.api.problems import choose_part
from shared.api.units import ImportedOut
from shared.api.waiting import WaitingPlanOut

ROUTER = APIRouter()
LARGEST = 2 * 2**20
"""Bytes of a file: the page that shows what it changes carries it to the button."""
_CHUNK = 100_000
_BODY = LARGEST * 2
_SHOWN = 100
FIELDS: Mapping[str, str] = {
    "kind": N_("类别"),
    "groups": N_("分组"),
    "aliases": N_("别名"),
    "liaison": N_("联络员"),
    "deputy": N_("分管领导"),
    "head": N_("主要负责人"),
}
PARTS: Mapping[str, str] = {
    "name": N_("姓名"),
    "email": N_("邮箱"),
    "mobile": N_("手机"),
    "valid_from": N_("起始日期"),
    "valid_to": N_("截止日期"),
}


@ROUTER.get("/units/import")
async def show_import(visit: SignedIn) -> Response:
    """The form for a directory's file."""
    visit.require("edit-units")
    return visit.render("units/import.html", form=Form(), faults=[])


@ROUTER.post("/units/import", max_body_size=LARGEST + 2**16)
async def preview_import(visit: SignedIn, form: Posted) -> Response:
    """Show what a file would change; nothing is entered."""
    visit.require("edit-units")
    file = await form.read_file("file")
    if file is None:
        marked = form.mark(file=visit.gettext("请选择文件。"))
        return visit.render("units/import.html", 422, form=marked, faults=[])
    return await _render_preview(visit, file)


@ROUTER.post("/units/import/confirm", max_body_size=_BODY)
async def confirm_import(visit: SignedIn, form: Posted) -> Response:
    """Enter the file whose changes were shown. If they are others by now, show them again."""
    visit.require("edit-units")
    file = unpack_file(form)
    try:
        shown = await _preview(visit, file)
        if hash_changes(shown) != form["digest"]:
            return await _render_preview(visit, file, is_stale=True)
        erase = "true" if form["erase"] else None
        done = await visit.api.upload(ImportedOut, "/v1/units/import", file, form.key, erase=erase)
    except ApiError as error:
        return _render_refusal(visit, error)
    notice = visit.gettext(
        "已导入：新增 %(created)s 个单位，更新 %(changed)s 个。",
        created=done.created,
        changed=done.changed,
    )
    if done.plans:
        more = visit.gettext("名录变动影响已发布的任务表，请决定是否让单位承担。")
        return visit.redirect("/units/changes", f"{notice}{more}", "warning")
    return visit.redirect("/units", notice)


async def _preview(visit: Visit, file: UploadedFile) -> ImportedOut:
    return await visit.api.upload(ImportedOut, "/v1/units/import", file, preview="true")


async def _render_preview(visit: Visit, file: UploadedFile, *, is_stale: bool = False) -> Response:
    try:
        shown = await _preview(visit, file)
    except ApiError as error:
        return _render_refusal(visit, error)
    return visit.render(
        "units/preview.html",
        form=Form(),
        shown=shown,
        most=_SHOWN,
        is_stale=is_stale,
        file=file.name,
        parts=pack_file(file),
        digest=hash_changes(shown),
        name_field=lambda field: name_field(visit, field),
    )


def _render_refusal(visit: Visit, error: ApiError) -> Response:
    """The form again, with what to correct in the file, cell by cell."""
    faults = [
        {
            "where": row.get("where", ""),
            "column": name_field(visit, str(row.get("column", ""))),
            "message": choose_part(str(row.get("message", "")), visit.language),
        }
        for row in error.problem.errors[:_SHOWN]
    ]
    refused = Form().refuse(visit, error)
    return visit.render("units/import.html", error.status, form=refused, faults=faults)


def pack_file(file: UploadedFile) -> list[str]:
    """A file as the fields of a form."""
    text = base64.b64encode(file.content).decode()
    return [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]


def unpack_file(form: Form) -> UploadedFile:
    """The file that a form carries."""
    try:
        content = base64.b64decode("".join(form.get_all("content")), validate=True)
    except (binascii.Error, ValueError):
        content = b""  # the API says that it has no units
    return UploadedFile(form["file-name"][:200] or "units.csv", content)


def hash_changes(shown: ImportedOut) -> str:
    """What stands for the changes that a person saw."""
    return hashlib.sha256(shown.model_dump_json(exclude={"applied"}).encode()).hexdigest()


def name_field(visit: Visit, field: str) -> str:
    """A field of a unit as a person calls it: `liaison_email` is 联络员邮箱."""
    if field in FIELDS:
        return visit.gettext(FIELDS[field])
    post, _, part = field.partition("_")
    if post in FIELDS and part in PARTS:
        return f"{visit.gettext(FIELDS[post])} {visit.gettext(PARTS[part])}"
    return field


@ROUTER.get("/units/changes")
async def show_changes(visit: SignedIn) -> Response:
    """The published plans for which the directory means a change."""
    visit.require("read-drafts")
    plans = await visit.api.list_page(WaitingPlanOut, "/v1/waiting/plans")
    waiting = [plan for plan in plans.items if is_changed(plan)]
    return visit.render("units/changes.html", plans=waiting)


@ROUTER.get("/units/changes/{plan_id}")
async def show_change(visit: SignedIn, plan_id: UUID) -> Response:
    """Which units gain or lose duties of a plan, or hand them over, with the decision."""
    visit.require("read-drafts")
    return await _render_change(visit, plan_id, None)


@ROUTER.post("/units/changes/{plan_id}")
async def decide_change(visit: SignedIn, plan_id: UUID, form: Posted) -> Response:
    """Confirm or dismiss the change for the units that were chosen."""
    visit.require("publish-plans")
    units = form.get_all("unit")
    if not units:
        marked = form.mark(unit=visit.gettext("请至少选一个单位。"))
        return await _render_change(visit, plan_id, marked, 422)
    body = {
        "decision": form["decision"],
        "reason": form["reason"],
        "units": units,
        "digest": form["digest"] or None,
    }
    path = f"/v1/plans/{plan_id}/directory-changes"
    try:
        left = await visit.api.post(DirectoryChangeOut, path, body, form.key)
    except ApiError as error:
        return await _render_change(visit, plan_id, form.refuse(visit, error), error.status)
    say = visit.gettext
    confirmed = form["decision"] == "confirm"
    notice = say("已确认，任务表已按名录调整。") if confirmed else say("已保持原样，不再提示。")
    there = (
        f"/units/changes/{plan_id}"
        if left.gains or left.losses or left.handovers
        else "/units/changes"
    )
    return visit.redirect(there, notice)


async def _render_change(
    visit: Visit, plan_id: UUID, form: Form | None, status: int = 200
) -> Response:
    """The change of a plan; at first all its units are chosen."""
    path = f"/v1/plans/{plan_id}/directory-changes"
    change = await visit.api.get(DirectoryChangeOut, path)
    every = [str(member.unit_id) for member in (*change.gains, *change.losses, *change.handovers)]
    shown = Form.begin(unit=every) if form is None else form
    return visit.render("units/change.html", status, form=shown, change=change)
