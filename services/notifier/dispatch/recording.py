"""Writes the outcomes of offers: tables and events, a batch in one transaction."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.dispatch.observing import list_ids, observe
from services.notifier.dispatch.offers import GatewayRules, Offer, Unmade
from services.notifier.domain import reporting
from services.notifier.domain.message import (
    AttemptEnd,
    MessageRefused,
    NotificationState,
    Outcome,
    OutcomeUnknown,
    Refusal,
    get_detail,
    name_outcome,
)
from services.notifier.domain.retry import (
    HoldForDecision,
    MarkFailed,
    MarkSent,
    OpenReason,
    TryAgain,
    decide_next,
)
from services.notifier.settling import apply_bounces, settle_receipts
from services.notifier.store import claims, counted, outcomes, receipt_questions, receipts
from services.notifier.store.earlier_messages import wake_next
from services.notifier.store.outcomes import Conclusion, EndedAttempt
from services.notifier.store.set_aside import Bounce
from services.notifier.store.tables import OUTBOX
from shared.clock import monotonic
from shared.database.news import Subject, tell
from shared.kafka.outbox.publishing import publish
from shared.logging import log
from shared.schemas.envelope import Envelope
from shared.schemas.gateway_events import AttemptMade
from shared.schemas.rules import Channel


@dataclass(frozen=True, slots=True)
class Result:
    """How an offer ended. `ended` is when, in seconds of `shared.clock.monotonic`."""

    offer: Offer
    outcome: Outcome | Unmade
    ended: float


async def record(
    db: AsyncConnection, gateway: GatewayRules, results: Sequence[Result], *, now: datetime
) -> None:
    """Write how some offers to a gateway ended, in the caller's transaction; publish the events."""
    await receipts.lock_for_outcomes(db)
    numbers = {r.offer.notification.notification_id: r.offer.number for r in results}
    current = await outcomes.lock_current(db, numbers)
    earlier = await outcomes.list_earlier(db, numbers)
    real = await claims.read_database_now(db)
    ended = [_end_attempt(result, real) for result in results]
    conclusions: list[Conclusion] = []
    events: list[Envelope] = []
    bounces: list[Bounce] = []
    for result, attempt in zip(results, ended, strict=True):
        if attempt.notification_id not in current:
            log(__name__).warning("attempt.fenced", **list_ids(result.offer))
            continue
        made = (*earlier.get(attempt.notification_id, ()), _describe(result.offer, attempt))
        conclusion, reported = _conclude(gateway, result, made, now=now, real=real)
        conclusions.append(conclusion)
        events += reported
        if _is_gone(result, conclusion):
            bounces.append(Bounce(result.offer.notification, gateway.name, conclusion.reason))
    await outcomes.write_notifications(db, conclusions)
    failed = [c.notification_id for c in conclusions if c.state is NotificationState.FAILED]
    await wake_next(db, failed)
    await outcomes.close_attempts(db, ended)
    if gateway.limits:
        await counted.give_back(db, _list_unheard(results))
    if any(each.retry_at and each.retry_at <= real for each in conclusions):
        tell(db, Subject.NOTIFICATIONS)
    await publish(db, OUTBOX, events)
    await apply_bounces(db, bounces, now)
    if gateway.pulls_receipts:
        named = [c.notification_id for c in conclusions if c.gateway_message_id]
        await receipt_questions.put(db, named)
    names = [c.gateway_message_id for c in conclusions if c.gateway_message_id]
    if names and (early := await outcomes.select_with_receipts(db, names)):
        await settle_receipts(db, early, now)


def _is_gone(result: Result, conclusion: Conclusion) -> bool:
    """Whether no message ever reaches the address.

    On other channels it may be a setting of ours: which user a mobile number is.
    """
    failed = conclusion.state is NotificationState.FAILED
    bad = conclusion.reason == Refusal.BAD_ADDRESS
    channel = result.offer.notification.channel
    return failed and bad and channel in {Channel.EMAIL, Channel.SMS}


def _list_unheard(results: Sequence[Result]) -> dict[UUID, int]:
    """The numbers of attempts of which the gateway did not hear, by notification."""
    return {
        result.offer.notification.notification_id: result.offer.number
        for result in results
        if isinstance(result.outcome, Unmade)
        or (
            isinstance(result.outcome, MessageRefused)
            and result.outcome.reason is Refusal.UNREACHABLE
        )
    }


def _conclude(
    gateway: GatewayRules,
    result: Result,
    made: tuple[AttemptMade, ...],
    *,
    now: datetime,
    real: datetime,
) -> tuple[Conclusion, list[Envelope]]:
    """What the notification becomes, and the events that report it.

    `made` are all attempts, this one the last.
    """
    offer, outcome = result.offer, result.outcome
    notification, failures = offer.notification, offer.failures
    name = notification.notification_id
    perhaps_at = gateway.name if offer.stays or isinstance(outcome, OutcomeUnknown) else ""
    if isinstance(outcome, Unmade):
        retry_at = real if offer.retrying else None
        pending = NotificationState.PENDING
        return Conclusion(name, pending, failures, retry_at=retry_at, offered_to=perhaps_at), []
    step = decide_next(
        outcome,
        failures,
        gateway.retrying,
        now=now,
        deadline=offer.deadline,
        chance=random.random(),  # noqa: S311 - jitter is no secret
        elsewhere=offer.elsewhere,
    )
    observe(offer, outcome, step, now)
    match step:
        case MarkSent(gateway_message_id=message_id):
            return _conclude_sent(offer, gateway, message_id, made, now)
        case TryAgain(delay=delay, reason=reason, counts=counts):
            failures += counts
            pending, again = NotificationState.PENDING, real + delay
            again_later = Conclusion(
                name, pending, failures, reason, retry_at=again, offered_to=perhaps_at
            )
            return again_later, [_tell_attempt(offer, outcome, now)]
        case MarkFailed(reason=reason, detail=detail):
            failed = reporting.report_failed(
                notification,
                attempts=offer.number,
                reason=reason,
                detail=detail,
                now=now,
                gateway=gateway.name,
                made=made,
            )
            return Conclusion(name, NotificationState.FAILED, failures, reason), [failed]
        case HoldForDecision():
            reason, held = OpenReason.UNKNOWN_OUTCOME, NotificationState.HELD
            waits = reporting.report_held(
                notification, reason, now, attempts=offer.number, gateway=gateway.name
            )
            conclusion = Conclusion(name, held, failures, reason, offered_to=perhaps_at)
            return conclusion, [_tell_attempt(offer, outcome, now), waits]
        case _:
            assert_never(step)


def _conclude_sent(
    offer: Offer,
    gateway: GatewayRules,
    message_id: str,
    made: tuple[AttemptMade, ...],
    now: datetime,
) -> tuple[Conclusion, list[Envelope]]:
    sent = reporting.report_sent(
        offer.notification,
        offer.message.content,
        attempts=offer.number,
        gateway=gateway.name,
        gateway_message_id=message_id,
        now=now,
        made=made,
    )
    conclusion = Conclusion(
        offer.notification.notification_id,
        NotificationState.SENT,
        offer.failures,
        gateway=gateway.name,
        offered_to=gateway.name,
        gateway_message_id=message_id,
        sent_at=now,
    )
    return conclusion, [sent]


def _tell_attempt(offer: Offer, outcome: Outcome, now: datetime) -> Envelope:
    """The event of an attempt that does not end its notification."""
    return reporting.report_attempt(
        offer.notification,
        number=offer.number,
        gateway=offer.gateway,
        outcome=name_end(outcome),
        detail=_find_detail(outcome),
        now=now,
    )


def name_end(outcome: Outcome | Unmade) -> AttemptEnd | Refusal | Unmade:
    """How an offer ended, as one word of a closed set."""
    return outcome if isinstance(outcome, Unmade) else name_outcome(outcome)


def _end_attempt(result: Result, real: datetime) -> EndedAttempt:
    outcome = result.outcome
    ago = timedelta(seconds=monotonic() - result.ended)
    return EndedAttempt(
        notification_id=result.offer.notification.notification_id,
        number=result.offer.number,
        ended_at=real - ago,
        outcome=name_end(outcome),
        detail=_find_detail(outcome),
    )


def _describe(offer: Offer, ended: EndedAttempt) -> AttemptMade:
    """An attempt as an event tells it."""
    return AttemptMade(
        number=ended.number,
        gateway=offer.gateway,
        started_at=offer.started_at,
        ended_at=ended.ended_at,
        outcome=ended.outcome,
        detail=ended.detail,
    )


def _find_detail(outcome: Outcome | Unmade) -> str:
    return "" if isinstance(outcome, Unmade) else get_detail(outcome)
