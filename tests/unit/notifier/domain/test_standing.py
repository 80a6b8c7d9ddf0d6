"""How a notification stands, from its row."""

from typing import Any

import pytest

from services.notifier.domain.message import NotificationState
from services.notifier.domain.standing import find_standing
from shared.messages.acting import MessageStanding

NOTHING: dict[str, Any] = {"offered_to": "", "delivered": False, "undelivered": False}


@pytest.mark.parametrize(
    ("state", "reason", "more", "standing"),
    [
        ("pending", "", {}, MessageStanding.WAITING),
        ("pending", "quiet-hours", {}, MessageStanding.WAITING),
        ("pending", "held/no-gateway", {}, MessageStanding.UNCONNECTED),
        ("pending", "unknown-outcome", {"offered_to": "a"}, MessageStanding.UNKNOWN),
        ("pending", "held/no-gateway", {"offered_to": "a"}, MessageStanding.UNKNOWN),
        ("sending", "", {"offered_to": "a"}, MessageStanding.SENDING),
        ("held", "unknown-outcome", {"offered_to": "a"}, MessageStanding.HELD),
        ("sent", "", {}, MessageStanding.ACCEPTED),
        ("sent", "", {"undelivered": True}, MessageStanding.UNDELIVERED),
        ("sent", "", {"delivered": True}, MessageStanding.DELIVERED),
        ("failed", "rejected", {}, MessageStanding.FAILED),
        ("suppressed", "no-address", {}, MessageStanding.ENDED),
        ("withdrawn", "withdrawn", {}, MessageStanding.ENDED),
    ],
)
def test_a_row_stands_as_its_state_reason_and_receipt_say(
    state: str, reason: str, more: dict[str, Any], standing: MessageStanding
) -> None:
    assert find_standing(NotificationState(state), reason, **NOTHING | more) is standing
