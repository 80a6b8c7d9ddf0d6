from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.clock import SteppedClock, SystemClock, clock_from
from shared.errors import CuibanError


def test_a_stepped_clock_stands_still_until_it_is_moved(tmp_path: Path) -> None:
    clock = SteppedClock(tmp_path / "clock")
    start = datetime(2023, 6, 1, 1, tzinfo=UTC)
    clock.set(start)
    assert clock.now() == start == SteppedClock(tmp_path / "clock").now()
    clock.set(start + timedelta(days=1))
    assert clock.now() == start + timedelta(days=1)


@pytest.mark.parametrize("text", ["", "tomorrow", "2023-06-01T09:00:00", "99999-01-01"])
def test_a_clock_file_that_holds_no_instant_says_what_to_write(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clock"
    path.write_text(text)
    with pytest.raises(CuibanError, match=r"ISO 8601|offset|like 2023"):
        SteppedClock(path).now()


def test_without_a_file_the_machines_clock_is_used() -> None:
    assert isinstance(clock_from(None), SystemClock)
    assert clock_from(None).now().tzinfo is UTC
