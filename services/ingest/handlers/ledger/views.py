"""Named lists of the ledger (常用列表), which an office's people share."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note
from services.ingest.store import ledger_views as store
from services.ingest.store import offices
from services.ingest.store.ledger_views import StoredView
from shared.schemas import identity

MOST = 50
"""Named lists of an office."""


async def list_views(db: AsyncConnection, act: Act) -> list[StoredView]:
    """The office's named lists, by name."""
    return await store.list_views(db, act.office_id)


async def save_view(db: AsyncConnection, act: Act, name: str, query: str) -> StoredView:
    """Save a named list; the same name again replaces it, the same list again changes nothing.

    Raises:
        RefusedError: the office has too many.
    """
    await offices.lock_office(db, act.office_id)
    views = {view.name: view for view in await store.list_views(db, act.office_id)}
    before = views.get(name)
    if before is not None and before.query == query:
        return before
    if before is None and len(views) >= MOST:
        raise RefusedError(
            Fault.CONFLICT,
            f"已有 {MOST} 个常用列表。There are {MOST} named lists already.",
            "请先删除不用的。Remove one that is not needed.",
        )
    view_id = before.view_id if before else identity.derive_id("view", act.office_id, name)
    view = StoredView(view_id, name, query, act.actor, act.now)
    row = {each: getattr(view, each) for each in StoredView.__slots__}
    await store.put_view(db, act.office_id, row)
    earlier = {"query": before.query} if before else None
    after = {"name": name, "query": query}
    await note(db, act, "view.saved", view_id, before=earlier, after=after)
    return view


async def remove_view(db: AsyncConnection, act: Act, view_id: UUID) -> None:
    """Forget a named list.

    Raises:
        RefusedError: there is no such list.
    """
    await offices.lock_office(db, act.office_id)
    views = {view.view_id: view for view in await store.list_views(db, act.office_id)}
    if view_id not in views:
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有这个常用列表。There is no such named list.",
            "请重新查看列表。Look at the list again (`GET /v1/ledger/views`).",
        )
    view = views[view_id]
    await store.remove_view(db, act.office_id, view_id)
    await note(db, act, "view.removed", view_id, before={"name": view.name, "query": view.query})
