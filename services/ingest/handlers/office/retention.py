"""Erases what an office does not keep any longer."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.office.office_settings import get_settings
from services.ingest.store import dead_letters, history, replies


async def forget_old_texts(db: AsyncConnection, act: Act) -> int:
    """Erase texts and addresses that are older than the office keeps them; of how many messages."""
    days = (await get_settings(db, act.office_id)).retention_days
    if days is None:
        return 0
    before = act.now - timedelta(days=days)
    await dead_letters.forget_records(db, act.office_id, before)
    await replies.forget_texts(db, act.office_id, before)
    erased = await history.forget_texts(db, act.office_id, before)
    if erased:
        after = {"messages": erased, "before": before.isoformat()}
        await note(db, act, "texts.erased", act.office_id, after=after)
    return erased
