"""How each process of the notifier sees its gateways. An operator's command reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.breaker import Circuit
from services.notifier.store.tables import CIRCUITS
from shared.database.engine import insert_rows
from shared.schemas.gateway_states import GatewayState
from shared.schemas.rules import Channel

_FORGET = text(
    "DELETE FROM notifier.circuits WHERE process = :process OR seen_at < now() - interval '1 hour'"
)
_LATEST = text(
    "SELECT process, channel, gateway, circuit, why, share, seen_at FROM notifier.circuits "
    "WHERE seen_at > now() - interval '3 min' ORDER BY channel, gateway, process"
)


@dataclass(frozen=True, slots=True)
class SeenGateway:
    """A gateway as one process sees it; `why` is empty while the circuit is closed."""

    channel: Channel
    gateway: str
    circuit: Circuit
    why: str
    share: float


@dataclass(frozen=True, slots=True)
class SeenBy:
    """What a process saw, and when, by the database's clock."""

    process: UUID
    seen: SeenGateway
    seen_at: datetime


async def store_circuits(
    db: AsyncConnection, process: UUID, seen: Sequence[GatewayState], now: datetime
) -> None:
    """Replace what a process saw, and delete what ended ones saw."""
    await db.execute(_FORGET, {"process": process})
    rows = [
        {
            "process": process,
            "channel": each.channel,
            "gateway": each.name,
            "circuit": each.circuit,
            "why": each.why,
            "share": each.share,
            "seen_at": now,
        }
        for each in seen
    ]
    await insert_rows(db, CIRCUITS, rows)


async def list_circuits(db: AsyncConnection) -> list[SeenBy]:
    """What the processes that run see now."""
    return [
        SeenBy(
            row.process,
            SeenGateway(
                Channel(row.channel), row.gateway, Circuit(row.circuit), row.why, row.share
            ),
            row.seen_at,
        )
        for row in await db.execute(_LATEST)
    ]
