import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.clock import RunningClock, SteppedClock, SystemClock, open_clock, write_running_clock
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
    assert isinstance(open_clock(None), SystemClock)
    assert open_clock(None).now().tzinfo is UTC


def test_a_running_clock_goes_on_by_itself_at_its_rate(tmp_path: Path) -> None:
    path, start = tmp_path / "clock", datetime(2023, 6, 1, 1, tzinfo=UTC)
    write_running_clock(path, start, time.monotonic() - 10, rate=600)
    clock = open_clock(path)
    assert isinstance(clock, RunningClock)
    first = clock.now()
    assert first >= start + timedelta(seconds=6000)
    assert clock.now() > first


def test_a_running_clock_that_is_wrong_says_by_how_much(tmp_path: Path) -> None:
    path, start = tmp_path / "clock", datetime(2023, 6, 1, 1, tzinfo=UTC)
    wrong = timedelta(hours=-3)
    write_running_clock(path, start, time.monotonic(), rate=0, offset=wrong)
    clock = open_clock(path)
    assert clock.measure_skew(start) == wrong
    assert clock.now() == start + wrong


def test_the_machines_clock_is_compared_with_the_databases(tmp_path: Path) -> None:
    ahead = open_clock(None).measure_skew(datetime.now(UTC) - timedelta(seconds=40))  # noqa: TID251
    assert timedelta(seconds=39) < ahead < timedelta(seconds=100)
    stepped = SteppedClock(tmp_path / "clock")
    assert stepped.measure_skew(datetime(2023, 1, 1, tzinfo=UTC)) == timedelta(0)


@pytest.mark.parametrize("text", ["{", "{}", '{"office": "x", "monotonic": 1, "rate": 1}'])
def test_a_file_that_holds_no_running_clock_says_what_to_write(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clock"
    path.write_text(text)
    with pytest.raises(CuibanError, match="office, monotonic and rate"):
        open_clock(path).now()
