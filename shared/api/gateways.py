"""How gateways did lately, over HTTP."""

from datetime import datetime

from shared.api.fields import Answer
from shared.api.messages import AttemptOut


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
