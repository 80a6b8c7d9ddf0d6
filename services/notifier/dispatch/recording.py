"""From outcomes to the tables and the events, a batch in one transaction."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.dispatch import gauges
from services.notifier.dispatch.preparing import Offer, Rules
from services.notifier.handlers import settle_receipts
from services.notifier.message import Accepted, Outcome, Refused, State, Unknown
from services.notifier.policy import telling
from services.notifier.policy.retry import Again, Failed, Held, Next, Sent, follow
from services.notifier.store import claims, outcomes, receipts
from services.notifier.tables import outbox
from shared.clock import monotonic
from shared.logging import log
from shared.outbox.publishing import publish
from shared.schemas.events import Envelope


class Unmade(StrEnum):
    """Why an offer was given back without being made."""

    NOT_OFFERED = "not-offered"
    """The gateway rests, the service stops, or the lease would not reach."""
    WITHDRAWN = "withdrawn"
    """Some of it is not owed any more: it is decided on anew."""


@dataclass(frozen=True, slots=True)
class Result:
    """How an offer ended. `ended` is when, in seconds of `shared.clock.monotonic`."""

    offer: Offer
    outcome: Outcome | Unmade
    ended: float


async def record(
    db: AsyncConnection,
    rules: Rules,
    gateway: str,
    results: Sequence[Result],
    *,
    now: datetime,
) -> None:
    """Write what came of some offers, in the caller's transaction, and tell of what has ended."""
    await receipts.lock_for_outcomes(db)
    numbers = {r.offer.notification.notification_id: r.offer.number for r in results}
    mine = await outcomes.still_mine(db, numbers)
    real = await claims.database_now(db)
    rows: list[dict[str, Any]] = []
    told: list[Envelope] = []
    for result in results:
        if result.offer.notification.notification_id not in mine:
            log(__name__).warning("attempt.fenced", **_ids(result.offer))
            continue
        row, event = _after(rules, gateway, result, now=now, real=real)
        rows.append(row)
        if event:
            told.append(event)
    await outcomes.write(db, rows)
    await outcomes.close(db, [_attempt(result, real) for result in results])
    await publish(db, outbox, told)
    names = [row["gateway_message_id"] for row in rows if row["gateway_message_id"]]
    if names and (early := await outcomes.with_receipts(db, names)):
        await settle_receipts(db, early, now)


def _after(
    rules: Rules, gateway: str, result: Result, *, now: datetime, real: datetime
) -> tuple[dict[str, Any], Envelope | None]:
    offer, outcome = result.offer, result.outcome
    row: dict[str, Any] = {
        "notification_id": offer.notification.notification_id,
        "state": State.PENDING,
        "reason": "",
        "retry_at": None,
        "lease_until": None,
        "failures": offer.failures,
        "gateway": "",
        "gateway_message_id": "",
        "sent_at": None,
    }
    if isinstance(outcome, Unmade):
        row["retry_at"] = real if offer.retrying else None
        return row, None
    coming = follow(
        outcome,
        offer.failures,
        rules.retrying,
        now=now,
        deadline=offer.deadline,
        chance=random.random(),  # noqa: S311 - jitter is no secret
    )
    event = None
    match coming:
        case Sent(gateway_message_id=name):
            row |= {"state": State.SENT, "gateway": gateway, "gateway_message_id": name}
            row["sent_at"] = now
            event = telling.sent(
                offer.notification,
                offer.message.content,
                attempts=offer.number,
                gateway=gateway,
                gateway_message_id=name,
                now=now,
            )
        case Again(delay=delay, reason=reason, counts=counts):
            row |= {"reason": reason, "retry_at": real + delay}
            row["failures"] += counts
        case Failed(reason=reason, detail=detail):
            row |= {"state": State.FAILED, "reason": reason}
            event = telling.failed(
                offer.notification, attempts=offer.number, reason=reason, detail=detail, now=now
            )
        case Held():
            row |= {"state": State.HELD, "reason": "unknown-outcome"}
    _show(rules, offer, outcome, coming, now)
    return row, event


def _show(rules: Rules, offer: Offer, outcome: Outcome, coming: Next, now: datetime) -> None:
    match coming:
        case Sent():
            late = (now - offer.notification.slot).total_seconds()
            gauges.LATENESS.labels(rules.channel).observe(max(late, 0))
            gauges.ENDED.labels(rules.channel, State.SENT).inc()
        case Again(delay=delay, reason=reason):
            log(__name__).info(
                "attempt.again", **_ids(offer), reason=reason, seconds=round(delay.total_seconds())
            )
        case Failed(reason=reason, detail=detail):
            gauges.ENDED.labels(rules.channel, State.FAILED).inc()
            log(__name__).warning(
                "notification.failed", **_ids(offer), reason=reason, detail=detail
            )
        case Held():
            detail = outcome.detail if isinstance(outcome, Unknown) else ""
            log(__name__).error("notification.held", **_ids(offer), detail=detail)


def _ids(offer: Offer) -> dict[str, Any]:
    notification = offer.notification
    return {
        "office_id": str(notification.office_id),
        "unit_id": str(notification.unit_id),
        "notification_id": str(notification.notification_id),
        "correlation_id": str(notification.correlation_id),
        "channel": notification.channel,
        "attempt": offer.number,
    }


def word_for(outcome: Outcome | Unmade) -> str:
    """An outcome in one word, for tables and metrics: closed, at most a score."""
    match outcome:
        case Unmade():
            return outcome
        case Accepted():
            return "accepted"
        case Refused(reason=reason):
            return reason
        case Unknown():
            return "unknown"


def _attempt(result: Result, real: datetime) -> dict[str, Any]:
    detail = getattr(result.outcome, "detail", "")
    ago = timedelta(seconds=monotonic() - result.ended)
    return {
        "notification_id": result.offer.notification.notification_id,
        "number": result.offer.number,
        "ended_at": real - ago,
        "outcome": word_for(result.outcome),
        "detail": detail,
    }
