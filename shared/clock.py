"""The only place that reads the clock; everyone else takes `now` as an argument."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from shared.errors import CuibanError


class Clock(Protocol):
    """Tells the office's time. Instants are aware and in UTC."""

    def now(self) -> datetime:
        """The present instant."""

    def skew(self, database_now: datetime) -> timedelta:
        """How far this clock is ahead of where the database's clock says that it should be."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, from the machine."""
        return datetime.now(UTC)

    def skew(self, database_now: datetime) -> timedelta:
        """The machine's clock less the database's; ask as soon as that was read."""
        return self.now() - database_now


class SteppedClock:
    """A clock that stands still until somebody moves it.

    The instant stands in a small file as ISO 8601 text, so that several processes share it.
    Whoever drives it (the demo, a test) replaces the file with `set`; readers never see half a
    write, because the replacement is atomic.
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

    def skew(self, database_now: datetime) -> timedelta:  # noqa: ARG002 - of the protocol
        """None: it stands where it was set, and the database's clock is not its measure."""
        return timedelta(0)

    def set(self, instant: datetime) -> None:
        """Move the clock, atomically."""
        fresh = self._path.with_name(self._path.name + ".next")
        fresh.write_text(instant.astimezone(UTC).isoformat(), encoding="ascii")
        fresh.replace(self._path)


def clock_from(path: Path | None) -> Clock:
    """The stepped clock in `path`, or the machine's when there is none."""
    return SteppedClock(path) if path else SystemClock()


def real_now() -> datetime:
    """The machine's instant, whatever the office's clock says: for time-outs and back-off."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that never run backwards: for durations."""
    return time.monotonic()
