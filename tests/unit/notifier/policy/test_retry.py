"""What follows an attempt."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.message import Accepted, Fault, Refusal, Refused, Unknown
from services.notifier.policy.retry import (
    Again,
    AgainReason,
    Failed,
    FailReason,
    Held,
    Retrying,
    Sent,
    WhenUnknown,
    follow,
)

NOW = datetime(2023, 12, 26, 1, tzinfo=UTC)
DELAYS = (timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=2))
RETRYING = Retrying(DELAYS, timedelta(seconds=30), WhenUnknown.REOFFER)
BUSY = Refused(Refusal.BUSY, permanent=False, detail="SMTP 451 later")


def after(outcome, failures=0, retrying=RETRYING, deadline=None, chance=0.5):
    return follow(outcome, failures, retrying, now=NOW, deadline=deadline, chance=chance)


def test_accepted_is_sent() -> None:
    assert after(Accepted("m1")) == Sent("m1")


def test_a_permanent_refusal_has_failed_with_its_reason() -> None:
    refused = Refused(Refusal.REJECTED, permanent=True, detail="SMTP 550 no")
    assert after(refused) == Failed(Refusal.REJECTED, "SMTP 550 no")


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_a_transient_refusal_is_tried_again_ever_later(failures: int) -> None:
    assert after(BUSY, failures) == Again(DELAYS[failures], Refusal.BUSY)


def test_used_up_delays_have_failed() -> None:
    assert after(BUSY, 3) == Failed(FailReason.EXHAUSTED, "busy: SMTP 451 later")


def test_retry_after_is_honoured_but_not_beyond_a_day() -> None:
    wish = Refused(Refusal.BUSY, permanent=False, retry_after=timedelta(hours=3))
    assert after(wish) == Again(timedelta(hours=3), Refusal.BUSY)
    greedy = Refused(Refusal.BUSY, permanent=False, retry_after=timedelta(days=9))
    assert after(greedy) == Again(timedelta(days=1), Refusal.BUSY)


def test_an_unknown_outcome_pauses_or_is_held() -> None:
    assert after(Unknown()) == Again(timedelta(seconds=30), AgainReason.UNKNOWN_OUTCOME)
    held = Retrying(DELAYS, timedelta(seconds=30), WhenUnknown.HOLD)
    assert after(Unknown(), retrying=held) == Held()


@pytest.mark.parametrize("reason", [Refusal.UNREACHABLE, Refusal.UNAUTHORISED, Refusal.INSECURE])
def test_a_gateway_that_is_away_uses_up_no_delay(reason: Refusal) -> None:
    away = Refused(reason, permanent=False)
    assert after(away, 99) == Again(DELAYS[0], reason, counts=False)


SUSPECTED = [Refusal.FORBIDDEN, Refusal.GONE, Refusal.REFUSES_US]


@pytest.mark.parametrize("reason", SUSPECTED)
def test_a_suspected_refusal_backs_off_and_never_fails(reason: Refusal) -> None:
    refused = Refused(reason, permanent=False)
    assert after(refused, 1) == Again(DELAYS[1], reason)
    assert after(refused, 99) == Again(DELAYS[-1], reason)


@pytest.mark.parametrize("reason", SUSPECTED)
def test_once_it_is_found_whose_fault_it_is_that_decides(reason: Refusal) -> None:
    message = Refused(reason, permanent=False, detail="HTTP 403", judged=Fault.MESSAGE)
    assert after(message, 1) == Again(DELAYS[1], reason)
    assert after(message, 3) == Failed(FailReason.EXHAUSTED, f"{reason}: HTTP 403")
    gateway = Refused(reason, permanent=False, judged=Fault.GATEWAY)
    assert after(gateway, 99) == Again(DELAYS[0], reason, counts=False)


def test_a_retry_that_would_pass_the_date_goes_halfway() -> None:
    tonight = NOW + timedelta(hours=1)
    assert after(BUSY, 2, deadline=tonight) == Again(timedelta(minutes=30), Refusal.BUSY)


@given(
    failures=st.integers(0, 2),
    left=st.timedeltas(timedelta(seconds=11), timedelta(days=3)),
    wish=st.none() | st.timedeltas(timedelta(0), timedelta(days=10)),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_no_retry_passes_the_date(failures, left, wish, chance) -> None:
    refused = Refused(Refusal.BUSY, permanent=False, retry_after=wish)
    found = after(refused, failures, deadline=NOW + left, chance=chance)
    assert isinstance(found, Again)
    assert timedelta(0) < found.delay < left
