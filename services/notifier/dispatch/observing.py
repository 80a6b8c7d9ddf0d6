"""Metrics and log lines of how offers ended."""

from datetime import datetime
from typing import assert_never

from services.notifier.dispatch import gauges
from services.notifier.dispatch.offers import Offer
from services.notifier.domain.message import NotificationState, Outcome, OutcomeUnknown
from services.notifier.domain.retry import (
    HoldForDecision,
    MarkFailed,
    MarkSent,
    NextStep,
    TryAgain,
)
from shared.logging import log


def observe(offer: Offer, outcome: Outcome, step: NextStep, now: datetime) -> None:
    """Set the metrics, and write the log."""
    channel = offer.notification.channel
    match step:
        case MarkSent():
            late = (now - offer.notification.slot).total_seconds()
            gauges.LATENESS.labels(channel).observe(max(late, 0))
            gauges.ENDED.labels(channel, NotificationState.SENT).inc()
        case TryAgain(delay=delay, reason=reason):
            seconds = round(delay.total_seconds())
            if not delay:
                gauges.FAILOVERS.labels(channel, offer.gateway).inc()
            log(__name__).info("attempt.again", **list_ids(offer), reason=reason, seconds=seconds)
        case MarkFailed(reason=reason, detail=detail):
            gauges.ENDED.labels(channel, NotificationState.FAILED).inc()
            log(__name__).warning(
                "notification.failed", **list_ids(offer), reason=reason, detail=detail
            )
        case HoldForDecision():
            detail = outcome.detail if isinstance(outcome, OutcomeUnknown) else ""
            log(__name__).error("notification.held", **list_ids(offer), detail=detail)
        case _:
            assert_never(step)


def list_ids(offer: Offer) -> dict[str, str | int]:
    """The fields of a log line that identify an offer."""
    notification = offer.notification
    return {
        "office_id": str(notification.office_id),
        "unit_id": str(notification.unit_id),
        "notification_id": str(notification.notification_id),
        "correlation_id": str(notification.correlation_id),
        "channel": notification.channel,
        "gateway": offer.gateway,
        "attempt": offer.number,
    }
