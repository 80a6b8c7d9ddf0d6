"""The office's clock while it runs, and the clock of each part, which may be wrong."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from shared.clock import RunningClock, write_running_clock


@dataclass
class Clocks:
    """Files of running clocks in one directory: the right one, and one for each part.

    Attributes:
        rate: how many times as fast as real time they run; 0 while they stand.
        ran: how fast they run when they run.
    """

    directory: Path
    rate: float
    parts: Iterable[str]
    ran: float = field(init=False)
    _office: datetime | None = field(default=None, init=False)
    _monotonic: float = field(default=0.0, init=False)
    _wrong: dict[str, timedelta] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Remember the rate."""
        self.ran = self.rate

    @property
    def right(self) -> Path:
        """The file of the clock that is right."""
        return self.directory / "clock"

    def own(self, part: str) -> Path:
        """The file of a part's clock."""
        return self.directory / f"clock-{part}"

    def start(self, office: datetime, rate: float | None = None) -> None:
        """Let all clocks run on from an instant of the office; rate 0 lets them stand."""
        self._office, self._monotonic = office, time.monotonic()
        self.rate = self.ran if rate is None else rate
        self._write()

    def stop(self) -> datetime:
        """Let all clocks stand where they are, and right; returns that instant."""
        now = self.now()
        self._wrong.clear()
        self.start(now, rate=0.0)
        return now

    def now(self) -> datetime:
        """The office's instant."""
        return RunningClock(self.right).now()

    def put_wrong(self, part: str, offset: timedelta) -> None:
        """Let a part's clock be wrong by some of the office's time; none mends it."""
        self._wrong[part] = offset
        self._write()

    def _write(self) -> None:
        if self._office is None:
            return
        write_running_clock(self.right, self._office, self._monotonic, self.rate)
        for part in self.parts:
            offset = self._wrong.get(part, timedelta(0))
            write_running_clock(self.own(part), self._office, self._monotonic, self.rate, offset)
