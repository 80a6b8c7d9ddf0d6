"""Each value of a closed list has a word in an office's documents."""

from collections.abc import Mapping
from enum import StrEnum

import pytest

from services.ingest.domain import words
from shared.schemas.life import Action, ObligationStatus
from shared.schemas.rules import Audience, Channel, ObligationKind


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (words.STATUSES, ObligationStatus),
        (words.ACTIONS, Action),
        (words.KINDS, ObligationKind),
        (words.AUDIENCES, Audience),
        (words.CHANNELS, Channel),
    ],
)
def test_each_value_has_a_word(table: Mapping[str, str], values: type[StrEnum]) -> None:
    assert set(values) <= set(table)
