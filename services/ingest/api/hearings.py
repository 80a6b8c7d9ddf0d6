"""Taking back the record of a hearing over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.posting import answer_post
from services.ingest.handlers.ledger import hearings as handlers
from shared.api.obligations import ReasonIn
from shared.api.units import HearingOut

ROUTER = APIRouter(prefix="/v1/hearings", tags=["obligations"])


@ROUTER.post("/{hearing_id}/take-back", response_model=HearingOut)
async def take_back_hearing(call: Permitted, hearing_id: UUID, body: ReasonIn) -> Response:
    """Take back the record of a hearing with the reason; what it fulfilled is owed again."""

    async def run(db: AsyncConnection) -> handlers.Hearing:
        return await handlers.take_back_hearing(db, call.act, hearing_id, body.note)

    return await answer_post(call, run, HearingOut)
