"""How a run with a running clock ends."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from lab.chaos.faults.clocks import PartClocks
from lab.chaos.running.proving import stop_clock
from lab.demo.quiet import PipelineWatcher

BEGIN = datetime(2023, 6, 2, 17, tzinfo=UTC)


@dataclass
class Waiting:
    """A pipeline in which messages wait for instants; each time it gets quiet is noted."""

    clocks: PartClocks
    after: tuple[timedelta, ...]
    quiet_at: list[datetime] = field(default_factory=list)

    async def wait_until_quiet(self, now: datetime, within: float) -> None:
        assert self.clocks.now() == now
        self.quiet_at.append(now)

    async def find_next_sending(self, now: datetime) -> datetime | None:
        waiting = [self.quiet_at[0] + each for each in self.after]
        return min((each for each in waiting if each > now), default=None)


async def test_what_is_tried_again_is_sent_before_the_run_is_judged(tmp_path: Path) -> None:
    """A mail whose gateway did not answer is tried again in a second; a stopped clock has none."""
    clocks = PartClocks(tmp_path, 400.0, ("notifier-1",))
    clocks.start(BEGIN)
    soon, later, tomorrow = timedelta(seconds=1), timedelta(seconds=30), timedelta(hours=15)
    pipeline = Waiting(clocks, (later, tomorrow, soon))
    end = await stop_clock(clocks, cast("PipelineWatcher", pipeline))
    assert pipeline.quiet_at == [end, end + soon, end + later]
    assert clocks.now() == end + later
