"""The office's clock while it runs, and the clock of each part, which may be wrong."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from shared.clock import RunningClock, write_running_clock

_SLOT_EVERY = 3600  # seconds of the office's time


@dataclass
class PartClocks:
    """Clock files in one directory: one for the office and one for each part.

    Attributes:
        rate: how many times as fast as real time the clocks run; 0 while they stand.
        running_rate: the rate while they run.
    """

    directory: Path
    rate: float
    parts: Iterable[str]
    running_rate: float = field(init=False)
    _office: datetime | None = field(default=None, init=False)
    _monotonic: float = field(default=0.0, init=False)
    _offsets: dict[str, timedelta] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Remember the rate."""
        self.running_rate = self.rate

    @property
    def office_file(self) -> Path:
        """The file of the office's clock, which is right."""
        return self.directory / "clock"

    def get_file(self, part: str) -> Path:
        """The file of a part's clock."""
        return self.directory / f"clock-{part}"

    def start(self, office: datetime, rate: float | None = None) -> None:
        """Start all clocks at an instant of the office's time; with rate 0 they stand still."""
        self._office, self._monotonic = office, time.monotonic()
        self.rate = self.running_rate if rate is None else rate
        self._write()

    def stop(self) -> datetime:
        """Stop all clocks, with every offset removed; returns their instant."""
        now = self.now()
        self._offsets.clear()
        self.start(now, rate=0.0)
        return now

    def now(self) -> datetime:
        """The office's time."""
        return RunningClock(self.office_file).now()

    def get_seconds_until_slot(self, lead: float) -> float:
        """Seconds of real time until `lead` seconds before the next slot; 0 when that is past.

        There is a slot at every full hour of the office's time.
        """
        into_hour = self.now().timestamp() % _SLOT_EVERY
        return max(0.0, (_SLOT_EVERY - into_hour) / self.running_rate - lead)

    def set_offset(self, part: str, offset: timedelta) -> None:
        """Make a part's clock wrong by an offset of the office's time; 0 makes it right again."""
        self._offsets[part] = offset
        self._write()

    def _write(self) -> None:
        if self._office is None:
            return
        write_running_clock(self.office_file, self._office, self._monotonic, self.rate)
        for part in self.parts:
            offset = self._offsets.get(part, timedelta(0))
            write_running_clock(
                self.get_file(part), self._office, self._monotonic, self.rate, offset
            )
