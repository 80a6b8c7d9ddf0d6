"""Starts the stack for a running clock: a clock for each part, and a small disk if possible."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.chaos.faults.clocks import PartClocks
from lab.chaos.faults.disks import mount_small_disk
from lab.chaos.faults.operator import RESUMED_WITHIN
from lab.chaos.faults.schedule import SERVICES, FaultKind
from lab.chaos.oracle.running_verdict import RunningVerdict
from lab.chaos.running.office import BEGIN
from lab.chaos.running.proving import run_and_judge
from lab.chaos.running.setup import RunSetup
from lab.stack.stack import Stack

RATE = 400.0
"""How many times as fast as real time the office's clock runs: an hour, and so the time from slot
to slot, takes nine seconds."""
_SETTINGS = {
    "CUIBAN_QUIET_SMS": "none",
    # 108 s of real time: longer than the outages of a run, so every slot fires with its facts.
    "CUIBAN_COMPLETE_WITHIN": "PT12H",
    "CUIBAN_CLOCK_SKEW": "PT10S",
    "CUIBAN_LOG_LEVEL": "INFO",
}


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The options of a run.

    Attributes:
        kinds: the kinds of faults that may be injected.
        light, bound: as in `RunSetup`.
    """

    seed: int
    faults: int
    brokers: int
    kinds: frozenset[FaultKind]
    light: bool
    bound: float


def run_on_new_stack(
    directory: Path,
    request: RunRequest,
    say: Callable[[str], None],
    short_times: Mapping[str, str],
    services: Mapping[str, int],
) -> RunningVerdict:
    """Start a stack under `place`, run on it, and stop it; returns the verdict."""
    clocks = PartClocks(directory, RATE, SERVICES)
    clocks.start(BEGIN, rate=0.0)
    # A part with a stopped stream is not ready until the operator resumes it.
    stack = Stack(directory / "state", part_within=RESUMED_WITHIN)
    stack.claim_directory()
    with mount_small_disk(stack.state / "postgres") as disk:
        without = set(FaultKind) - request.kinds
        if disk is None:
            without.add(FaultKind.DISK_FULL)
            say("No small disk can be mounted here (only root on Linux can): no disk-full.")
        if request.brokers == 1:
            without.add(FaultKind.BROKERS_IN_TURN)
        try:
            record = stack.start_all(
                services=services,
                clock_file=clocks.office_file,
                extra_env={**short_times, **_SETTINGS},
                parts={
                    part: {"CUIBAN_CLOCK_FILE": str(clocks.get_file(part))} for part in SERVICES
                },
                brokers=request.brokers,
                tied=True,
                say=say,
            )
            setup = RunSetup(
                stack, record, clocks, directory, disk, say, request.light, request.bound
            )
            return asyncio.run(run_and_judge(request.seed, request.faults, setup, without))
        finally:
            stack.stop_all()
