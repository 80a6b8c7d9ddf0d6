"""Processes of the local stack: detached from the terminal, identified by id and creation time.

The creation time ensures that a process which reuses the id is never signalled. Every process
also has the state directory in its environment (`MARK`), so that it can be found when the record
of it was lost in a crash.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import TypedDict

import psutil

import lab
from lab.stack.errors import AddressTakenError, LocalStackError

MARK = "CUIBAN_STACK_DIRECTORY"
HOST = "127.0.0.1"
# Below the ephemeral range for outgoing connections (from 32768 on Linux, 49152 elsewhere), so
# that a killed broker finds its port free at the next start.
PORTS = range(16000, 32000)
ORPHANS_WITHIN = 1.0  # seconds for children to end after their parent has ended
LOG_LIMIT = 20_000_000  # bytes; a larger log is renamed at the next start


@dataclass(frozen=True)
class Identity:
    """A process, distinguished from any later one with the same id."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """The identity of a running process.

        Raises:
            psutil.NoSuchProcess: it has ended.
        """
        return cls(pid, psutil.Process(pid).create_time())

    def find_process(self) -> psutil.Process | None:
        """The process, or None when it has ended (a zombie counts as ended)."""
        try:
            process = psutil.Process(self.pid)
            # Creation times have the precision of a clock tick.
            same = abs(process.create_time() - self.created) < 1.0
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def send_signal(self, number: int) -> bool:
        """Send a signal; False when the process has ended."""
        process = self.find_process()
        if process is None:
            return False
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            return False
        return True


@dataclass(frozen=True)
class Account:
    """A system account to run a program as, when the caller is root."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    """How to run a part: its command, its environment, and how to check that it is ready.

    `ready` is called repeatedly until it returns True; each call must return within about 1 s.
    """

    name: str
    argv: Sequence[str]
    log: Path
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    directory: Path | None = None
    before: Callable[[], None] = lambda: None
    stop_signal: int = signal.SIGTERM
    ready_within: float = 60.0
    stop_within: float = 20.0


def spawn(program: Program, *, mark: Path) -> subprocess.Popen[bytes]:
    """Start a program in its own session, with its output appended to its log.

    The child is detached from the caller's terminal, so Ctrl-C there doesn't reach it.
    """
    program.before()
    program.log.parent.mkdir(parents=True, exist_ok=True)
    if program.log.exists() and program.log.stat().st_size > LOG_LIMIT:
        program.log.replace(program.log.with_suffix(".log.1"))
    environment = {**os.environ, **program.env, MARK: str(mark)}
    with program.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - the command is built in this package
            list(program.argv),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
            cwd=program.directory or ("/" if program.account else None),
            **as_account(program.account),
        )


class Credentials(TypedDict, total=False):
    """The arguments of subprocess for running a program as another account."""

    user: int
    group: int
    extra_groups: list[int]


def as_account(account: Account | None) -> Credentials:
    """The arguments that make subprocess run a program as the account; empty for None."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def wait_ready(program: Program, child: subprocess.Popen[bytes]) -> None:
    """Wait until the program is ready.

    Raises:
        AddressTakenError: it ended before it was ready; the message has its last log lines.
        LocalStackError: it ran, but was not ready in time.
    """
    until = time.monotonic() + program.ready_within
    while time.monotonic() < until:
        if child.poll() is not None:
            raise AddressTakenError(
                f"{program.name} ended with code {child.returncode} before it was ready. "
                f"Its log ({program.log}) ends with:\n{read_tail(program.log)}"
            )
        if program.ready():
            return
        time.sleep(0.05)  # readiness can only be polled
    raise LocalStackError(
        f"{program.name} did not answer within {program.ready_within:.0f} s. "
        f"Its log ({program.log}) ends with:\n{read_tail(program.log)}"
    )


def read_tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log; a dash when there are none."""
    try:
        size = log.stat().st_size
        with log.open("rb") as opened:
            opened.seek(max(0, size - 16_384))
            text = opened.read().decode(errors="replace")
    except OSError:
        return "-"
    return "\n".join(text.splitlines()[-lines:]) or "-"


def find_free_ports(count: int) -> list[int]:
    """Distinct ports on which nothing listens now."""
    random = SystemRandom()
    sockets: list[socket.socket] = []
    try:
        while len(sockets) < count:
            candidate = socket.socket()
            try:
                candidate.bind((HOST, random.choice(PORTS)))
            except OSError:
                candidate.close()
            else:
                sockets.append(candidate)
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def build_sinks_program(smtp: int, http: int, directory: Path, env: Mapping[str, str]) -> Program:
    """Build the program of the sinks on these ports; they keep what they receive in `directory`."""
    options = ["--smtp-port", str(smtp), "--http-port", str(http), "--state", str(directory)]
    return Program(
        name="sinks",
        argv=[sys.executable, "-m", "lab.sinks.app", *options],
        log=directory / "sinks.log",
        env={**build_python_environment(), **env},
        ready=lambda: is_port_open(smtp) and is_port_open(http),
    )


def build_python_environment() -> dict[str, str]:
    """The environment in which a Python child finds our packages from any working directory."""
    root = str(Path(lab.__file__).parents[1])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def is_port_open(port: int) -> bool:
    """Whether something accepts connections on the port."""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def find_marked(mark: Path, *, spare: Iterable[int] = ()) -> list[Identity]:
    """Find processes that carry the mark of a stack, started by anyone; never the caller's own."""
    spared = {os.getpid(), *spare}
    mark_text = str(mark)
    identities = []
    for process in psutil.process_iter():
        if process.pid in spared:
            continue
        try:
            if process.environ().get(MARK) == mark_text:
                identities.append(Identity(process.pid, process.create_time()))
        except (psutil.Error, OSError):
            continue  # it has ended, or belongs to another user
    return identities


def end_processes(
    identities: Iterable[Identity], *, first: int = signal.SIGTERM, within: float = 10.0
) -> None:
    """End processes and their descendants: by `first`, and by SIGKILL after `within` seconds.

    Raises:
        LocalStackError: a process outlived SIGKILL (it hangs in the kernel).
    """
    roots = [process for each in identities if (process := each.find_process()) is not None]
    family = {process.pid: process for process in roots}
    for root in roots:
        family.update({child.pid: child for child in _list_descendants(root)})
    for process in roots:
        _send_signal(process, first)
        _send_signal(process, signal.SIGCONT)  # a stopped process handles no other signal
    alive = _wait(roots, within)
    if not alive:
        _wait(family.values(), ORPHANS_WITHIN)
    for process in alive:
        family.update({child.pid: child for child in _list_descendants(process)})
    for process in family.values():
        _send_signal(process, signal.SIGKILL)
    left = _wait(family.values(), 10.0)
    if left:
        raise LocalStackError(
            f"Processes {[each.pid for each in left]} could not be ended; end them by hand."
        )


def _list_descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _send_signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)  # psutil raises when the id belongs to another process now
    except psutil.NoSuchProcess:
        return


def _wait(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after the wait. Children of the caller are not reaped."""
    until = time.monotonic() + seconds
    left = list(processes)
    while left := [each for each in left if _is_running(each)]:
        if time.monotonic() > until:
            break
        time.sleep(0.02)  # psutil would reap the caller's children, and wait for zombies
    return left


def _is_running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
