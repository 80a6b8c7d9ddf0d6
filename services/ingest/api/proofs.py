"""Proofs of notice over HTTP."""

from typing import Annotated, BinaryIO
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from services.ingest.api.callers import Permitted
from services.ingest.api.downloads import answer_file, describe_file
from services.ingest.handlers.reports import proving
from services.ingest.handlers.reports.proving import ProofQuestion
from shared.api.fields import Day
from shared.proof.hashing import Algorithm

ROUTER = APIRouter(prefix="/v1", tags=["audit"])


@ROUTER.get("/proof.zip", response_class=StreamingResponse, responses=describe_file("zip"))
async def export_proof(
    call: Permitted,
    *,
    first: Annotated[
        Day | None, Query(alias="from", description="The first day; else from the beginning on.")
    ] = None,
    last: Annotated[
        Day | None, Query(alias="to", description="The last day; else the present one.")
    ] = None,
    unit_id: Annotated[UUID | None, Query(description="Of this unit alone.")] = None,
    obligation_id: Annotated[UUID | None, Query(description="Of this obligation alone.")] = None,
    algorithm: Annotated[
        Algorithm, Query(description="The hash of the chain; SM3 where an office must use it.")
    ] = Algorithm.SHA256,
) -> StreamingResponse:
    """A proof of notice (送达证明): what was owed, sent and answered, chained by hashes.

    Nothing can be altered in the archive without a trace; `cuiban proof verify` needs the file
    alone. The journal notes the export with the hash that stands for it.
    """
    asked = ProofQuestion(unit_id, obligation_id, first, last, algorithm)

    async def write(file: BinaryIO) -> None:
        async with call.context.engine.connect() as plain:
            db = await plain.execution_options(isolation_level="REPEATABLE READ")
            manifest = await proving.write_proof(db, call.act, asked, file)
        async with call.context.engine.begin() as db:
            await proving.note_export(db, call.act, manifest)

    return await answer_file(call, f"送达证明-{call.act.now:%Y%m%d}", "zip", write)
