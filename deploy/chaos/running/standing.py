"""What a run stands on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.chaos.running.clocks import Clocks
from deploy.local.record import Record
from deploy.local.stack import Stack


@dataclass
class Ground:
    """What a run stands on: a stack that is up, with nothing in it yet."""

    stack: Stack
    record: Record
    clocks: Clocks
    place: Path
    disk: Path | None
    say: Callable[[str], None]
