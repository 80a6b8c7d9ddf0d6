"""What follows an attempt."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.message import (
    Blame,
    MessageAccepted,
    MessageRefused,
    OutcomeUnknown,
    Refusal,
)
from services.notifier.domain.retry import (
    FailReason,
    HoldForDecision,
    MarkFailed,
    MarkSent,
    OpenReason,
    RetryPolicy,
    TryAgain,
    WhenUnknown,
    decide_next,
)

NOW = datetime(2023, 12, 26, 1, tzinfo=UTC)
DELAYS = (timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=2))
RETRYING = RetryPolicy(DELAYS, timedelta(seconds=30), WhenUnknown.REOFFER)
BUSY = MessageRefused(Refusal.BUSY, permanent=False, detail="SMTP 451 later")


def after(outcome, failures=0, retry=RETRYING, deadline=None, chance=0.5):
    return decide_next(outcome, failures, retry, now=NOW, deadline=deadline, chance=chance)


def test_accepted_is_sent() -> None:
    assert after(MessageAccepted("m1")) == MarkSent("m1")


def test_a_permanent_refusal_has_failed_with_its_reason() -> None:
    refused = MessageRefused(Refusal.REJECTED, permanent=True, detail="SMTP 550 no")
    assert after(refused) == MarkFailed(Refusal.REJECTED, "SMTP 550 no")


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_a_transient_refusal_is_tried_again_ever_later(failures: int) -> None:
    assert after(BUSY, failures) == TryAgain(DELAYS[failures], Refusal.BUSY)


def test_used_up_delays_have_failed() -> None:
    assert after(BUSY, 3) == MarkFailed(FailReason.EXHAUSTED, "busy: SMTP 451 later")


def test_retry_after_is_honoured_but_not_beyond_a_day() -> None:
    wish = MessageRefused(Refusal.BUSY, permanent=False, retry_after=timedelta(hours=3))
    assert after(wish) == TryAgain(timedelta(hours=3), Refusal.BUSY)
    greedy = MessageRefused(Refusal.BUSY, permanent=False, retry_after=timedelta(days=9))
    assert after(greedy) == TryAgain(timedelta(days=1), Refusal.BUSY)


def test_an_unknown_outcome_pauses_or_is_held() -> None:
    assert after(OutcomeUnknown()) == TryAgain(timedelta(seconds=30), OpenReason.UNKNOWN_OUTCOME)
    held = RetryPolicy(DELAYS, timedelta(seconds=30), WhenUnknown.HOLD)
    assert after(OutcomeUnknown(), retry=held) == HoldForDecision()


@pytest.mark.parametrize("reason", [Refusal.UNREACHABLE, Refusal.UNAUTHORISED, Refusal.INSECURE])
def test_a_gateway_that_is_away_uses_up_no_delay(reason: Refusal) -> None:
    away = MessageRefused(reason, permanent=False)
    assert after(away, 99) == TryAgain(DELAYS[0], reason, counts=False)


SUSPECTED = [Refusal.FORBIDDEN, Refusal.GONE, Refusal.REFUSES_US]


@pytest.mark.parametrize("reason", SUSPECTED)
def test_a_suspected_refusal_backs_off_and_never_fails(reason: Refusal) -> None:
    refused = MessageRefused(reason, permanent=False)
    assert after(refused, 1) == TryAgain(DELAYS[1], reason)
    assert after(refused, 99) == TryAgain(DELAYS[-1], reason)


@pytest.mark.parametrize("reason", SUSPECTED)
def test_once_it_is_found_whose_fault_it_is_that_decides(reason: Refusal) -> None:
    message = MessageRefused(reason, permanent=False, detail="HTTP 403", judged=Blame.MESSAGE)
    assert after(message, 1) == TryAgain(DELAYS[1], reason)
    assert after(message, 3) == MarkFailed(FailReason.EXHAUSTED, f"{reason}: HTTP 403")
    gateway = MessageRefused(reason, permanent=False, judged=Blame.GATEWAY)
    assert after(gateway, 99) == TryAgain(DELAYS[0], reason, counts=False)


def test_a_retry_that_would_pass_the_date_goes_halfway() -> None:
    tonight = NOW + timedelta(hours=1)
    assert after(BUSY, 2, deadline=tonight) == TryAgain(timedelta(minutes=30), Refusal.BUSY)


@given(
    failures=st.integers(0, 2),
    left=st.timedeltas(timedelta(seconds=11), timedelta(days=3)),
    wish=st.none() | st.timedeltas(timedelta(0), timedelta(days=10)),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_no_retry_passes_the_date(failures, left, wish, chance) -> None:
    refused = MessageRefused(Refusal.BUSY, permanent=False, retry_after=wish)
    found = after(refused, failures, deadline=NOW + left, chance=chance)
    assert isinstance(found, TryAgain)
    assert timedelta(0) < found.delay < left
