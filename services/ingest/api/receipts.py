"""Receipts over HTTP: what gateways push to secret addresses, and what programs report."""

import json
from collections.abc import Iterator
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.context import get_context
from services.ingest.api.posting import answer_post
from services.ingest.api.problems import ProblemError
from services.ingest.api.sessions import get_device
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger import receipts
from services.ingest.handlers.office import receipt_addresses
from services.ingest.store import receipt_addresses as store
from services.ingest.store.row_security import serve_office
from shared.api.fields import Answer, Page
from shared.api.receipts import ReceiptAddressIn, ReceiptAddressMade, ReceiptAddressOut
from shared.api.units import ReceiptIn

ROUTER = APIRouter(prefix="/v1", tags=["receipts"])
_LARGEST = 256 * 1024
"""Bytes of a push: some thousand reports."""
_ANSWER = json.dumps({"code": 0, "msg": "OK", "result": 0, "errmsg": "OK"})
"""What Aliyun (`code`, `msg`) and Tencent (`result`, `errmsg`) want to be answered; 云MAS and
Huawei take any answer."""
_NOT_KEPT = ("authorization", "cookie", "host", "connection", "content-length", "accept", "x-forw")
_MOST_HEADERS, _LONGEST_HEADER = 40, 1000


class Accepted(Answer):
    """The receipt was accepted and will be processed."""

    accepted: bool = True


@ROUTER.post("/receipts", status_code=202, response_model=Accepted)
async def receive_receipt(call: Permitted, body: ReceiptIn) -> Response:
    """Take a report of a message that a gateway was given earlier."""

    async def run(db: AsyncConnection) -> Accepted:
        await receipts.receive(db, call.act, **body.model_dump())
        return Accepted()

    return await answer_post(call, run, Accepted, status=202)


@ROUTER.post("/receipts/{gateway}/{secret}", response_class=Response)
async def take_push(request: Request, gateway: str, secret: str) -> Response:
    """Take what a gateway pushes, as its vendor writes it. The address is the secret: no token.

    It may come twice, late, and before the message is known to be sent. Whatever is wrong with the
    address, or with the network that the caller is in, is answered alike.
    """
    context = get_context(request)
    caller = get_device(request).address
    async with context.engine.connect() as db:
        address = await receipt_addresses.recognise(db, gateway, secret, caller)
    if address is None:
        raise ProblemError(404, "not-found", "没有这个回执地址。There is no such address.")
    body = await request.body()
    if len(body) > _LARGEST:
        raise ProblemError(
            413,
            "request-too-large",
            "一次推送的内容过大。There is too much in one push.",
            "请网关分批推送。Let the gateway push it in parts.",
        )
    serve_office(address.office_id)
    act = Act(
        office_id=address.office_id,
        actor=f"gateway {address.gateway}",
        now=context.clock.now(),
        correlation_id=request.scope["cuiban.correlation_id"],
    )
    async with context.engine.begin() as db:
        await receipts.pass_on(db, act, address.gateway, body, _list_headers(request))
    if address.answer:
        return Response(address.answer, media_type="text/plain; charset=utf-8")
    return Response(_ANSWER, media_type="application/json")


def _list_headers(request: Request) -> Iterator[tuple[str, str]]:
    """The headers that a signature may stand in."""
    kept = [pair for pair in request.headers.items() if not pair[0].startswith(_NOT_KEPT)]
    for name, value in kept[:_MOST_HEADERS]:
        yield name[:_LONGEST_HEADER], value[:_LONGEST_HEADER]


@ROUTER.get("/receipt-addresses")
async def list_receipt_addresses(call: Permitted) -> Page[ReceiptAddressOut]:
    """List the addresses to which gateways push receipts, without their secrets."""
    async with call.context.engine.connect() as db:
        rows = await store.list_of_office(db, call.act.office_id)
    return Page[ReceiptAddressOut](items=[ReceiptAddressOut.model_validate(row) for row in rows])


@ROUTER.post("/receipt-addresses", status_code=201, response_model=ReceiptAddressMade)
async def make_receipt_address(call: Permitted, body: ReceiptAddressIn) -> Response:
    """Make the address to which a gateway pushes receipts, or renew it: the earlier one ends.

    Only this answer has the address; a repeated request gets it blank.
    """

    async def run(db: AsyncConnection) -> ReceiptAddressMade:
        made = await receipt_addresses.make_address(
            db, call.act, body.gateway, body.networks, body.answer
        )
        shown = ReceiptAddressOut.model_validate(made.stored).model_dump()
        path = f"/v1/receipts/{quote(made.stored.gateway)}/{made.secret}"
        return ReceiptAddressMade(**shown, path=path, renewed=made.renewed)

    return await answer_post(call, run, ReceiptAddressMade, status=201, withheld={"path": ""})


@ROUTER.delete("/receipt-addresses/{gateway}", status_code=204)
async def end_receipt_address(call: Permitted, gateway: str) -> None:
    """End a gateway's address: what is pushed to it from now on is refused."""
    async with call.context.engine.begin() as db:
        await receipt_addresses.end_address(db, call.act, gateway)
