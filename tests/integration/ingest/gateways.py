"""Gateways as the notifier tells of them, entered as their consumer enters them."""

from typing import Any
from uuid import UUID, uuid4

from services.ingest.handlers.messages.gateway_states import keep_states
from shared.clock import read_machine_time
from shared.schemas.base_events import Event
from shared.schemas.envelope import Envelope
from shared.schemas.gateway_states import NO_OFFICE, GatewaysSeen, GatewayState
from tests.integration.ingest.conftest import NOW


async def tell(api: Any, *events: Event) -> None:
    """Let the consumer of the gateways read events, in one batch."""
    envelopes = [Envelope(uuid4(), "/test", NOW, uuid4(), event) for event in events]
    async with api.engine.begin() as db:
        await keep_states(db, envelopes)


def see(*states: GatewayState, process: UUID | None = None, **values: Any) -> GatewaysSeen:
    """What a process of the notifier tells now."""
    fields = {"office_id": NO_OFFICE, "host": "notifier-1:7", "seen_at": read_machine_time()}
    return GatewaysSeen(process=process or uuid4(), gateways=states, **{**fields, **values})


def make_gateway(name: str = "mas", channel: str = "sms", **values: Any) -> GatewayState:
    """A gateway that works."""
    return GatewayState(channel=channel, name=name, circuit="closed", **values)
