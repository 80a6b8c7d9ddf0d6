"""The clocks of a run with a running clock."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.chaos.faults.clocks import PartClocks


@pytest.mark.parametrize(
    ("minute", "seconds"),
    [(0, 8.5), (30, 4.0), (57, 0.0)],  # at 400 times real time an hour lasts 9 s
)
def test_a_fault_begins_before_the_next_full_hour(
    tmp_path: Path, minute: int, seconds: float
) -> None:
    clocks = PartClocks(tmp_path, 400, ())
    clocks.start(datetime(2023, 6, 1, 9, minute, tzinfo=UTC), rate=0)
    assert clocks.get_seconds_until_slot(0.5) == pytest.approx(seconds)
