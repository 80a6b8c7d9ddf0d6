"""The stack for a run with a running clock: a clock for each part, and a small disk if it can."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.chaos.faults import SERVICES, FaultKind
from lab.chaos.running.clocks import Clocks
from lab.chaos.running.disks import small_disk
from lab.chaos.running.proving import prove_running
from lab.chaos.running.standing import Ground
from lab.chaos.running.stops import RESUMED_WITHIN
from lab.chaos.running.verdict import RunningVerdict
from lab.demo.script import START
from lab.stack.stack import Stack

RATE = 400.0
"""How many times as fast as real time the office's clock runs: an hour, and with it a slot, takes
nine seconds."""
_SETTINGS = {
    "CUIBAN_QUIET_SMS": "none",
    # 108 s of real time: beyond the outages of a run, so that no slot fires before its facts.
    "CUIBAN_COMPLETE_WITHIN": "PT12H",
    "CUIBAN_CLOCK_SKEW": "PT10S",
    "CUIBAN_LOG_LEVEL": "INFO",
}


@dataclass(frozen=True, slots=True)
class Script:
    """What a run is asked for: `kinds` are the kinds of faults that may strike."""

    seed: int
    faults: int
    brokers: int
    kinds: frozenset[FaultKind]


def live_running(
    place: Path,
    script: Script,
    say: Callable[[str], None],
    haste: Mapping[str, str],
    services: Mapping[str, int],
) -> RunningVerdict:
    """Start a stack under `place`, live through a run, and end the stack."""
    clocks = Clocks(place, RATE, SERVICES)
    clocks.start(START, rate=0.0)
    # What has stopped until the operator lets it go on is not ready meanwhile.
    stack = Stack(place / "state", part_within=RESUMED_WITHIN)
    stack.claim_directory()
    with small_disk(stack.state / "postgres") as disk:
        without = set(FaultKind) - script.kinds
        if disk is None:
            without.add(FaultKind.DISK_FULL)
            say("No small disk can be mounted here (root on Linux can): no disk-full.")
        if script.brokers == 1:
            without.add(FaultKind.BROKERS_IN_TURN)
        try:
            record = stack.start_all(
                services=services,
                clock_file=clocks.right,
                extra_env={**haste, **_SETTINGS},
                parts={part: {"CUIBAN_CLOCK_FILE": str(clocks.own(part))} for part in SERVICES},
                brokers=script.brokers,
                tied=True,
                say=say,
            )
            ground = Ground(stack, record, clocks, place, disk, say)
            return asyncio.run(prove_running(script.seed, script.faults, ground, without))
        finally:
            stack.stop_all()
