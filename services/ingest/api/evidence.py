"""Evidence over HTTP: add a note, a link or a file, read a file, take one back."""

import asyncio
import hashlib
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Call, Permitted
from services.ingest.api.obligations import answer_obligation
from services.ingest.api.uploads import FORM, open_upload
from services.ingest.documents.packages import list_safe_parts
from services.ingest.domain.evidence import MEDIA_TYPES, find_file_type
from services.ingest.handlers.ledger import evidence as handlers
from services.ingest.handlers.ledger.evidence import EvidenceFile
from services.ingest.handlers.ledger.locking import require_obligation
from shared.api.obligations import EvidenceIn, ObligationOut, ReasonIn

ROUTER = APIRouter(prefix="/v1", tags=["obligations"])
_BYTES = {"type": "string", "format": "binary"}


@ROUTER.post("/obligations/{obligation_id}/evidence", response_model=ObligationOut)
async def add_evidence(call: Permitted, obligation_id: UUID, body: EvidenceIn) -> Response:
    """Add a note, or a link with a note, that shows what was done (佐证材料)."""
    return await answer_obligation(
        call, lambda db: handlers.add_words(db, call.act, obligation_id, body.note, body.link)
    )


@ROUTER.post("/obligations/{obligation_id}/files", response_model=ObligationOut, openapi_extra=FORM)
async def add_evidence_file(call: Permitted, obligation_id: UUID) -> Response:
    """Add a file that shows what was done: PDF, a picture, Word, Excel, OFD or WPS, up to 20 MB.

    Its content decides the type, and its name must agree. Macros, embedded files and zip bombs are
    refused. The same file again changes nothing.
    """
    async with call.context.engine.connect() as db:
        await require_obligation(db, call.act, obligation_id)
    limit = call.context.settings.evidence_limit
    async with open_upload(call, limit) as upload, call.context.reading:
        content = await upload.read()
        file = await asyncio.to_thread(_check_file, upload.name, content)
        return await _store(call, obligation_id, file)


async def _store(call: Call, obligation_id: UUID, file: EvidenceFile) -> Response:
    return await answer_obligation(
        call,
        lambda db: handlers.add_file(db, call.act, obligation_id, file),
        content=file.name.encode() + b"\0" + hashlib.sha256(file.content).digest(),
    )


def _check_file(name: str, content: bytes) -> EvidenceFile:
    """A file with its type, by its content.

    Raises:
        RefusedError: its type is not taken, or its name is of another type.
        DocumentError: it has macros or an embedded file, or is a zip bomb.
    """
    return EvidenceFile(name, find_file_type(name, content, list_safe_parts(content)), content)


@ROUTER.get(
    "/evidence/{evidence_id}/file",
    response_class=Response,
    responses={
        200: {
            "description": "The file.",
            "content": {each: {"schema": _BYTES} for each in MEDIA_TYPES},
        }
    },
)
async def download_evidence(call: Permitted, evidence_id: UUID) -> Response:
    """Download a file of evidence, as it was sent."""
    async with call.context.engine.connect() as db:
        evidence, content = await handlers.open_file(db, call.act, evidence_id)
    name = evidence.name or "evidence"
    return Response(
        content,
        media_type=evidence.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@ROUTER.post("/evidence/{evidence_id}/take-back", response_model=ObligationOut)
async def take_back_evidence(call: Permitted, evidence_id: UUID, body: ReasonIn) -> Response:
    """Take back a piece of evidence with the reason. That it was there stays on record."""

    async def take_back(db: AsyncConnection) -> UUID:
        return await handlers.take_back_evidence(db, call.act, evidence_id, body.note)

    return await answer_obligation(call, take_back)
