"""The only module that reads the clock; all others take `now` as an argument."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from shared.errors import CuibanError


class Clock(Protocol):
    """Tells the office's time. Instants are aware and in UTC."""

    def now(self) -> datetime:
        """The present instant."""

    def measure_skew(self, database_now: datetime) -> timedelta:
        """How far this clock is ahead of the database's; negative when it is behind."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, from the machine."""
        return datetime.now(UTC)

    def measure_skew(self, database_now: datetime) -> timedelta:
        """How far the machine's clock is ahead of the database's."""
        return self.now() - database_now


class SteppedClock:
    """A clock that stands still until it is set.

    Its instant is in a file as ISO 8601 text, so that several processes share it.
    The demo or a test replaces the file with `set`, atomically.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """The instant in the file.

        Raises:
            CuibanError: the file is missing or holds no instant with an offset.
        """
        try:
            instant = datetime.fromisoformat(self._path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise CuibanError(
                f"The clock file {self._path} can't be read: {error}.",
                "Write an ISO 8601 instant with an offset into it, or unset CUIBAN_CLOCK_FILE.",
            ) from error
        if instant.tzinfo is None:
            raise CuibanError(
                f"The clock file {self._path} holds an instant without an offset.",
                "Write one like 2023-06-01T09:00:00+08:00.",
            )
        return instant.astimezone(UTC)

    def measure_skew(self, database_now: datetime) -> timedelta:  # noqa: ARG002 - the protocol's
        """Zero: a stepped clock is independent of the database's clock."""
        return timedelta(0)

    def set(self, instant: datetime) -> None:
        """Move the clock, atomically."""
        _replace(self._path, instant.astimezone(UTC).isoformat())


class RunningClock:
    """A clock that runs faster than real time, for all processes of one machine.

    The file holds a JSON object: at `monotonic` (seconds of the machine's monotonic clock) the
    office's time was `office` (ISO 8601), and since then it runs `rate` times as fast as real
    time. `offset` (seconds of the office's time, default 0) is the error of this process's clock,
    which simulates a host whose clock was set wrongly.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """The office's instant, as this process's clock shows it.

        Raises:
            CuibanError: the file is missing or holds no running clock.
        """
        office, offset = self._read()
        return office + offset

    def measure_skew(self, database_now: datetime) -> timedelta:  # noqa: ARG002 - the protocol's
        """The offset: the database's clock counts as correct."""
        return self._read()[1]

    def _read(self) -> tuple[datetime, timedelta]:
        try:
            content = json.loads(self._path.read_text(encoding="ascii"))
            office = datetime.fromisoformat(content["office"])
            passed = (time.monotonic() - float(content["monotonic"])) * float(content["rate"])
            offset = timedelta(seconds=float(content.get("offset", 0)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CuibanError(
                f"The clock file {self._path} can't be read: {error!r}.",
                "Write an object with office, monotonic and rate into it, or unset "
                "CUIBAN_CLOCK_FILE.",
            ) from error
        return office.astimezone(UTC) + timedelta(seconds=passed), offset


def write_running_clock(
    path: Path, office: datetime, monotonic: float, rate: float, offset: timedelta = timedelta(0)
) -> None:
    """Write the file of a running clock, atomically: see `RunningClock`."""
    content = {
        "office": office.astimezone(UTC).isoformat(),
        "monotonic": monotonic,
        "rate": rate,
        "offset": offset.total_seconds(),
    }
    _replace(path, json.dumps(content))


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".next")
    fresh.write_text(text, encoding="ascii")
    fresh.replace(path)


def open_clock(path: Path | None) -> Clock:
    """The stepped or running clock in `path`, or the machine's when there is none."""
    if path is None:
        return SystemClock()
    try:
        running = path.read_text(encoding="ascii").lstrip().startswith("{")
    except (OSError, ValueError):
        running = False  # `SteppedClock.now` raises the error
    return RunningClock(path) if running else SteppedClock(path)


def read_machine_time() -> datetime:
    """The machine's instant, independent of the office's clock: for time-outs and back-off."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that never run backwards: for durations."""
    return time.monotonic()
