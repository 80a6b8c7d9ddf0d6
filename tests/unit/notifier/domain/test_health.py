"""A gateway loses its share of messages in steps, and wins it back in steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.health import SHARES, WINS_BACK, Health
from services.notifier.domain.message import (
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
    Refusal,
)

TAKEN = MessageAccepted("m")
BUSY = MessageRefused(Refusal.BUSY, permanent=False)
AWAY = MessageRefused(Refusal.UNREACHABLE, permanent=False)
BAD = MessageRefused(Refusal.BAD_ADDRESS, permanent=True)
FORBIDDEN = MessageRefused(Refusal.FORBIDDEN, permanent=False)
LOST = OutcomeUnknown()


def after(*outcomes: Outcome) -> Health:
    health = Health()
    for outcome in outcomes:
        health = health.learn(outcome)
    return health


@pytest.mark.parametrize(
    ("outcomes", "share"),
    [
        ([TAKEN], 1.0),
        ([BAD, FORBIDDEN], 1.0),
        ([BUSY], 0.5),
        ([LOST], 0.5),
        ([AWAY, LOST], 0.25),
        ([AWAY] * 9, 0.0625),
        ([AWAY, AWAY, *[TAKEN] * (WINS_BACK - 1)], 0.25),
        ([AWAY, AWAY, *[TAKEN] * WINS_BACK], 0.5),
        ([AWAY, AWAY, *[TAKEN] * WINS_BACK * 2], 1.0),
        ([AWAY, *[TAKEN] * (WINS_BACK - 1), BUSY, TAKEN], 0.25),
        ([AWAY, *[TAKEN] * (WINS_BACK - 1), BAD, TAKEN], 1.0),
    ],
)
def test_steps(outcomes: list[Outcome], share: float) -> None:
    assert after(*outcomes).share == share


@given(st.lists(st.sampled_from([TAKEN, BUSY, AWAY, BAD, FORBIDDEN, LOST])))
def test_one_outcome_moves_the_share_by_at_most_one_step_and_never_to_nothing(
    outcomes: list[Outcome],
) -> None:
    health = Health()
    for outcome in outcomes:
        later = health.learn(outcome)
        assert abs(later.step - health.step) <= 1
        assert later.share in SHARES
        assert later.share > 0
        health = later
    for _ in range(WINS_BACK * len(SHARES)):
        health = health.learn(TAKEN)
    assert health == Health()
