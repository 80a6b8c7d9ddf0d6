"""A supervised part: started, watched, and restarted with a growing back-off."""

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from lab.stack.errors import LocalStackError
from lab.stack.processes import Identity, Program, end_processes, read_tail, spawn
from lab.stack.record import PartRecord, PartState

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0  # seconds before a part is restarted
SETTLED = 30.0  # seconds of running after which earlier failures are forgotten
ATTEMPTS = 3  # starts of a part that ends before it was ever ready


@dataclass
class SupervisedPart:
    """A part and its process.

    `build` returns its program and address. It is called again at each start until the part was
    ready for the first time. `environment` is added to the program's environment at each start.
    """

    name: str
    build: Callable[[], tuple[Program, str]]
    mark: Path
    say: Callable[[str], None]
    address: str = ""
    wanted: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: bool = False
    was_ready: bool = False
    restarts: int = 0
    _failures: int = 0
    _next_start: float = 0.0
    _started: float = 0.0
    _program: Program | None = None
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _identity: Identity | None = None

    def supervise(self) -> None:
        """Do what is due: start the process, check readiness, handle an end, or stop it.

        Raises:
            LocalStackError: it was never ready and has used up its attempts or its time.
        """
        if self._child is None:
            if self.wanted and time.monotonic() >= self._next_start:
                self._start()
            return
        code = self._child.poll()
        if code is not None:
            self._handle_end(code)
        elif not self.wanted:
            self.say(f"{self.name}: stopping, as requested")
            self.stop()
        else:
            self._watch()

    def stop(self) -> None:
        """End the process: with its stop signal, and by SIGKILL after a bounded wait."""
        program, child, identity = self._program, self._child, self._identity
        if program is not None and child is not None and identity is not None:
            end_processes([identity], first=program.stop_signal, within=program.stop_within)
            child.wait(timeout=10)
        self._clear_process()
        self._next_start, self._failures = 0.0, 0

    def to_record(self) -> PartRecord:
        """The present state as a record."""
        program = self._program
        return PartRecord(
            name=self.name,
            state=self._get_state(),
            pid=self._identity.pid if self._identity else None,
            created=self._identity.created if self._identity else None,
            restarts=self.restarts,
            stop_signal=int(program.stop_signal) if program else 15,
            address=self.address,
            log=program.log if program else "-",
        )

    def _get_state(self) -> PartState:
        if self._child is None:
            return "waiting" if self.wanted else "stopped"
        return "ready" if self.ready else "starting"

    def _start(self) -> None:
        if self._program is None or not self.was_ready:
            self._program, self.address = self.build()
        try:
            whole = {**self._program.env, **self.environment}
            child = spawn(replace(self._program, env=whole), mark=self.mark)
        except OSError as error:
            self._schedule_restart(f"could not be started ({error})")
            return
        try:
            identity = Identity.of(child.pid)
        except psutil.NoSuchProcess:  # it has ended already and was reaped elsewhere
            identity = Identity(child.pid, time.time())
        self._child, self._identity, self._started = child, identity, time.monotonic()

    def _watch(self) -> None:
        program, age = self._program, time.monotonic() - self._started
        if program is None:
            return
        if self.ready:
            if age > SETTLED:
                self._failures = 0
        elif program.ready():
            self.ready = self.was_ready = True
            self.say(f"{self.name}: ready")
        elif age > program.ready_within and not self.was_ready:
            raise LocalStackError(
                f"{self.name} did not answer within {program.ready_within:.0f} s. "
                f"Its log ({program.log}) ends with:\n{read_tail(program.log)}"
            )

    def _handle_end(self, code: int) -> None:
        self._clear_process()
        self.restarts += 1
        self._schedule_restart(f"ended with code {code}")

    def _schedule_restart(self, why: str) -> None:
        """Set the time of the next start, later after each failure."""
        self._failures += 1
        program = self._program
        if program is not None and not self.was_ready and self._failures >= ATTEMPTS:
            raise LocalStackError(
                f"{self.name} {why} before it was ready, {ATTEMPTS} times. "
                f"Its log ({program.log}) ends with:\n{read_tail(program.log)}"
            )
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self._failures - 1))
        self._next_start = time.monotonic() + pause
        self.say(f"{self.name}: {why}; starting it again in {pause:.1f} s")

    def _clear_process(self) -> None:
        self._child, self._identity, self.ready = None, None, False
