"""Named lists of the ledger over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.posting import answer_post
from services.ingest.handlers.ledger import views as handlers
from services.ingest.store.ledger_views import StoredView
from shared.api.views import ViewIn, ViewOut

ROUTER = APIRouter(prefix="/v1/ledger/views", tags=["ledger"])


@ROUTER.get("")
async def list_views(call: Permitted) -> list[ViewOut]:
    """Show the named lists that the office's people share, by name."""
    async with call.context.engine.connect() as db:
        views = await handlers.list_views(db, call.act)
    return [ViewOut.model_validate(view) for view in views]


@ROUTER.post("", response_model=ViewOut)
async def save_view(call: Permitted, body: ViewIn) -> Response:
    """Name a list, for all people of the office. The same name again replaces it."""

    async def run(db: AsyncConnection) -> StoredView:
        return await handlers.save_view(db, call.act, body.name, body.query)

    return await answer_post(call, run, ViewOut)


@ROUTER.delete("/{view_id}", status_code=204)
async def remove_view(call: Permitted, view_id: UUID) -> None:
    """Remove a named list; the obligations stay as they are."""
    async with call.context.engine.begin() as db:
        await handlers.remove_view(db, call.act, view_id)
