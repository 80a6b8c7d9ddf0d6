"""How the processes of the notifier see the gateways."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.gateway_tables import GATEWAY_PROCESSES
from shared.schemas.gateway_states import GatewaysSeen, GatewayState

_P = GATEWAY_PROCESSES.c
_SILENT = _P.seen_at < func.now() - text("interval '3 min'")
"""A process tells at least each minute how its gateways are."""
_FORGOTTEN = _P.seen_at < func.now() - text("interval '1 hour'")


@dataclass(frozen=True, slots=True)
class StoredProcess:
    """What a process saw last. `silent`: it has told nothing for some minutes."""

    process: UUID
    host: str
    seen_at: datetime
    silent: bool
    gateways: tuple[GatewayState, ...]


async def put_seen(db: AsyncConnection, seen: GatewaysSeen) -> None:
    """Enter what a process saw; one that sees no gateway has ended, and is removed.

    What was seen long ago is removed, too.
    """
    await db.execute(delete(GATEWAY_PROCESSES).where(_FORGOTTEN | (_P.process == seen.process)))
    if not seen.gateways:
        return
    row = {
        "process": seen.process,
        "host": seen.host,
        "seen_at": seen.seen_at,
        "gateways": [state.model_dump(mode="json") for state in seen.gateways],
    }
    await db.execute(postgresql.insert(GATEWAY_PROCESSES).values(row))


async def list_processes(db: AsyncConnection) -> list[StoredProcess]:
    """The processes of the notifier that told something within the last hour, by host."""
    query = (
        select(_P.process, _P.host, _P.seen_at, _SILENT, _P.gateways)
        .where(~_FORGOTTEN)
        .order_by(_P.host, _P.process)
    )
    return [
        StoredProcess(process, host, seen_at, silent, tuple(map(GatewayState.model_validate, seen)))
        for process, host, seen_at, silent, seen in await db.execute(query)
    ]
