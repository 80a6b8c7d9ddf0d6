"""What an operator did, in the journal of each office: nobody else sees the log of a command."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.running import list_services
from services.ingest.handlers.acting import Act, note
from services.ingest.store.dead_letters import list_office_ids
from shared.clock import open_clock
from shared.settings import Settings

ACTOR = "command line"


async def note_operation(
    db: AsyncConnection,
    settings: Settings,
    action: str,
    subject: object,
    after: Mapping[str, Any],
    office_id: UUID | None = None,
) -> None:
    """Write an operation into the journal of an office, or of all where it concerns all.

    Nothing is written where ingest's tables are in another database, or the office is not known.

    Args:
        db: a connection in the transaction of the operation.
        settings: have the office's clock.
        action: what was done, such as `ops.resumed`.
        subject: what it was done to.
        after: its reason and numbers.
        office_id: None for all offices.
    """
    if "ingest" not in await list_services(db):
        return
    now, correlation_id = open_clock(settings.clock_file).now(), uuid4()
    for each in sorted(await list_office_ids(db)):
        if office_id in {None, each}:
            await note(db, Act(each, ACTOR, now, correlation_id), action, subject, after=after)
