"""What was tried to bring a message to its contact, and what its gateways reported. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.schemas.messages import UNDELIVERED, MessageStatus

ACCEPTED = "accepted"
"""The outcome of an attempt that a gateway accepted."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call of a gateway: what it answered, as one word and in its own words."""

    number: int
    gateway: str
    at: datetime
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What a gateway reported later of a message that it had accepted."""

    at: datetime
    status: MessageStatus
    gateway: str
    detail: str = ""


def list_attempts(failed: Iterable[Attempt], accepted: Attempt | None) -> list[Attempt]:
    """All attempts by number. What is told of the accepted one otherwise is a report of it."""
    number = accepted.number if accepted else 0
    attempts = [each for each in failed if each.number != number]
    return sorted([*attempts, *([accepted] if accepted else [])], key=lambda each: each.number)


def list_receipts(
    failed: Iterable[Attempt], accepted: Attempt | None, delivered_at: datetime | None
) -> list[DeliveryReport]:
    """What was reported of the accepted attempt, rising; `delivered_at` is when it arrived."""
    reports = [
        DeliveryReport(each.at, MessageStatus.UNDELIVERED, each.gateway, _describe(each))
        for each in failed
        if accepted and each.number == accepted.number
    ]
    if delivered_at is not None:
        gateway = accepted.gateway if accepted else ""
        reports.append(DeliveryReport(delivered_at, MessageStatus.DELIVERED, gateway))
    return sorted(reports, key=lambda each: each.at)


def _describe(attempt: Attempt) -> str:
    """The gateway's words; before them the reason, where it is another than not delivered."""
    reason = "" if attempt.outcome == UNDELIVERED else attempt.outcome
    return ": ".join(filter(None, (reason, attempt.detail)))
