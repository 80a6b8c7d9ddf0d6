"""The forms by which one obligation is changed: each says what follows, and asks for its words."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.console.client import ApiError, Unread, fetch_together
from services.console.pages.deed_kinds import ACTIONS, DEEDS, Deed, choose_label, list_actions
from services.console.pages.obligation import make_address
from services.console.pages.stories import fetch_timeline, renew_form
from services.console.shell.forms import Form, Posted
from services.console.shell.units import find_unit, offer_choices
from services.console.shell.visits import SignedIn, Visit
from shared.api.obligations import ExtensionOut, ObligationOut, TimelineEntryOut

ROUTER = APIRouter()
_NOT_FOUND, _CONFLICT, _FAULTY = 404, 409, 500
_FILE_LIMIT = 25 * 2**20
_UNCONFIRMED = "urn:cuiban:problem:unconfirmed"


def _find_deed(name: str) -> Deed:
    if name not in DEEDS:
        raise HTTPException(_NOT_FOUND)
    return DEEDS[name]


@ROUTER.get("/ledger/{obligation_id}/{name}")
async def show_deed(
    visit: SignedIn,
    obligation_id: UUID,
    name: str,
    part: UUID | None = None,
    back: Annotated[str, Query(alias="list", max_length=4000)] = "",
) -> Response:
    """The form of one deed."""
    deed = _find_deed(name)
    visit.require(deed.needs)
    obligation, lines = await fetch_together(
        visit.api.get(ObligationOut, f"/v1/obligations/{obligation_id}"),
        fetch_timeline(visit, obligation_id),
    )
    form = Form.begin(
        version=str(obligation.version),
        seen=lines[-1].at.isoformat() if lines else "",
        part=str(part or ""),
        list=back,
        due_on=_choose_date(obligation, name, part),
    )
    return await _render(visit, obligation, name, form)


def _choose_date(obligation: ObligationOut, name: str, part: UUID | None) -> str:
    """The date with which the form begins: what was asked for, or granted."""
    asked = _find_extension(obligation, str(part or ""))
    if asked is None:
        return ""
    day = asked.granted_due if name == "correct" else asked.asked_due
    return day.isoformat() if day else ""


def _find_extension(obligation: ObligationOut, part: str) -> ExtensionOut | None:
    return next((each for each in obligation.extensions if str(each.extension_id) == part), None)


@ROUTER.post("/ledger/{obligation_id}/files", max_body_size=_FILE_LIMIT)
async def add_file(visit: SignedIn, obligation_id: UUID, form: Posted) -> Response:
    """Add a file as evidence."""
    visit.require("answer")
    address = make_address(obligation_id, form["list"])
    file = await form.read_file("file")
    if file is None:
        return visit.redirect(address, visit.gettext("请先选择文件。"), "warning")
    path = f"/v1/obligations/{obligation_id}/files"
    try:
        await visit.api.upload(Unread, path, file, form.key)
    except ApiError as error:
        if error.status >= _FAULTY:
            raise
        shown = visit.describe(error)
        return visit.redirect(address, f"{file.name}：{shown.text}{shown.hint}", "warning")
    return visit.redirect(address, visit.gettext("材料已添加。"))


@ROUTER.post("/ledger/{obligation_id}/{name}")
async def carry_out(visit: SignedIn, obligation_id: UUID, name: str, form: Posted) -> Response:
    """Carry out a deed; a refusal shows the form again, with what changed meanwhile."""
    deed = _find_deed(name)
    visit.require(deed.needs)
    try:
        body = await _make_body(visit, deed, form)
        path = await _make_path(visit, deed, obligation_id, form["part"])
        await visit.api.post(Unread, path, body, form.key)
    except ApiError as error:
        if error.status >= _FAULTY or error.status == _NOT_FOUND:
            raise
        return await _refuse(visit, obligation_id, name, form, error)
    return visit.redirect(make_address(obligation_id, form["list"]), visit.gettext(deed.done))


async def _make_body(visit: Visit, deed: Deed, form: Form) -> Mapping[str, object]:
    """What the API is sent: what was filled in, and the version that was seen."""
    body = deed.make_body(form)
    if unit := body.pop("unit_id", None):
        named = await find_unit(visit, str(unit))
        body["unit_id"] = str(named.unit_id if named else unit)
    if form["confirm"]:
        body["confirm"] = True
    if deed.names_version:
        body["version"] = form["version"]
    return body


async def _make_path(visit: Visit, deed: Deed, obligation_id: UUID, part: str) -> str:
    unit_id: UUID | None = None
    if "{unit_id}" in deed.path:
        item = await visit.api.get(ObligationOut, f"/v1/obligations/{obligation_id}")
        unit_id = item.unit_id
    if "{part}" in deed.path:
        try:
            part = str(UUID(part))
        except ValueError as error:
            raise HTTPException(_NOT_FOUND) from error
    return deed.path.format(obligation_id=obligation_id, unit_id=unit_id, part=part)


async def _refuse(
    visit: Visit, obligation_id: UUID, name: str, form: Form, error: ApiError
) -> Response:
    """The form with what was typed. After a conflict it shows what changed, and decides anew."""
    refused = form.refuse(visit, error)
    if "unit_id" in refused.errors:
        refused = refused.mark(unit_id=visit.gettext("通讯录中没有这个单位。"))
    changes: list[TimelineEntryOut] = []
    asks_confirm = error.problem.type == _UNCONFIRMED
    if error.status == _CONFLICT and not asks_confirm:
        obligation, refused, changes = await renew_form(visit, obligation_id, refused)
    else:
        obligation = await visit.api.get(ObligationOut, f"/v1/obligations/{obligation_id}")
    return await _render(
        visit, obligation, name, refused, error.status, changes=changes, asks_confirm=asks_confirm
    )


async def _render(
    visit: Visit,
    obligation: ObligationOut,
    name: str,
    form: Form,
    status: int = 200,
    *,
    changes: list[TimelineEntryOut] | None = None,
    asks_confirm: bool = False,
) -> Response:
    deed = DEEDS[name]
    units: list[str] = []
    if "unit_id" in deed.fields:
        choices = await offer_choices(visit)
        units = [each.name for each in choices.units if each.unit_id != obligation.unit_id]
    part = form["part"]
    return visit.render(
        "ledger/deed.html",
        status,
        item=obligation,
        name=name,
        deed=deed,
        label=choose_label(visit, deed),
        form=form,
        units=units,
        changes=changes or [],
        asks_confirm=asks_confirm or bool(form["confirm"]),
        is_possible=name not in ACTIONS or name in list_actions(visit, obligation),
        extension=_find_extension(obligation, part),
        objection=next(
            (each for each in obligation.objections if str(each.objection_id) == part), None
        ),
        address=make_address(obligation.obligation_id, form["list"]),
    )
