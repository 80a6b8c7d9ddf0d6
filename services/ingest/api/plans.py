"""Plans over HTTP: import, show, settle, decide, publish."""

import hashlib
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Call, Permitted
from services.ingest.api.paging import Cursor, Limit, make_page, parse_cursor
from services.ingest.api.posting import answer_post
from services.ingest.api.reading import read_file
from services.ingest.api.uploads import FORM, open_upload
from services.ingest.domain.statuses import SettlementAction
from services.ingest.extraction.source import PlanReading
from services.ingest.handlers.plans import details, joint_setting, settling, withdrawing
from services.ingest.handlers.plans import plans as handlers
from services.ingest.handlers.plans.published import Published
from services.ingest.handlers.plans.publishing import publish_plan
from services.ingest.handlers.plans.settling import NameDecision, Settlement, settle
from services.ingest.handlers.plans.sources import view_source
from shared.api.fields import Page
from shared.api.plans import (
    PlanDraft,
    PlanHead,
    PlanOut,
    PlanSourceOut,
    PublishedOut,
    PublishIn,
    WithdrawalOut,
    WithdrawIn,
)
from shared.api.settling import JointIn, JointOut, NameDecisionIn, PlanDetailsIn, SettlementIn

ROUTER = APIRouter(prefix="/v1/plans", tags=["plans"])
_ID = TypeAdapter(UUID)


@ROUTER.post(
    "",
    status_code=201,
    response_model=PlanDraft,
    responses={200: {"model": PlanDraft, "description": "This document was imported before."}},
    openapi_extra=FORM,
)
async def import_plan(call: Permitted) -> Response:
    """Import a year's task table as a draft plan.

    Nothing is published. The answer lists the measures that need a decision, and the names that
    the directory does not know. The same document again gives the same draft.
    """
    async with open_upload(call) as upload, call.context.reading:
        reading = await read_file(call.context, call.context.read_plan, upload.name, upload.file)
        return await _enter(call, upload.name, await upload.read(), reading)


async def _enter(call: Call, name: str, document: bytes, reading: PlanReading) -> Response:
    async def run(db: AsyncConnection) -> dict[str, Any]:
        view = await handlers.import_plan(db, call.act, name, document, reading)
        counted = {"measures": len(view.measures), "created": view.created}
        shown = ("plan_id", "title", "year", "issuer", "status", "tasks", "open", "unknown_names")
        return {field: getattr(view, field) for field in shown} | counted

    content = name.encode() + b"\0" + hashlib.sha256(document).digest()
    return await answer_post(
        call,
        run,
        PlanDraft,
        status=lambda answer: 201 if answer["created"] else 200,
        content=content,
    )


@ROUTER.get("")
async def list_plans(call: Permitted, cursor: Cursor = None, limit: Limit = 100) -> Page[PlanHead]:
    """List the plans; to a unit those that are published."""
    after = parse_cursor(cursor, "plans", _ID)
    async with call.context.engine.connect() as db:
        rows = await handlers.list_page(db, call.act, after, limit + 1)
    return make_page(rows, limit, "plans", PlanHead, lambda row: row.plan_id)


@ROUTER.get("/{plan_id}")
async def show_plan(call: Permitted, plan_id: UUID) -> PlanOut:
    """Show a plan with its measures, what is open, and the unknown names.

    A unit sees only the published measures of a published plan, and not how they were settled.
    """
    async with call.context.engine.connect() as db:
        return PlanOut.model_validate(await handlers.view_plan(db, call.act, plan_id))


@ROUTER.get("/{plan_id}/source")
async def show_source(call: Permitted, plan_id: UUID) -> PlanSourceOut:
    """Show the document in force as it was read, and which cells each measure comes from.

    A document that was imported before cells were kept has no blocks.
    """
    async with call.context.engine.connect() as db:
        return PlanSourceOut.model_validate(await view_source(db, call.act, plan_id))


@ROUTER.post("/{plan_id}/settlements", response_model=PlanOut)
async def settle_measure(call: Permitted, plan_id: UUID, body: SettlementIn) -> Response:
    """Accept, change or drop a measure, with a reason, until it is published."""
    action = SettlementAction(body.action)
    changes = body.collect_changes()
    settlement = Settlement(body.ref, action, body.reason, changes, body.codes, body.version)

    async def run(db: AsyncConnection) -> handlers.PlanView:
        return await settle(db, call.act, plan_id, settlement)

    return await answer_post(call, run, PlanOut)


@ROUTER.post("/{plan_id}/details", response_model=PlanOut)
async def change_details(call: Permitted, plan_id: UUID, body: PlanDetailsIn) -> Response:
    """Correct the title, the year or the issuer of a plan, with a reason.

    Reminders of a published plan use the new title. Its year stays: dates were made from it.
    """
    wanted = details.PlanDetails(body.title, body.year, body.issuer)

    async def run(db: AsyncConnection) -> handlers.PlanView:
        return await details.change_details(db, call.act, plan_id, wanted, body.reason)

    return await answer_post(call, run, PlanOut)


@ROUTER.post("/{plan_id}/names", response_model=PlanOut)
async def decide_name(call: Permitted, plan_id: UUID, body: NameDecisionIn) -> Response:
    """Decide which units a name in the plan means, or that it means none."""
    decision = NameDecision(body.name, body.units, body.ignore, body.reason)

    async def run(db: AsyncConnection) -> handlers.PlanView:
        return await settling.decide_name(db, call.act, plan_id, decision)

    return await answer_post(call, run, PlanOut)


@ROUTER.post("/{plan_id}/publish", response_model=PublishedOut)
async def publish(call: Permitted, plan_id: UUID, body: PublishIn | None = None) -> Response:
    """Publish what is settled: every unit gets its obligations.

    Again, it publishes only what was settled since. `held` names what needs a decision: open
    measures, unknown names, and dates that have passed. With `preview` nothing changes.
    """
    body = body or PublishIn()
    limit = call.context.settings.publish_limit

    async def run(db: AsyncConnection) -> Published:
        return await publish_plan(
            db,
            call.act,
            plan_id,
            include_past=body.include_past,
            limit=limit,
            preview=body.preview,
        )

    return await answer_post(call, run, PublishedOut)


@ROUTER.post("/{plan_id}/withdraw", response_model=WithdrawalOut)
async def withdraw_plan(call: Permitted, plan_id: UUID, body: WithdrawIn) -> Response:
    """Withdraw a published plan with the reason: what is not done is no longer owed."""

    async def run(db: AsyncConnection) -> withdrawing.Withdrawal:
        return await withdrawing.withdraw_plan(
            db, call.act, plan_id, body.note, preview=body.preview
        )

    return await answer_post(call, run, WithdrawalOut)


@ROUTER.post("/{plan_id}/measures/{ref}/withdraw", response_model=WithdrawalOut)
async def withdraw_measure(call: Permitted, plan_id: UUID, ref: str, body: WithdrawIn) -> Response:
    """Withdraw a measure of a published plan with the reason."""

    async def run(db: AsyncConnection) -> withdrawing.Withdrawal:
        return await withdrawing.withdraw_measure(
            db, call.act, plan_id, ref, body.note, preview=body.preview
        )

    return await answer_post(call, run, WithdrawalOut)


@ROUTER.delete("/{plan_id}", status_code=204)
async def delete_draft(call: Permitted, plan_id: UUID) -> None:
    """Delete a draft, or a revision that was not confirmed."""
    async with call.context.engine.begin() as db:
        await withdrawing.delete_draft(db, call.act, plan_id)


@ROUTER.post("/{plan_id}/joint", response_model=JointOut)
async def set_joint(call: Permitted, plan_id: UUID, body: JointIn) -> Response:
    """Say who reports for duties of several units, in the plan or in one measure of it."""
    wanted = joint_setting.JointSetting(plan_id, body.ref, body.joint)

    async def run(db: AsyncConnection) -> joint_setting.JointSetting:
        return await joint_setting.set_joint(db, call.act, wanted)

    return await answer_post(call, run, JointOut)
