"""The stack on one machine, as the command line, the demo, tests and chaos runs drive it."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple
from pathlib import Path

from lab.stack import jars
from lab.stack.errors import LocalStackError
from lab.stack.locking import locked
from lab.stack.processes import MARK, Identity, end, marked, python_environment, tail
from lab.stack.record import (
    LOCK,
    MARKER,
    PLAN,
    PREPARE,
    RECORD,
    SERVICES,
    WANTED,
    PartRecord,
    Plan,
    Record,
    Service,
    Wanted,
    external,
)
from lab.stack.status import Row, rows_of

UP_WITHIN, DOWN_WITHIN, PART_WITHIN = 300.0, 60.0, 90.0
ONE_EACH: Mapping[str, int] = {"ingest": 1, "scheduler": 1, "notifier": 1}


class Stack:
    """One stack with all its state under one directory. All calls block, with bounds."""

    def __init__(
        self,
        state: Path,
        *,
        commands: Iterable[Service] = SERVICES,
        prepare: tuple[str, ...] | None = PREPARE,
        engines: bool = True,
        part_within: float = PART_WITHIN,
    ) -> None:
        """`part_within` are the seconds in which a part that is started must be ready."""
        self.state = state.expanduser().resolve()
        self._commands = {each.name: each for each in commands}
        self._prepare, self._engines = prepare, engines
        self._part_within = part_within

    @property
    def token_file(self) -> Path:
        """Where the preparation leaves the first administrator's token."""
        return self.state / "token"

    def up(
        self,
        *,
        services: Mapping[str, int] = ONE_EACH,
        clock_file: Path | None = None,
        extra_env: Mapping[str, str] | None = None,
        parts: Mapping[str, Mapping[str, str]] | None = None,
        brokers: int = 1,
        tied: bool = False,
        say: Callable[[str], None] = print,
    ) -> Record:
        """Start what doesn't run yet and wait until everything is ready.

        `parts` holds settings for single parts, by their names (`scheduler-1`).
        A stack that runs already is left as it is, whatever is asked for now. One that is `tied`
        to this process ends with it, even when it is killed.

        Raises:
            LocalStackError: it could not be started; nothing is left running then.
        """
        self.claim_directory()
        environment = {"CUIBAN_TOKEN_FILE": str(self.token_file), **(extra_env or {})}
        if clock_file is not None:
            environment["CUIBAN_CLOCK_FILE"] = str(clock_file.resolve())
        plan = Plan(
            services=tuple((self._commands[name], count) for name, count in services.items()),
            prepare=self._prepare,
            environment=environment,
            engines=self._engines,
            parts={name: dict(own) for name, own in (parts or {}).items()},
            brokers=brokers,
            owner=astuple(Identity.of(os.getpid())) if tied else None,
        )
        with locked(self.state / LOCK, within=UP_WITHIN):
            record = self._running()
            if record is None:
                self._sweep()
                if self._engines and "CUIBAN_KAFKA" not in external({**os.environ, **environment}):
                    jars.class_path(say)  # here, where its progress can be shown
                plan.save(self.state / PLAN)
                self._spawn_supervisor()
            return self._until_up(say)

    def down(self, *, purge: bool = False) -> None:
        """End everything and wait until it has; `purge` deletes the state directory too.

        Raises:
            LocalStackError: another command is at work, a process can't be ended, or the
                directory to delete is not one that Cuiban made.
        """
        if purge and self.state.exists() and not (self.state / MARKER).exists():
            raise LocalStackError(
                f"{self.state} was not made by cuiban, so it is not deleted. "
                "Name the right directory with --state."
            )
        if self.state.exists():
            with locked(self.state / LOCK, within=UP_WITHIN):
                record = self._running()
                if record is not None:
                    self._end_supervisor(record.supervisor)
                self._sweep()
                for name in (RECORD, PLAN, WANTED):
                    (self.state / name).unlink(missing_ok=True)
                if purge:
                    shutil.rmtree(self.state)
        else:
            end(marked(self.state))

    def info(self) -> Record:
        """What runs, and where.

        Raises:
            LocalStackError: nothing runs here.
        """
        record = self._running()
        if record is None:
            raise LocalStackError(f"No stack runs in {self.state}.", "Start one with `cuiban up`.")
        return record

    def status(self) -> list[Row]:
        """One row for each part, the supervisor first; empty when there never was a stack."""
        return rows_of(Record.load(self.state / RECORD), self.state / "logs" / "supervisor.log")

    def kill(self, name: str, number: int = signal.SIGKILL) -> Identity:
        """Send a part (or `supervisor`) a signal; returns the process that it was.

        The supervisor starts a part that ends again: see `wait_ready`.

        Raises:
            LocalStackError: there is no such part, or it doesn't run.
        """
        identity = self.info().supervisor if name == "supervisor" else self._part(name).identity
        if identity is None or not identity.send(number):
            raise LocalStackError(f"{name} doesn't run.")
        return identity

    def stop(self, name: str) -> None:
        """Stop a part and keep it stopped until `start`; returns when it has ended."""
        part = self._part(name)
        self._want(part.name, stopped=True)
        self._until(lambda: self._part(name).state == "stopped", f"{name} to stop")

    def start(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """Start a part that was stopped; returns when it is ready.

        `environment` replaces the settings that were given for this part alone.
        """
        self._want(self._part(name).name, stopped=False, environment=environment)
        self.wait_ready(name)

    def restart(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """End a part in good order and return when its successor is ready: see `start`."""
        self.stop(name)
        self.start(name, environment)

    def wait_ready(self, name: str, *, after: Identity | None = None) -> None:
        """Wait until a part is ready; with `after`, in another process than that one."""

        def ready() -> bool:
            part = self._part(name)
            identity = part.identity
            if part.state != "ready" or identity is None or identity == after:
                return False
            return identity.process() is not None

        self._until(ready, f"{name} to be ready")

    def _part(self, name: str) -> PartRecord:
        record = self.info()
        part = record.part(name)
        if part is None:
            known = ", ".join(each.name for each in record.parts)
            raise LocalStackError(f"There is no part {name}; there are {known}.")
        return part

    def _want(
        self, name: str, *, stopped: bool, environment: Mapping[str, str] | None = None
    ) -> None:
        with locked(self.state / LOCK, within=UP_WITHIN):
            now = Wanted.load(self.state / WANTED) or Wanted()
            own = now.environment
            Wanted(
                stopped=now.stopped | {name} if stopped else now.stopped - {name},
                environment=own if environment is None else {**own, name: dict(environment)},
            ).save(self.state / WANTED)

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + self._part_within
        while not holds():
            if time.monotonic() > until:
                raise LocalStackError(f"Waited {self._part_within:.0f} s for {what}, in vain.")
            time.sleep(0.05)  # the supervisor tells by its file

    def _running(self) -> Record | None:
        record = Record.load(self.state / RECORD)
        return record if record and record.supervisor.process() is not None else None

    def claim_directory(self) -> None:
        """Make the state directory ours; anything may be put there beforehand once it is.

        Raises:
            LocalStackError: it holds something else.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in self.state.iterdir()}
        # The marker is looked for again: another `up` may have made all this just now.
        if MARKER not in names and names - {LOCK} and not (self.state / MARKER).exists():
            raise LocalStackError(
                f"{self.state} holds something else. Name an empty directory with --state."
            )
        (self.state / MARKER).touch()
        (self.state / "logs").mkdir(exist_ok=True)

    def _spawn_supervisor(self) -> None:
        with (self.state / "logs" / "supervisor.log").open("ab") as log:
            child = subprocess.Popen(  # noqa: S603 - this package's own module
                [sys.executable, "-m", "lab.stack.supervisor", "--state", str(self.state)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **python_environment(), MARK: str(self.state)},
            )
        # It outlives the caller; where it doesn't, it must not stay a zombie.
        threading.Thread(target=child.wait, daemon=True).start()

    def _until_up(self, say: Callable[[str], None]) -> Record:
        """Wait for the supervisor to have everything ready, telling what it is at."""
        until, told = time.monotonic() + UP_WITHIN, dict[str, str]()
        grace = time.monotonic() + 20  # for the supervisor to write its first record
        while time.monotonic() < until:
            record = Record.load(self.state / RECORD)
            for part in record.parts if record else ():
                if told.get(part.name) != part.state:
                    told[part.name] = part.state
                    say(f"{part.name}: {part.state}")
            if record and record.state == "ready":
                return record
            gone = record is None or record.supervisor.process() is None
            if (record and record.state in {"failed", "stopping"}) or (
                gone and time.monotonic() > grace
            ):
                break
            time.sleep(0.1)  # the supervisor tells by its file
        record = Record.load(self.state / RECORD)
        said = record.error if record and record.error else ""
        if record is not None:
            self._end_supervisor(record.supervisor)
        self._sweep()
        log = self.state / "logs" / "supervisor.log"
        why = said or f"Its log ({log}) ends with:\n{tail(log)}"
        raise LocalStackError(f"The stack could not be started. {why}")

    def _end_supervisor(self, identity: Identity) -> None:
        """Ask the supervisor to end its parts and itself; kill it when it takes too long."""
        identity.send(signal.SIGTERM)
        identity.send(signal.SIGCONT)
        until = time.monotonic() + DOWN_WITHIN
        while identity.process() is not None and time.monotonic() < until:
            time.sleep(0.05)  # it is no child of this process, so it can't be waited for
        identity.send(signal.SIGKILL)

    def _sweep(self) -> None:
        """End what a crash left behind: recorded processes, and all that carry our mark."""
        record = Record.load(self.state / RECORD)
        recorded = [part for part in (record.parts if record else ()) if part.identity]
        for part in reversed(recorded):
            if part.identity:
                end([part.identity], first=part.stop_signal, within=20.0)
        end(marked(self.state))
        (self.state / RECORD).unlink(missing_ok=True)
        (self.state / WANTED).unlink(missing_ok=True)
