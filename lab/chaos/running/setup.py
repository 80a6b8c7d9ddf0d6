"""The stack of a run with a running clock."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.chaos.faults.clocks import PartClocks
from lab.stack.record import StackRecord
from lab.stack.stack import Stack


@dataclass
class RunSetup:
    """A running stack that holds nothing yet, with its clocks and its small disk.

    Attributes:
        light: publish one measure for each unit instead of the real table.
        bound: seconds of real time without faults in which what is due must arrive.
    """

    stack: Stack
    record: StackRecord
    clocks: PartClocks
    directory: Path
    disk: Path | None
    say: Callable[[str], None]
    light: bool
    bound: float
