"""Plans over HTTP: import, show, settle, decide, publish."""

import hashlib
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Call, Manages, Reads
from services.ingest.api.paging import Cursor, Limit, page, place
from services.ingest.api.posting import answered
from services.ingest.api.reading import read_file
from services.ingest.api.uploads import FORM, uploaded
from services.ingest.extraction.models import ParsedPlan
from services.ingest.handlers.plans import plans as handlers
from services.ingest.handlers.plans.publishing import Published, publish_plan
from services.ingest.handlers.plans.settling import Action, NameDecision, Settlement, decide, settle
from shared.api.fields import Page
from shared.api.plans import (
    NameDecisionIn,
    PlanDraft,
    PlanHead,
    PlanOut,
    PublishedOut,
    PublishIn,
    SettlementIn,
)

ROUTER = APIRouter(prefix="/v1/plans", tags=["plans"])
_ID = TypeAdapter(UUID)


@ROUTER.post(
    "",
    status_code=201,
    response_model=PlanDraft,
    responses={200: {"model": PlanDraft, "description": "This document was imported before."}},
    openapi_extra=FORM,
)
async def import_plan(call: Manages) -> Response:
    """Import a year's task table as a draft plan.

    Nothing is published. The answer lists the measures that a person must settle, and the names
    that the directory does not know. The same document again gives the same draft.
    """
    async with uploaded(call) as upload, call.parts.reading:
        parsed = await read_file(call.parts, call.parts.read_plan, upload)
        return await _enter(call, upload.name, await upload.data(), parsed)


async def _enter(call: Call, name: str, data: bytes, parsed: ParsedPlan) -> Response:
    async def work(db: AsyncConnection) -> dict[str, Any]:
        view = await handlers.import_plan(db, call.act, name, data, parsed)
        counted = {"measures": len(view.measures), "created": view.created}
        shown = ("plan_id", "title", "year", "issuer", "status", "tasks", "open", "unknown_names")
        return {field: getattr(view, field) for field in shown} | counted

    content = name.encode() + b"\0" + hashlib.sha256(data).digest()
    return await answered(
        call,
        work,
        PlanDraft,
        status=lambda done: 201 if done["created"] else 200,
        content=content,
    )


@ROUTER.get("")
async def list_plans(call: Reads, cursor: Cursor = None, limit: Limit = 100) -> Page[PlanHead]:
    """List the plans; to a unit those that are published."""
    after = place(cursor, "plans", _ID)
    async with call.parts.engine.connect() as db:
        rows = await handlers.page(db, call.act, after, limit + 1)
    return page(rows, limit, "plans", PlanHead, lambda row: row.plan_id)


@ROUTER.get("/{plan_id}")
async def show_plan(call: Reads, plan_id: UUID) -> PlanOut:
    """Show a plan with its measures, what is open, and the names that nobody knows.

    A unit sees the published measures of a published plan, and nothing of how they were settled.
    """
    async with call.parts.engine.connect() as db:
        return PlanOut.model_validate(await handlers.view(db, call.act, plan_id))


@ROUTER.post("/{plan_id}/settlements", response_model=PlanOut)
async def settle_measure(call: Manages, plan_id: UUID, body: SettlementIn) -> Response:
    """Accept, change or drop a measure, with a reason, until it is published."""
    settlement = Settlement(body.ref, Action(body.action), body.reason, body.changes(), body.codes)

    async def work(db: AsyncConnection) -> handlers.PlanView:
        return await settle(db, call.act, plan_id, settlement)

    return await answered(call, work, PlanOut)


@ROUTER.post("/{plan_id}/names", response_model=PlanOut)
async def decide_name(call: Manages, plan_id: UUID, body: NameDecisionIn) -> Response:
    """Say which units a name in the plan means, or that it means none."""
    decision = NameDecision(body.name, body.units, body.ignore, body.reason)

    async def work(db: AsyncConnection) -> handlers.PlanView:
        return await decide(db, call.act, plan_id, decision)

    return await answered(call, work, PlanOut)


@ROUTER.post("/{plan_id}/publish", response_model=PublishedOut)
async def publish(call: Manages, plan_id: UUID, body: PublishIn | None = None) -> Response:
    """Publish what is settled: every unit is told what it owes.

    Again, it publishes only what was settled since. `held` names what waits for a person: open
    measures, unknown names, and dates that have passed.
    """
    include_past = body is not None and body.include_past
    limit = call.parts.settings.publish_limit

    async def work(db: AsyncConnection) -> Published:
        return await publish_plan(db, call.act, plan_id, include_past=include_past, limit=limit)

    return await answered(call, work, PublishedOut)
