"""The phone list over HTTP: whom a person must phone, because no message reached them."""

from typing import BinaryIO

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from services.ingest.api.callers import Permitted
from services.ingest.api.downloads import answer_file, describe_file
from services.ingest.api.messages import Wanted
from services.ingest.handlers.messages import phone_list
from shared.api.fields import Page
from shared.api.messages import PhoneListRowOut

ROUTER = APIRouter(prefix="/v1/messages", tags=["messages"])


@ROUTER.get("/phone-list")
async def show_phone_list(call: Permitted, query: Wanted) -> Page[PhoneListRowOut]:
    """Show whom a person must phone: posts that owe something and that no message reached.

    Of each reminder every message failed, did not arrive, is held, or had no address; and no later
    message reached the post. `status` is not looked at.
    """
    async with call.context.engine.connect() as db:
        rows = await phone_list.list_phone_entries(db, call.act, query)
    return Page[PhoneListRowOut](items=[PhoneListRowOut.model_validate(row) for row in rows])


@ROUTER.get("/phone-list.xlsx", response_class=StreamingResponse, responses=describe_file("xlsx"))
async def export_phone_list(call: Permitted, query: Wanted) -> StreamingResponse:
    """The phone list as an Excel workbook, with a column for what was said."""

    async def write(file: BinaryIO) -> None:
        async with call.context.engine.connect() as db:
            await phone_list.write_phone_list(db, call.act, query, file)

    return await answer_file(call, f"电话清单-{call.act.now:%Y%m%d}", "xlsx", write)
