"""When the circuit of a gateway opens, and how it closes again."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.agreement import AGREE
from services.notifier.domain.breaker import FIRST_PAUSE, UNANSWERED, Breaker, Circuit
from services.notifier.domain.message import (
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
    Refusal,
)

TAKEN = MessageAccepted("m")
AWAY = MessageRefused(Refusal.UNREACHABLE, permanent=False, detail="no connection")
BUSY = MessageRefused(Refusal.BUSY, permanent=False)
FORBIDDEN = MessageRefused(Refusal.FORBIDDEN, permanent=False)
LOST = OutcomeUnknown("TimeoutError")


def learn(breaker: Breaker, outcome: Outcome, *messages: int, now: float = 0.0) -> Breaker:
    for message in messages:
        breaker.learn(UUID(int=message), outcome, now)
    return breaker


@pytest.mark.parametrize(
    ("outcome", "messages", "opens"),
    [
        (TAKEN, [1], False),
        (BUSY, [1, 2, 3, 4, 5, 6], False),
        (AWAY, [1], True),
        (FORBIDDEN, range(AGREE - 1), False),
        (FORBIDDEN, [1] * AGREE, False),
        (FORBIDDEN, range(AGREE), True),
        (LOST, range(UNANSWERED - 1), False),
        (LOST, [1] * UNANSWERED, False),
        (LOST, range(UNANSWERED), True),
    ],
)
def test_what_opens_it(outcome: Outcome, messages: list[int], opens: bool) -> None:
    breaker = learn(Breaker(), outcome, *messages)
    assert breaker.get_circuit(0.0) is (Circuit.OPEN if opens else Circuit.CLOSED)
    assert bool(breaker.why) == opens


def test_an_answer_between_lost_ones_keeps_it_closed() -> None:
    breaker = learn(Breaker(), LOST, *range(UNANSWERED - 1))
    learn(breaker, TAKEN, 50)
    learn(breaker, LOST, *range(60, 60 + UNANSWERED - 1))
    assert breaker.get_circuit(0.0) is Circuit.CLOSED


def test_after_the_pause_it_is_half_open_and_one_answer_closes_it() -> None:
    breaker = learn(Breaker(), AWAY, 1)
    assert breaker.get_circuit(FIRST_PAUSE) is Circuit.HALF_OPEN
    learn(breaker, TAKEN, 2, now=FIRST_PAUSE)
    assert breaker.get_circuit(FIRST_PAUSE) is Circuit.CLOSED
    assert breaker.why == ""


def test_it_knows_since_when_it_is_as_it_is() -> None:
    breaker = Breaker()
    assert learn(breaker, TAKEN, 1, now=1.0).since is None
    assert learn(breaker, AWAY, 2, now=2.0).since == 2.0
    assert learn(breaker, AWAY, 3, now=5.0).since == 2.0  # a new pause of the same rest
    assert learn(breaker, TAKEN, 4, now=9.0).since == 9.0
    assert learn(breaker, TAKEN, 5, now=10.0).since == 9.0


@pytest.mark.parametrize("failure", [AWAY, LOST])
def test_each_failing_probe_doubles_the_pause_up_to_the_longest(failure: Outcome) -> None:
    breaker, now, pauses = learn(Breaker(longest=3.0), AWAY, 1), 0.0, []
    for probe in range(2, 6):
        pauses.append(breaker.pause)
        now = breaker.until
        learn(breaker, failure, probe, now=now)
    assert pauses == [0.5, 1.0, 2.0, 3.0]


def test_a_late_answer_to_an_earlier_offer_does_not_lengthen_the_pause() -> None:
    breaker = learn(Breaker(), AWAY, 1, 2, 3, now=0.1)
    assert breaker.pause == FIRST_PAUSE


OUTCOMES = st.sampled_from([TAKEN, AWAY, BUSY, FORBIDDEN, LOST])


@given(st.lists(st.tuples(OUTCOMES, st.integers(0, 9), st.floats(0, 30)), max_size=60))
def test_whatever_happened_it_is_never_open_for_longer_than_its_longest_pause(
    events: list[tuple[Outcome, int, float]],
) -> None:
    breaker, now = Breaker(), 0.0
    for outcome, message, later in events:
        now += later
        learn(breaker, outcome, message, now=now)
        assert breaker.until <= now + breaker.longest
        assert breaker.get_circuit(now + breaker.longest) is not Circuit.OPEN
    learn(breaker, TAKEN, 99, now=now)
    assert breaker.get_circuit(now) is Circuit.CLOSED
