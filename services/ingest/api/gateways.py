"""The gateways over HTTP: how each is, how it did lately, and tests of it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.posting import answer_post
from services.ingest.handlers.messages import gateway_states, gateway_tests
from services.ingest.handlers.messages import gateway_use as handlers
from services.ingest.store import gateway_tests as store
from services.ingest.store.gateway_tests import StoredTest
from shared.api.fields import Page
from shared.api.gateways import GatewayTestIn, GatewayTestOut, GatewayUseOut, ReportedGatewayOut

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


@ROUTER.get("/gateway-states")
async def list_gateway_states(call: Permitted) -> Page[ReportedGatewayOut]:
    """Show the gateways of the installation as each process of the notifier sees them.

    Each has its own circuit and health; limits are shared. What a process tells is at most a minute
    old.
    """
    async with call.context.engine.connect() as db:
        rows = await gateway_states.list_states(db)
    return Page[ReportedGatewayOut](items=[ReportedGatewayOut.model_validate(row) for row in rows])


@ROUTER.get("/gateway-tests")
async def list_gateway_tests(
    call: Permitted,
    limit: Annotated[int, Query(ge=1, le=100, description="How many at most.")] = 20,
) -> Page[GatewayTestOut]:
    """List the tests of gateways that the office asked for, the newest first."""
    async with call.context.engine.connect() as db:
        rows = await store.list_latest(db, call.act.office_id, limit)
    return Page[GatewayTestOut](items=[GatewayTestOut.model_validate(row) for row in rows])


@ROUTER.post("/gateway-tests", status_code=202, response_model=GatewayTestOut)
async def send_test(call: Permitted, body: GatewayTestIn) -> Response:
    """Send one test message through a gateway; an office has 20 of them in an hour.

    The message says that it is a test. It counts as no notification, and is in no proof.
    """

    async def run(db: AsyncConnection) -> StoredTest:
        return await gateway_tests.request_test(db, call.act, body.gateway, body.address)

    return await answer_post(call, run, GatewayTestOut, status=202)
