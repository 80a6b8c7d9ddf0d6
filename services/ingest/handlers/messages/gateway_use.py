"""How each gateway did lately, as the messages of the office show it."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.message_story import Attempt
from services.ingest.handlers.acting import Act
from services.ingest.store import gateway_use as store
from services.ingest.store.gateway_use import AcceptedCount, RefusedCount


@dataclass(frozen=True, slots=True)
class GatewayUse:
    """What a gateway accepted and refused; `latest` is the newest attempt that it refused."""

    gateway: str
    accepted: list[AcceptedCount]
    refused: list[RefusedCount]
    latest: Attempt | None


async def list_gateway_use(db: AsyncConnection, act: Act, days: int) -> list[GatewayUse]:
    """The gateways that any message of the last days was offered to, by name."""
    since = act.now - timedelta(days=days)
    accepted = await store.count_accepted(db, act.office_id, since)
    refused = await store.count_refused(db, act.office_id, since)
    attempts = await store.list_latest_refusals(db, act.office_id, since)
    latest = {each.gateway: each for each in attempts}
    names = {each.gateway for each in accepted} | {each.gateway for each in refused}
    return [
        GatewayUse(
            name,
            [each for each in accepted if each.gateway == name],
            [each for each in refused if each.gateway == name],
            latest.get(name),
        )
        for name in sorted(names)
    ]
