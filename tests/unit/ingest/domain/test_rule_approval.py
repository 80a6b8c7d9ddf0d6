"""When a second person approves a rule book."""

import pytest

from services.ingest.domain.rule_approval import NEVER, RuleEffect


@pytest.mark.parametrize(
    ("units", "differing", "share", "expected"),
    [
        (10, 2, 20, False),
        (10, 3, 20, True),
        (1, 1, 20, True),
        (10, 1, 0, True),
        (10, 0, 0, False),
        (10, 10, NEVER, False),
        (0, 0, 0, False),
    ],
)
def test_more_than_the_share_needs_approval(
    units: int, differing: int, share: int, expected: bool
) -> None:
    assert RuleEffect(units, differing, (), share).needs_approval is expected
