"""Drafts of rule books over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.posting import answer_post
from services.ingest.handlers.office import rule_drafts as handlers
from services.ingest.handlers.office import rule_effects, rule_publishing
from services.ingest.handlers.office.rule_drafts import DraftView, describe_problem
from services.ingest.store.rows import StoredRuleBook
from shared.api.offices import RuleBookOut
from shared.api.rules import (
    BookProblemOut,
    RuleDraftChange,
    RuleDraftHead,
    RuleDraftIn,
    RuleDraftOut,
    RuleDraftSeen,
    RuleEffectOut,
)

ROUTER = APIRouter(prefix="/v1/rule-drafts", tags=["office"])


@ROUTER.get("")
async def list_drafts(call: Permitted) -> list[RuleDraftHead]:
    """List the drafts of the rule book, the last changed first."""
    async with call.context.engine.connect() as db:
        drafts = await handlers.list_drafts(db, call.act)
    return [RuleDraftHead.model_validate(draft) for draft in drafts]


@ROUTER.post("", status_code=201, response_model=RuleDraftOut)
async def begin_draft(call: Permitted, body: RuleDraftIn) -> Response:
    """Save a new draft. Its text may have faults: it can then not be published yet."""

    async def run(db: AsyncConnection) -> RuleDraftOut:
        text = body.text
        if body.from_version is not None:
            stored = await handlers.get_version(db, call.act, body.from_version)
            text = await handlers.get_text(db, call.act, stored)
        writer = call.caller.caller_id
        return _show(await handlers.begin_draft(db, call.act, writer, text or "", body.note))

    return await answer_post(call, run, RuleDraftOut, status=201)


@ROUTER.get("/{draft_id}")
async def show_draft(call: Permitted, draft_id: UUID) -> RuleDraftOut:
    """Show a draft with its faults, each with line and column."""
    async with call.context.engine.connect() as db:
        return _show(await handlers.view_draft(db, call.act, draft_id))


@ROUTER.put("/{draft_id}", response_model=RuleDraftOut)
async def change_draft(call: Permitted, draft_id: UUID, body: RuleDraftChange) -> Response:
    """Replace the text and the note of a draft."""

    async def run(db: AsyncConnection) -> RuleDraftOut:
        writer = call.caller.caller_id
        changed = await handlers.change_draft(
            db, call.act, writer, draft_id, body.version, text=body.text, comment=body.note
        )
        return _show(changed)

    return await answer_post(call, run, RuleDraftOut)


@ROUTER.delete("/{draft_id}", status_code=204)
async def discard_draft(call: Permitted, draft_id: UUID) -> None:
    """Discard a draft. The journal keeps its text."""
    async with call.context.engine.begin() as db:
        await handlers.discard_draft(db, call.act, draft_id)


@ROUTER.get("/{draft_id}/effect")
async def show_effect(call: Permitted, draft_id: UUID) -> RuleEffectOut:
    """Say how many units would hear something else, and whether a second person must approve."""
    async with call.context.engine.connect() as db:
        book = await handlers.get_compared(db, call.act, draft_id)
        effect = await rule_effects.measure_effect(db, call.act.office_id, book, call.act.now)
    return RuleEffectOut.model_validate(effect)


@ROUTER.post("/{draft_id}/publish", status_code=201, response_model=RuleBookOut)
async def publish_draft(call: Permitted, draft_id: UUID, body: RuleDraftSeen) -> Response:
    """Publish a draft as the next version. All reminders are planned again."""

    async def run(db: AsyncConnection) -> StoredRuleBook:
        return await rule_publishing.publish_draft(db, call.act, draft_id, body.version)

    return await answer_post(call, run, RuleBookOut, status=201)


@ROUTER.post("/{draft_id}/approve", status_code=201, response_model=RuleBookOut)
async def approve_draft(call: Permitted, draft_id: UUID, body: RuleDraftSeen) -> Response:
    """Approve a draft that somebody else wrote, and publish it. Only a signed-in person can."""

    async def run(db: AsyncConnection) -> StoredRuleBook:
        approver = call.caller.caller_id
        return await rule_publishing.approve_draft(db, call.act, approver, draft_id, body.version)

    return await answer_post(call, run, RuleBookOut, status=201)


def _show(view: DraftView) -> RuleDraftOut:
    head = RuleDraftHead.model_validate(view.draft).model_dump()
    book = view.reading.book
    return RuleDraftOut(
        **head,
        text=view.draft.text,
        live=view.live,
        book=book.model_dump(mode="json") if book else None,
        problems=[
            BookProblemOut.model_validate(describe_problem(problem))
            for problem in view.reading.problems
        ],
    )
