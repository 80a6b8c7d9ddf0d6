"""How the gateways themselves are, and tests of them that people ask for.

They are events as `shared.schemas.events` says. Gateways belong to the installation: what is told
of them is for all offices.
"""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from typing_extensions import override

from shared.schemas.base_events import Event
from shared.schemas.values import Instant, Value, Zone

NO_OFFICE = UUID(int=0)
"""The office of an event that concerns the whole installation."""


class GatewayTestUnsent(StrEnum):
    """Why nothing was sent for a test of a gateway."""

    NO_GATEWAY = "no-gateway"
    """No connected gateway has this name any more."""
    GATEWAY_LIMIT = "gateway-limit"
    """Its limits allow no message for a while."""
    TOO_LATE = "too-late"
    """It could not be sent for so long that nobody waits for it any more."""


class GatewayAnswer(Value):
    """What a gateway answered to a message. `outcome` and `detail` are as in `AttemptMade`."""

    at: Instant
    outcome: str
    detail: str = ""


class GatewayState(Value):
    """A gateway as one process of the notifier sees it.

    Attributes:
        circuit: closed, open or half-open.
        since: when the circuit was closed or opened; None while it never changed.
        until: when an open circuit becomes half-open.
        why: what opened the circuit; empty while it is closed.
        priority: of several gateways of a channel the lower ones go first.
        weight: of new messages among those of the same priority.
        share: the part of its weight that it has by its health, above 0 and at most 1.
        free: how many messages its limits allow now; None without limits of all messages.
        limited_until: when its limits allow another message; None when they do now.
        answers: the latest ones, rising.
    """

    channel: str
    name: str
    circuit: str
    since: Instant | None = None
    until: Instant | None = None
    why: str = ""
    priority: int = 1
    weight: int = 1
    share: Annotated[float, Field(ge=0, le=1)] = 1.0
    free: int | None = None
    limited_until: Instant | None = None
    answers: tuple[GatewayAnswer, ...] = ()


class GatewaysSeen(Event):
    """How one process of the notifier sees its gateways, by the database's clock.

    `host` names the process for people. A process that stops tells that it sees none.
    """

    process: UUID
    host: str = ""
    seen_at: Instant
    gateways: tuple[GatewayState, ...] = ()

    @property
    @override
    def key(self) -> str:
        """The process."""
        return str(self.process)


class GatewayTestRequested(Event):
    """A person wants one test message sent through a gateway; the notifier answers each once.

    `timezone` is that of the instant in its text.
    """

    request_id: UUID
    gateway: str
    address: str
    requested_at: Instant
    timezone: Zone

    @property
    @override
    def key(self) -> str:
        """The request: tests need no order."""
        return str(self.request_id)


class GatewayTestAnswered(Event):
    """How a test ended.

    `outcome` is accepted, unknown, why the gateway refused, or a `GatewayTestUnsent`. `detail` is
    what the gateway answered, without the address.
    """

    request_id: UUID
    gateway: str
    outcome: str
    detail: str = ""
    gateway_message_id: str = ""
    answered_at: Instant

    @property
    @override
    def key(self) -> str:
        """The request."""
        return str(self.request_id)
