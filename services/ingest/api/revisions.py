"""Revisions of a published plan over HTTP: read, show, pair, confirm."""

import hashlib
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Call, Manages, OfficeReads
from services.ingest.api.posting import answered
from services.ingest.api.reading import read_file
from services.ingest.api.uploads import FORM, uploaded
from services.ingest.extraction.models import ParsedPlan
from services.ingest.handlers.revisions import revising
from services.ingest.handlers.revisions.comparing import Revision, stale
from services.ingest.handlers.revisions.confirming import Confirmed, confirm
from services.ingest.tables import AnyRow
from shared.api.fields import Page
from shared.api.revisions import (
    ConfirmedOut,
    ConfirmIn,
    PairIn,
    RevisionHead,
    RevisionOut,
)

ROUTER = APIRouter(prefix="/v1/plans/{plan_id}/revisions", tags=["revisions"])


def _head(plan: AnyRow, row: AnyRow) -> dict[str, Any]:
    return {
        "stale": stale(plan, row),
        "revision_id": row.plan_id,
        "plan_id": row.revises,
        "title": row.title,
        "status": row.status,
        "document_name": row.document_name,
        "imported_at": row.imported_at,
        "imported_by": row.imported_by,
        "confirmed_at": row.published_at,
        "outcome": row.outcome,
    }


def _shown(found: Revision) -> dict[str, Any]:
    doubts = [
        {
            "ref": doubt.ref,
            "text": doubt.text,
            "candidates": [{"ref": ref, "text": text} for ref, text in doubt.candidates],
        }
        for doubt in found.ambiguous
    ]
    return _head(found.plan, found.row) | {
        "digest": found.digest,
        "added": found.added,
        "changed": found.changed,
        "removed": found.removed,
        "unchanged": len(found.kept),
        "ambiguous": doubts,
        "unknown_names": found.unknown_names,
        "created": found.created,
    }


@ROUTER.post(
    "",
    status_code=201,
    response_model=RevisionOut,
    responses={200: {"model": RevisionOut, "description": "This document was read before."}},
    openapi_extra=FORM,
)
async def revise_plan(call: Manages, plan_id: UUID) -> Response:
    """Read a later document as a revision of a published plan, and show the difference.

    Nothing changes until it is confirmed. A measure that is renumbered or slightly reworded
    stays the same measure; `ambiguous` lists those that a person must pair. What is doubtful is
    settled as in a draft, with the revision's id in the place of the plan's.
    """
    async with uploaded(call) as upload, call.parts.reading:
        parsed = await read_file(call.parts, call.parts.read_plan, upload)
        document = revising.Document(upload.name, await upload.data())
        return await _enter(call, plan_id, document, parsed)


async def _enter(
    call: Call, plan_id: UUID, document: revising.Document, parsed: ParsedPlan
) -> Response:
    async def work(db: AsyncConnection) -> dict[str, Any]:
        return _shown(await revising.revise(db, call.act, plan_id, document, parsed))

    content = document.name.encode() + b"\0" + hashlib.sha256(document.data).digest()
    return await answered(
        call,
        work,
        RevisionOut,
        status=lambda done: 201 if done["created"] else 200,
        content=content,
    )


@ROUTER.get("")
async def list_revisions(call: OfficeReads, plan_id: UUID) -> Page[RevisionHead]:
    """List a plan's revisions, the first first."""
    async with call.parts.engine.connect() as db:
        plan, rows = await revising.listed(db, call.act, plan_id)
    heads = [RevisionHead.model_validate(_head(plan, row)) for row in rows]
    return Page[RevisionHead](items=heads)


@ROUTER.get("/{revision_id}")
async def show_revision(call: OfficeReads, plan_id: UUID, revision_id: UUID) -> RevisionOut:
    """Show a revision and its difference from the plan as both stand now."""
    async with call.parts.engine.connect() as db:
        found = await revising.revision(db, call.act, plan_id, revision_id)
    return RevisionOut.model_validate(_shown(found))


@ROUTER.post("/{revision_id}/pairs", response_model=RevisionOut)
async def pair_measures(call: Manages, plan_id: UUID, revision_id: UUID, body: PairIn) -> Response:
    """Say which measure of the plan one of the revision is, or that it is new."""

    async def work(db: AsyncConnection) -> dict[str, Any]:
        found = await revising.pair(
            db, call.act, plan_id, revision_id, ref=body.ref, with_ref=body.with_ref
        )
        return _shown(found)

    return await answered(call, work, RevisionOut)


@ROUTER.post("/{revision_id}/confirm", response_model=ConfirmedOut)
async def confirm_revision(
    call: Manages, plan_id: UUID, revision_id: UUID, body: ConfirmIn | None = None
) -> Response:
    """Apply a revision, all of it or nothing; confirmed again it changes nothing.

    What stays as it is is told to nobody. Dates that moved are reminded of anew, removed
    measures and units no more, new ones from now on; what is done stays done.
    """
    body = body or ConfirmIn()

    async def work(db: AsyncConnection) -> Confirmed:
        return await confirm(
            db,
            call.act,
            plan_id,
            revision_id,
            digest=body.digest,
            include_past=body.include_past,
            limit=call.parts.settings.publish_limit,
        )

    return await answered(call, work, ConfirmedOut)
