"""Revisions of a published plan over HTTP: read, show, pair, confirm."""

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
from services.ingest.handlers.revisions import revising
from services.ingest.handlers.revisions.comparing import Revision, is_stale
from services.ingest.handlers.revisions.confirming import Confirmed, confirm
from services.ingest.store.rows import StoredPlan
from shared.api.fields import Page
from shared.api.revisions import (
    ConfirmedOut,
    ConfirmIn,
    PairIn,
    RevisionHead,
    RevisionOut,
)

ROUTER = APIRouter(prefix="/v1/plans/{plan_id}/revisions", tags=["revisions"])
_ID = TypeAdapter(UUID)


def _to_head(plan: StoredPlan, revision: StoredPlan) -> dict[str, Any]:
    return {
        "stale": is_stale(plan, revision),
        "revision_id": revision.plan_id,
        "plan_id": revision.revises,
        "title": revision.title,
        "plan_title": plan.title,
        "plan_year": plan.year,
        "status": revision.status,
        "document_name": revision.document_name,
        "imported_at": revision.imported_at,
        "imported_by": revision.imported_by,
        "confirmed_at": revision.published_at,
        "outcome": revision.outcome,
    }


def _to_answer(revision: Revision) -> dict[str, Any]:
    ambiguous = [
        {
            "ref": measure.ref,
            "text": measure.text,
            "candidates": [{"ref": ref, "text": text} for ref, text in measure.candidates],
        }
        for measure in revision.ambiguous
    ]
    return _to_head(revision.plan, revision.stored) | {
        "digest": revision.digest,
        "added": revision.added,
        "changed": revision.changed,
        "removed": revision.removed,
        "unchanged": revision.unchanged,
        "ambiguous": ambiguous,
        "unknown_names": revision.unknown_names,
        "created": revision.created,
    }


@ROUTER.post(
    "",
    status_code=201,
    response_model=RevisionOut,
    responses={200: {"model": RevisionOut, "description": "This document was read before."}},
    openapi_extra=FORM,
)
async def revise_plan(call: Permitted, plan_id: UUID) -> Response:
    """Read a later document as a revision of a published plan, and show the difference.

    Nothing changes until it is confirmed. A measure that is renumbered or slightly reworded
    stays the same measure; `ambiguous` lists those that a person must pair. Doubtful measures are
    settled as in a draft, with the revision's id in place of the plan's.
    """
    async with open_upload(call) as upload, call.context.reading:
        reading = await read_file(call.context, call.context.read_plan, upload.name, upload.file)
        document = revising.RevisedDocument(upload.name, await upload.read(), reading)
        return await _enter(call, plan_id, document)


async def _enter(call: Call, plan_id: UUID, document: revising.RevisedDocument) -> Response:
    async def run(db: AsyncConnection) -> dict[str, Any]:
        return _to_answer(await revising.revise(db, call.act, plan_id, document))

    content = document.name.encode() + b"\0" + bytes.fromhex(document.sha256)
    return await answer_post(
        call,
        run,
        RevisionOut,
        status=lambda answer: 201 if answer["created"] else 200,
        content=content,
    )


@ROUTER.get("")
async def list_revisions(
    call: Permitted, plan_id: UUID, cursor: Cursor = None, limit: Limit = 100
) -> Page[RevisionHead]:
    """List a plan's revisions, the oldest first."""
    after = parse_cursor(cursor, "revisions", _ID)
    async with call.context.engine.connect() as db:
        plan, revisions = await revising.list_revisions(db, call.act, plan_id)
    heads = [_to_head(plan, revision) for revision in revisions]
    places = [head["revision_id"] for head in heads]
    rest = heads[places.index(after) + 1 :] if after in places else heads
    return make_page(
        rest[: limit + 1], limit, "revisions", RevisionHead, lambda head: head["revision_id"]
    )


@ROUTER.get("/{revision_id}")
async def show_revision(call: Permitted, plan_id: UUID, revision_id: UUID) -> RevisionOut:
    """Show a revision and its difference from the plan, as both are now."""
    async with call.context.engine.connect() as db:
        revision = await revising.compare_revision(db, call.act, plan_id, revision_id)
    return RevisionOut.model_validate(_to_answer(revision))


@ROUTER.post("/{revision_id}/pairs", response_model=RevisionOut)
async def pair_measures(
    call: Permitted, plan_id: UUID, revision_id: UUID, body: PairIn
) -> Response:
    """Decide which measure of the plan a measure of the revision is, or that it is new."""

    async def run(db: AsyncConnection) -> dict[str, Any]:
        revision = await revising.pair(
            db, call.act, plan_id, revision_id, ref=body.ref, with_ref=body.with_ref
        )
        return _to_answer(revision)

    return await answer_post(call, run, RevisionOut)


@ROUTER.post("/{revision_id}/confirm", response_model=ConfirmedOut)
async def confirm_revision(
    call: Permitted, plan_id: UUID, revision_id: UUID, body: ConfirmIn | None = None
) -> Response:
    """Apply a revision, all of it or nothing; confirmed again it changes nothing.

    What does not change is not announced. Reminders follow dates that moved, end for removed
    measures and units, and begin for new ones; what is done stays done.
    """
    body = body or ConfirmIn()

    async def run(db: AsyncConnection) -> Confirmed:
        return await confirm(
            db,
            call.act,
            plan_id,
            revision_id,
            digest=body.digest,
            include_past=body.include_past,
            limit=call.context.settings.publish_limit,
        )

    return await answer_post(call, run, ConfirmedOut)
