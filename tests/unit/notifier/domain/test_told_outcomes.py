"""The last end of each message, from the events of a log that is newer than the database."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from services.notifier.domain.message import NotificationState
from services.notifier.domain.told_outcomes import collect_outcomes
from shared.schemas.base_events import Event
from shared.schemas.gateway_events import (
    AttemptEnded,
    MessageActionAnswered,
    NotificationDelivered,
    NotificationFailed,
    NotificationHeld,
    NotificationSent,
    NotificationSuppressed,
    NotificationUndelivered,
)
from shared.schemas.messages import MessageAction
from shared.schemas.rules import Audience, Channel

NOW = datetime(2023, 6, 1, 1, tzinfo=UTC)
NAME = UUID(int=9)
ABOUT = {
    "office_id": UUID(int=1),
    "unit_id": UUID(int=2),
    "reminder_id": UUID(int=3),
    "notification_id": NAME,
    "audience": Audience.LIAISON,
    "channel": Channel.SMS,
    "slot": NOW,
}
SENT = NotificationSent(
    **ABOUT, sent_at=NOW, attempts=2, gateway="aliyun", gateway_message_id="m-1"
)
FAILED = NotificationFailed(**ABOUT, failed_at=NOW, attempts=3, reason="bad-address")
REOPENED = MessageActionAnswered(
    **ABOUT,
    request_id=uuid4(),
    action=MessageAction.RESEND,
    answered_at=NOW,
    reopened=True,
)
ATTEMPT = AttemptEnded(**ABOUT, number=1, gateway="aliyun", ended_at=NOW, outcome="unknown")


def suppressed(reason: str) -> NotificationSuppressed:
    return NotificationSuppressed(**ABOUT, decided_at=NOW, reason=reason)


@pytest.mark.parametrize(
    ("events", "state", "reason"),
    [
        ([SENT], NotificationState.SENT, ""),
        ([SENT, NotificationDelivered(**ABOUT, delivered_at=NOW)], NotificationState.SENT, ""),
        ([FAILED], NotificationState.FAILED, "bad-address"),
        ([suppressed("withdrawn")], NotificationState.WITHDRAWN, "withdrawn"),
        ([suppressed("cancelled")], NotificationState.SUPPRESSED, "cancelled"),
        ([FAILED, REOPENED, SENT], NotificationState.SENT, ""),
        ([ATTEMPT, SENT], NotificationState.SENT, ""),
    ],
)
def test_the_last_end_counts(events: list[Event], state: NotificationState, reason: str) -> None:
    (outcome,) = collect_outcomes(events).values()
    assert (outcome.notification_id, outcome.state, outcome.reason) == (NAME, state, reason)


@pytest.mark.parametrize(
    "events",
    [
        [ATTEMPT],
        [NotificationHeld(**ABOUT, held_at=NOW, reason="unknown-outcome")],
        [FAILED, REOPENED],
        [NotificationUndelivered(**ABOUT, reported_at=NOW, attempts=1, gateway="aliyun")],
    ],
)
def test_what_ends_nothing_leaves_a_message_open(events: list[Event]) -> None:
    assert collect_outcomes(events) == {}


def test_what_was_sent_keeps_its_gateway_and_the_gateways_id() -> None:
    sent = collect_outcomes([SENT])[NAME]
    assert (sent.gateway, sent.offered_to, sent.gateway_message_id) == ("aliyun", "aliyun", "m-1")
    assert (sent.attempts, sent.sent_at) == (2, NOW)
