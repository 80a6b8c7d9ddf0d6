"""Channels in order: a channel waits for those before it."""

from dataclasses import replace
from datetime import date

import pytest

from shared.messages.stages import (
    Defer,
    DeferReason,
    EarlierMessage,
    Send,
    Suppress,
    SuppressReason,
    decide,
)
from tests.unit.shared.messages.test_stages import FAR, POLICY, item, local, of_rule

SENT_AT = local(2023, 12, 26, 9)
SENT = EarlierMessage(SENT_AT, is_sent=True)
DELIVERED = EarlierMessage(SENT_AT, is_sent=True, is_delivered=True)
FAILED = EarlierMessage(SENT_AT, is_given_up=True)
OPEN = EarlierMessage(SENT_AT)
ANSWERED = Suppress(SuppressReason.EARLIER_CHANNEL)
NOON = local(2023, 12, 26, 12)


def wait_until(*parts: int) -> Defer:
    return Defer(local(*parts), DeferReason.IN_ORDER)


@pytest.mark.parametrize(
    ("earlier", "hours", "decision"),
    [
        ([], 6, Send()),
        ([FAILED], 6, Send()),
        ([DELIVERED], 6, ANSWERED),
        ([SENT], 6, wait_until(2023, 12, 26, 15)),
        ([SENT], 3, Send()),
        ([OPEN], 6, wait_until(2023, 12, 26, 15)),
        ([OPEN], 3, Send()),
        ([FAILED, SENT], 6, wait_until(2023, 12, 26, 15)),
        ([DELIVERED, FAILED], 6, ANSWERED),
        ([SENT, replace(SENT, begun=local(2023, 12, 26, 11))], 3, wait_until(2023, 12, 26, 14)),
        ([SENT], None, ANSWERED),
        ([FAILED], None, Send()),
        ([OPEN], None, wait_until(2023, 12, 26, 12, 15)),
    ],
)
def test_a_channel_waits_for_those_before_it(
    earlier: list[EarlierMessage], hours: int | None, decision: object
) -> None:
    ordered = of_rule(FAR, order="in-order", answer_within_hours=hours)
    assert decide(replace(ordered, earlier=earlier), POLICY, NOON) == decision


def test_no_wait_for_an_answer_passes_the_date() -> None:
    last_day = of_rule(item(date(2023, 12, 26)), order="in-order", answer_within_hours=24)
    assert decide(replace(last_day, earlier=[SENT]), POLICY, NOON) == Send()
