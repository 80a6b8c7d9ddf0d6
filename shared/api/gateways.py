"""Gateways over HTTP: how each is, how it did lately, and tests of it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.api.fields import Answer, Line, Request
from shared.api.messages import AttemptOut
from shared.api.receipts import GatewayName


class AcceptedOut(Answer):
    """What a gateway accepted on a channel; of `undelivered` it said that they did not arrive."""

    channel: str
    accepted: int
    undelivered: int
    last: datetime


class RefusedOut(Answer):
    """How many attempts ended in one way that was no acceptance, as one word."""

    outcome: str
    attempts: int
    last: datetime


class GatewayUseOut(Answer):
    """A gateway, by the messages of the office; `latest` is the newest attempt that it refused."""

    gateway: str
    accepted: list[AcceptedOut]
    refused: list[RefusedOut]
    latest: AttemptOut | None


class GatewayAnswerOut(Answer):
    """What a gateway answered to a message: accepted, unknown, or why it was refused."""

    at: datetime
    outcome: str
    detail: str


class GatewayStateOut(Answer):
    """A gateway as one process of the notifier sees it.

    Attributes:
        channel: e-mail, SMS and so on.
        name: of the gateway.
        circuit: closed, open or half-open.
        since: when the circuit was closed or opened; null while it never changed.
        until: when an open circuit becomes half-open.
        why: what opened the circuit; empty while it is closed.
        priority: of several gateways of a channel the lower ones go first.
        weight: of new messages among those of the same priority.
        share: the part of its weight that it has by its health, above 0 and at most 1.
        free: how many messages its limits allow now; null without limits of all messages.
        limited_until: when its limits allow another message; null when they do now.
        answers: the latest ones, rising.
    """

    channel: str
    name: str
    circuit: str
    since: datetime | None
    until: datetime | None
    why: str
    priority: int
    weight: int
    share: float
    free: int | None
    limited_until: datetime | None
    answers: list[GatewayAnswerOut]


class ReportedGatewayOut(Answer):
    """Who saw a gateway in which state, and when.

    `silent`: the process has told nothing for some minutes, though it tells each minute.
    """

    process: UUID
    host: str
    seen_at: datetime
    silent: bool
    state: GatewayStateOut


class GatewayTestIn(Request):
    """One test message through a gateway, to a mail address or a mobile number."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"gateway": "mas", "address": "13800000009"}]},
    )

    gateway: GatewayName
    address: Annotated[Line, Field(max_length=320)]


class GatewayTestOut(Answer):
    """A test of a gateway. Its address is shortened.

    `outcome` is empty until the notifier answers; then accepted, unknown, why the gateway refused,
    or why nothing was sent: no-gateway, gateway-limit or too-late. `detail` has the words of the
    gateway.
    """

    request_id: UUID
    gateway: str
    channel: str
    address: str
    actor: str
    requested_at: datetime
    answered_at: datetime | None
    outcome: str
    detail: str
    gateway_message_id: str
