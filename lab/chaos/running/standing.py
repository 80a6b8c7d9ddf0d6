"""What a run stands on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.chaos.running.clocks import Clocks
from lab.stack.record import StackRecord
from lab.stack.stack import Stack


@dataclass
class Ground:
    """What a run stands on: a stack that is up, with nothing in it yet."""

    stack: Stack
    record: StackRecord
    clocks: Clocks
    place: Path
    disk: Path | None
    say: Callable[[str], None]
