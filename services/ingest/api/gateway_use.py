"""The gateways over HTTP: how each did lately, by the messages of the office."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.ingest.api.callers import Permitted
from services.ingest.handlers.messages import gateway_use as handlers
from shared.api.fields import Page
from shared.api.gateways import GatewayUseOut

ROUTER = APIRouter(prefix="/v1", tags=["messages"])


@ROUTER.get("/gateways")
async def list_gateway_use(
    call: Permitted,
    days: Annotated[int, Query(ge=1, le=366, description="Of how many last days.")] = 7,
) -> Page[GatewayUseOut]:
    """Show what each gateway accepted and refused lately, by the messages of the office.

    A gateway that no message was offered to is not among them.
    """
    async with call.context.engine.connect() as db:
        rows = await handlers.list_gateway_use(db, call.act, days)
    return Page[GatewayUseOut](items=[GatewayUseOut.model_validate(row) for row in rows])
