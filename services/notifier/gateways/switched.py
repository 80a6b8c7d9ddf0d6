"""A gateway that can be exchanged for another while messages are on their way."""

from dataclasses import dataclass

from services.notifier.domain.message import Message, MessageAccepted, Outcome, name_outcome
from services.notifier.gateways.protocol import Gateway
from shared.tracing.spans import Kind, open_span


@dataclass(slots=True)
class _Used:
    gateway: Gateway
    in_flight: int = 0


class SwitchedGateway:
    """Sends through the present gateway; a former one is closed after its last answer."""

    def __init__(self, gateway: Gateway) -> None:
        self._used = _Used(gateway)

    @property
    def name(self) -> str:
        """The present gateway's name."""
        return self._used.gateway.name

    async def send(self, message: Message) -> Outcome:
        """Send a message once, through the gateway that is present now."""
        used = self._used
        used.in_flight += 1
        try:
            return await _send(used.gateway, message)
        finally:
            used.in_flight -= 1
            if used is not self._used and not used.in_flight:
                await used.gateway.close()

    async def switch(self, gateway: Gateway) -> None:
        """Send all later messages through another gateway."""
        former, self._used = self._used, _Used(gateway)
        if not former.in_flight:
            await former.gateway.close()

    async def close(self) -> None:
        """Close the present gateway."""
        await self._used.gateway.close()


async def _send(gateway: Gateway, message: Message) -> Outcome:
    """Send in a span of its own, below the one that the task is in. It shows no address."""
    attributes = {
        "cuiban.gateway": gateway.name,
        "cuiban.notification_id": str(message.notification_id),
    }
    with open_span("send through a gateway", Kind.CLIENT, attributes) as span:
        outcome = await gateway.send(message)
        word = name_outcome(outcome).value
        span.note({"cuiban.outcome": word})
        if not isinstance(outcome, MessageAccepted):
            span.fail(word)
    return outcome
