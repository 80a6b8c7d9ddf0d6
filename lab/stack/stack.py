"""The stack on one machine, as used by the command line, the demo, tests and chaos runs."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple
from pathlib import Path

from deploy.terminal.language import _
from lab.stack import jars
from lab.stack.errors import LocalStackError
from lab.stack.locking import hold_lock
from lab.stack.processes import Identity, end_processes, find_marked, read_tail
from lab.stack.record import (
    LOCK,
    MARKER,
    OVERRIDES,
    PLAN,
    PREPARE,
    RECORD,
    SERVICES,
    PartOverrides,
    PartRecord,
    ServiceCommand,
    StackPlan,
    StackRecord,
    StatusRow,
    list_status_rows,
    select_external,
)
from lab.stack.supervisor_process import end_supervisor, spawn_supervisor

UP_WITHIN, PART_WITHIN = 300.0, 90.0
ONE_EACH: Mapping[str, int] = {"ingest": 1, "scheduler": 1, "notifier": 1}


class Stack:
    """A stack with all its state under one directory. All calls block, with time limits."""

    def __init__(
        self,
        state: Path,
        *,
        commands: Iterable[ServiceCommand] = SERVICES,
        prepare: tuple[str, ...] | None = PREPARE,
        engines: bool = True,
        part_within: float = PART_WITHIN,
    ) -> None:
        """`part_within` is the time in seconds in which a started part must be ready."""
        self.state = state.expanduser().resolve()
        self._commands = {each.name: each for each in commands}
        self._prepare, self._engines = prepare, engines
        self._part_within = part_within

    @property
    def token_file(self) -> Path:
        """The file into which `deploy.prepare` writes the first administrator's token."""
        return self.state / "token"

    @property
    def admin_file(self) -> Path:
        """The file into which `deploy.prepare` writes the first administrator's password."""
        return self.state / "admin-password"

    def start_all(
        self,
        *,
        services: Mapping[str, int] = ONE_EACH,
        clock_file: Path | None = None,
        extra_env: Mapping[str, str] | None = None,
        parts: Mapping[str, Mapping[str, str]] | None = None,
        brokers: int = 1,
        durable: bool = True,
        tied: bool = False,
        say: Callable[[str], None] = print,
    ) -> StackRecord:
        """Start the stack unless it runs, and wait until everything is ready.

        `parts` holds settings for single parts, by part name (`scheduler-1`). A stack that runs
        already is left as it is, whatever the arguments say. A `tied` stack stops when the calling
        process ends, even when that is killed. `brokers` and `durable` as in `StackPlan`.

        Raises:
            LocalStackError: it could not be started; nothing is left running then.
        """
        self.claim_directory()
        environment = {"CUIBAN_TOKEN_FILE": str(self.token_file), **(extra_env or {})}
        if services.get("console"):
            environment["CUIBAN_ADMIN_FILE"] = str(self.admin_file)
        if clock_file is not None:
            environment["CUIBAN_CLOCK_FILE"] = str(clock_file.resolve())
        plan = StackPlan(
            services=tuple((self._commands[name], count) for name, count in services.items()),
            prepare=self._prepare,
            environment=environment,
            engines=self._engines,
            parts={name: dict(settings) for name, settings in (parts or {}).items()},
            brokers=brokers,
            durable=durable,
            owner=astuple(Identity.of(os.getpid())) if tied else None,
        )
        with hold_lock(self.state / LOCK, within=UP_WITHIN):
            record = self._find_running()
            if record is None:
                self._end_remains()
                if self._engines and "CUIBAN_KAFKA" not in select_external(
                    {**os.environ, **environment}
                ):
                    jars.fetch_class_path(say)  # fetched here so that progress can be shown
                plan.save(self.state / PLAN)
                spawn_supervisor(self.state)
            return self._wait_until_up(say)

    def stop_all(self, *, purge: bool = False) -> None:
        """Stop everything and wait until it has ended; `purge` deletes the state directory too.

        Raises:
            LocalStackError: another command is running, a process can't be ended, or the directory
                to delete was not created by Cuiban.
        """
        if purge and self.state.exists() and not (self.state / MARKER).exists():
            raise LocalStackError(
                _("{directory} was not made by cuiban, so it is not deleted.").format(
                    directory=self.state
                ),
                _("Name the right directory with --state."),
            )
        if self.state.exists():
            with hold_lock(self.state / LOCK, within=UP_WITHIN):
                record = self._find_running()
                if record is not None:
                    end_supervisor(record.supervisor)
                self._end_remains()
                for name in (RECORD, PLAN, OVERRIDES):
                    (self.state / name).unlink(missing_ok=True)
                if purge:
                    shutil.rmtree(self.state)
        else:
            end_processes(find_marked(self.state))

    def get_record(self) -> StackRecord:
        """The record of the running stack.

        Raises:
            LocalStackError: no stack runs here.
        """
        record = self._find_running()
        if record is None:
            raise LocalStackError(
                _("No stack runs in {place}.").format(place=self.state),
                _("Start one with `cuiban up`."),
            )
        return record

    def list_status(self) -> list[StatusRow]:
        """One row per part, the supervisor first; empty when there never was a stack."""
        return list_status_rows(
            StackRecord.load(self.state / RECORD), self.state / "logs" / "supervisor.log"
        )

    def kill(self, name: str, number: int = signal.SIGKILL) -> Identity:
        """Send a signal to a part (or `supervisor`); return the process that got it.

        The supervisor restarts a part that ends: see `wait_ready`.

        Raises:
            LocalStackError: there is no such part, or it doesn't run.
        """
        identity = (
            self.get_record().supervisor if name == "supervisor" else self._get_part(name).identity
        )
        if identity is None or not identity.send_signal(number):
            raise LocalStackError(f"{name} doesn't run.")
        return identity

    def stop(self, name: str) -> None:
        """Stop a part and keep it stopped until `start`; returns when it has ended."""
        part = self._get_part(name)
        self._set_override(part.name, stopped=True)
        self._wait_for(lambda: self._get_part(name).state == "stopped", f"{name} to stop")

    def start(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """Start a stopped part; returns when it is ready.

        `environment` replaces the settings that were given for this part alone.
        """
        self._set_override(self._get_part(name).name, stopped=False, environment=environment)
        self.wait_ready(name)

    def restart(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """Stop a part and start it again; returns when it is ready. See `start`."""
        self.stop(name)
        self.start(name, environment)

    def wait_ready(self, name: str, *, after: Identity | None = None) -> None:
        """Wait until a part is ready; with `after`, in a process other than that one."""

        def is_ready() -> bool:
            part = self._get_part(name)
            identity = part.identity
            if part.state != "ready" or identity is None or identity == after:
                return False
            return identity.find_process() is not None

        self._wait_for(is_ready, f"{name} to be ready")

    def _get_part(self, name: str) -> PartRecord:
        record = self.get_record()
        part = record.find_part(name)
        if part is None:
            known = ", ".join(each.name for each in record.parts)
            raise LocalStackError(f"There is no part {name}; there are {known}.")
        return part

    def _set_override(
        self, name: str, *, stopped: bool, environment: Mapping[str, str] | None = None
    ) -> None:
        with hold_lock(self.state / LOCK, within=UP_WITHIN):
            overrides = PartOverrides.load(self.state / OVERRIDES) or PartOverrides()
            environments = overrides.environment
            PartOverrides(
                stopped=overrides.stopped | {name} if stopped else overrides.stopped - {name},
                environment=environments
                if environment is None
                else {**environments, name: dict(environment)},
            ).save(self.state / OVERRIDES)

    def _wait_for(self, holds: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + self._part_within
        while not holds():
            if time.monotonic() > until:
                raise LocalStackError(
                    f"Waited {self._part_within:.0f} s for {what}, without success."
                )
            time.sleep(0.05)  # the supervisor's record file can only be polled

    def _find_running(self) -> StackRecord | None:
        record = StackRecord.load(self.state / RECORD)
        return record if record and record.supervisor.find_process() is not None else None

    def claim_directory(self) -> None:
        """Mark the state directory as ours; files may be put there before the start.

        Raises:
            LocalStackError: it holds something else.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in self.state.iterdir()}
        # The marker is checked again: another process may just have created it.
        if MARKER not in names and names - {LOCK} and not (self.state / MARKER).exists():
            raise LocalStackError(
                _("{directory} holds other files.").format(directory=self.state),
                _("Name an empty directory with --state."),
            )
        (self.state / MARKER).touch()
        (self.state / "logs").mkdir(exist_ok=True)

    def _wait_until_up(self, say: Callable[[str], None]) -> StackRecord:
        """Wait until the supervisor reports that everything is ready, showing its progress."""
        until, shown_states = time.monotonic() + UP_WITHIN, dict[str, str]()
        grace = time.monotonic() + 20  # for the supervisor to write its first record
        while time.monotonic() < until:
            record = StackRecord.load(self.state / RECORD)
            for part in record.parts if record else ():
                if shown_states.get(part.name) != part.state:
                    shown_states[part.name] = part.state
                    say(f"{part.name}: {_(part.state)}")
            if record and record.state == "ready":
                return record
            gone = record is None or record.supervisor.find_process() is None
            if (record and record.state in {"failed", "stopping"}) or (
                gone and time.monotonic() > grace
            ):
                break
            time.sleep(0.1)  # the supervisor's record file can only be polled
        record = StackRecord.load(self.state / RECORD)
        error = record.error if record and record.error else ""
        if record is not None:
            end_supervisor(record.supervisor)
        self._end_remains()
        log = self.state / "logs" / "supervisor.log"
        why = error or f"Its log ({log}) ends with:\n{read_tail(log)}"
        raise LocalStackError(_("The stack could not be started. {why}").format(why=why))

    def _end_remains(self) -> None:
        """End the processes that a crash left: the recorded ones, and all with the stack's mark."""
        record = StackRecord.load(self.state / RECORD)
        recorded = [part for part in (record.parts if record else ()) if part.identity]
        for part in reversed(recorded):
            if part.identity:
                end_processes([part.identity], first=part.stop_signal, within=20.0)
        end_processes(find_marked(self.state))
        (self.state / RECORD).unlink(missing_ok=True)
        (self.state / OVERRIDES).unlink(missing_ok=True)
