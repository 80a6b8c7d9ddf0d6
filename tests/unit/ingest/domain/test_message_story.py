"""The attempts of a message and the reports of its gateways, each told once."""

from datetime import UTC, datetime, timedelta

from services.ingest.domain.message_story import (
    Attempt,
    DeliveryReport,
    list_attempts,
    list_receipts,
)
from shared.schemas.messages import MessageStatus

AT = datetime(2023, 11, 1, 1, tzinfo=UTC)
REFUSED = Attempt(1, "a", AT, "busy", "421")
ACCEPTED = Attempt(2, "b", AT + timedelta(minutes=1), "accepted")


def test_the_accepted_attempt_follows_those_that_were_refused() -> None:
    assert list_attempts([REFUSED], ACCEPTED) == [REFUSED, ACCEPTED]
    assert list_attempts([REFUSED], None) == [REFUSED]


def test_what_a_gateway_says_of_an_accepted_attempt_is_a_report_and_no_second_attempt() -> None:
    late = AT + timedelta(hours=1)
    failed = [REFUSED, Attempt(2, "b", late, "undelivered", "UNDELIV")]
    assert list_attempts(failed, ACCEPTED) == [REFUSED, ACCEPTED]
    arrived = AT + timedelta(hours=2)
    assert list_receipts(failed, ACCEPTED, arrived) == [
        DeliveryReport(late, MessageStatus.UNDELIVERED, "b", "UNDELIV"),
        DeliveryReport(arrived, MessageStatus.DELIVERED, "b"),
    ]


def test_a_bounce_keeps_its_reason() -> None:
    bounce = Attempt(2, "b", AT, "bad-address", "550")
    (report,) = list_receipts([bounce], ACCEPTED, None)
    assert report.detail == "bad-address: 550"
    assert list_receipts([bounce], None, None) == [], "a refused attempt is not a report"
