"""What the notifier tells of the gateways themselves: kept, and listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store import gateway_states as store
from services.ingest.store import gateway_tests
from shared.errors import PoisonError
from shared.schemas.envelope import Envelope
from shared.schemas.gateway_states import GatewaysSeen, GatewayState, GatewayTestAnswered


@dataclass(frozen=True, slots=True)
class ReportedGateway:
    """A gateway as one process of the notifier sees it. `silent`: it has told nothing lately."""

    process: UUID
    host: str
    seen_at: datetime
    silent: bool
    state: GatewayState


async def keep_states(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
    """Enter how processes see their gateways, and answers to tests, in order."""
    for envelope in envelopes:
        match envelope.event:
            case GatewaysSeen() as seen:
                await store.put_seen(db, seen)
            case GatewayTestAnswered() as answer:
                await gateway_tests.put_answer(db, answer)
            case other:
                raise PoisonError("not-of-gateways", type(other).__name__)


async def list_states(db: AsyncConnection) -> list[ReportedGateway]:
    """The gateways as each process sees them, by channel, priority, name and host."""
    seen = [
        ReportedGateway(each.process, each.host, each.seen_at, each.silent, state)
        for each in await store.list_processes(db)
        for state in each.gateways
    ]
    return sorted(seen, key=_rank)


def _rank(seen: ReportedGateway) -> tuple[str, int, str, str]:
    return seen.state.channel, seen.state.priority, seen.state.name, seen.host
