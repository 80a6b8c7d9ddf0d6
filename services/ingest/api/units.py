"""The directory and each unit's history over HTTP."""

import hashlib
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Call, Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.posting import answer_post
from services.ingest.api.problems import ProblemError
from services.ingest.api.reading import read_file
from services.ingest.api.uploads import FORM, open_upload
from services.ingest.handlers.ledger import hearings, ledger
from services.ingest.handlers.plans import membership
from services.ingest.handlers.units import importing as unit_import
from services.ingest.handlers.units import naming
from services.ingest.handlers.units import units as handlers
from services.ingest.handlers.units.contacts import NewContact
from services.ingest.handlers.units.file import read_units
from services.ingest.store.rows import StoredUnit
from shared.api.fields import Page
from shared.api.units import (
    AliasesIn,
    ContactIn,
    HearingIn,
    HearingOut,
    ImportedOut,
    RenameIn,
    RetireIn,
    ToldOut,
    UnitOut,
)

ROUTER = APIRouter(prefix="/v1/units", tags=["units"])
_ID = TypeAdapter(UUID)
_PLACE = TypeAdapter(tuple[datetime, UUID])


@ROUTER.post("/import", response_model=ImportedOut, openapi_extra=FORM)
async def import_units(
    call: Permitted,
    preview: Annotated[bool, Query(description="Only show what differs.")] = False,
    erase: Annotated[bool, Query(description="Dashes in the file may empty fields.")] = False,
) -> Response:
    """Import the directory of units from .xlsx or CSV (UTF-8, GB18030): all of it or nothing.

    One row per unit. Columns: name 单位名称, kind 类别, groups 分组, aliases 别名, and for the
    posts liaison 联络员, deputy 分管领导 and head 主要负责人 each a name, an email 邮箱, a
    mobile 手机, and the first and last day valid_from 起始日期 and valid_to 截止日期
    (`liaison_email` 联络员邮箱). Lists are separated by 、 or ;. Empty cells, columns that are
    left out, and units that are not named stay as they are. A cell with a dash alone empties its
    field, once `erase` confirms it. The answer shows what differs, field by field.
    """
    async with open_upload(call) as upload, call.context.reading:
        rows = await read_file(call.context, read_units, upload.name, upload.file)
        sha256 = hashlib.sha256(await upload.read()).digest()
    if preview:
        async with call.context.engine.connect() as db:
            imported = await unit_import.import_units(db, call.act, rows, preview=True)
            answer = ImportedOut.model_validate(await _describe_import(db, call, imported))
        return Response(answer.model_dump_json(), media_type="application/json")

    async def run(db: AsyncConnection) -> dict[str, Any]:
        imported = await unit_import.import_units(db, call.act, rows, erase=erase)
        return await _describe_import(db, call, imported)

    content = upload.name.encode() + b"\0" + sha256
    return await answer_post(call, run, ImportedOut, content=content)


async def _describe_import(
    db: AsyncConnection, call: Call, imported: unit_import.Imported
) -> dict[str, Any]:
    """How the file differs, and what that means for published plans."""
    shown = {name: getattr(imported, name) for name in ImportedOut.model_fields if name != "plans"}
    differs = imported.created or imported.changed
    effects = await membership.list_effects(db, call.act, imported.directory) if differs else []
    return shown | {"plans": effects}


@ROUTER.get("")
async def list_units(
    call: Permitted,
    name: Annotated[str | None, Query(max_length=200, description="A name, or part of it.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[UnitOut]:
    """List units; with `name` those whose name contains it, or that have it as an alias."""
    if name and "\x00" in name:
        raise ProblemError(
            422, "invalid", "名称中有控制字符。The name contains control characters."
        )
    after = parse_cursor(cursor, "units", _ID)
    async with call.context.engine.connect() as db:
        rows = await handlers.list_page(db, call.act, name, after, limit + 1)
    return make_page(rows, limit, "units", UnitOut, lambda row: row.unit_id)


@ROUTER.get("/{unit_id}")
async def show_unit(call: Permitted, unit_id: UUID) -> UnitOut:
    """Show a unit with its contacts."""
    async with call.context.engine.connect() as db:
        return UnitOut.model_validate(await handlers.get_unit(db, call.act, unit_id))


@ROUTER.post("/{unit_id}/contacts", response_model=UnitOut)
async def replace_contact(call: Permitted, unit_id: UUID, body: ContactIn) -> Response:
    """Let someone take over a post. Unsent notifications go to them from their first day on."""
    new = NewContact(body.post, body.name, body.email, body.mobile, body.valid_from, body.valid_to)

    async def run(db: AsyncConnection) -> StoredUnit:
        return await handlers.replace_contact(db, call.act, unit_id, new)

    return await answer_post(call, run, UnitOut)


@ROUTER.post("/{unit_id}/rename", response_model=UnitOut)
async def rename_unit(call: Permitted, unit_id: UUID, body: RenameIn) -> Response:
    """Give a unit another name. It stays the same unit; its old name becomes an alias."""

    async def run(db: AsyncConnection) -> StoredUnit:
        return await naming.rename(db, call.act, unit_id, body.name)

    return await answer_post(call, run, UnitOut)


@ROUTER.post("/{unit_id}/aliases", response_model=UnitOut)
async def change_aliases(call: Permitted, unit_id: UUID, body: AliasesIn) -> Response:
    """Give a unit aliases, or take some from it, also from a retired one."""
    change = naming.AliasChange(body.add, body.remove)

    async def run(db: AsyncConnection) -> StoredUnit:
        return await naming.change_aliases(db, call.act, unit_id, change)

    return await answer_post(call, run, UnitOut)


@ROUTER.post("/{unit_id}/retire", response_model=UnitOut)
async def retire_unit(call: Permitted, unit_id: UUID, body: RetireIn) -> Response:
    """Retire a unit: it gets no new obligations; those that it has stay. `undo` takes that back.

    With `successor_id`, its open obligations wait to be handed to that unit: see the
    directory-changes of each published plan.
    """
    retirement = naming.Retirement(body.reason, body.successor_id, body.undo)

    async def run(db: AsyncConnection) -> StoredUnit:
        return await naming.retire(db, call.act, unit_id, retirement)

    return await answer_post(call, run, UnitOut)


@ROUTER.get("/{unit_id}/history")
async def show_history(
    call: Permitted, unit_id: UUID, cursor: Cursor = None, limit: Limit = 100
) -> Page[ToldOut]:
    """Show a unit's notifications: slot, recipient, address, state and text."""
    before = parse_cursor(cursor, "history", _PLACE)
    async with call.context.engine.connect() as db:
        notifications = await ledger.list_notifications(db, call.act, unit_id, before, limit + 1)
    return make_page(
        notifications,
        limit,
        "history",
        ToldOut,
        lambda sent: [sent.slot.isoformat(), sent.notification_id],
    )


@ROUTER.post("/{unit_id}/hearings", status_code=201, response_model=HearingOut)
async def record_hearing(call: Permitted, unit_id: UUID, body: HearingIn) -> Response:
    """Record that the unit's head heard the report; it fulfils the duty of that year."""
    record = hearings.HearingRecord(body.heard_on, body.heard_by, body.minutes)

    async def run(db: AsyncConnection) -> hearings.Hearing:
        return await hearings.record_hearing(db, call.act, unit_id, record)

    return await answer_post(call, run, HearingOut, status=201)
