"""Processes of the local stack: started apart from the terminal, ended by identity.

A process is known by its id *and* the time it was created, so that an id which the system
has given to someone else is never signalled. Every process also carries the state directory
in its environment (`MARK`), so that one whose record was lost with a crash can be found.
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
# Below the range from which systems take the ports of outgoing connections (32768 on Linux,
# 49152 elsewhere), so that a killed broker finds its own port free when it comes back.
PORTS = range(16000, 32000)
ORPHANS_WITHIN = 1.0  # seconds in which children follow a parent that has ended
LOG_LIMIT = 20_000_000  # bytes after which a log is set aside at the next start


@dataclass(frozen=True)
class Identity:
    """One process, told apart from any later one with the same id."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """The identity of a process that runs now.

        Raises:
            psutil.NoSuchProcess: it has ended.
        """
        return cls(pid, psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The process, or None when it has ended (a zombie counts as ended)."""
        try:
            found = psutil.Process(self.pid)
            # Creation times are read with the clock tick's precision.
            same = abs(found.create_time() - self.created) < 1.0
            return found if same and found.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def send(self, number: int) -> bool:
        """Send a signal; False when the process has ended."""
        found = self.process()
        if found is None:
            return False
        try:
            found.send_signal(number)
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
    """How to run one part: its command, its surroundings, and when it counts as ready.

    `ready` is asked again and again until it returns True; it must answer within a second or so.
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
    """Start a program in a session of its own, its output appended to its log.

    The child keeps nothing of the caller's terminal, so Ctrl-C there doesn't reach it.
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
    """What subprocess needs to run a program as another account."""

    user: int
    group: int
    extra_groups: list[int]


def as_account(account: Account | None) -> Credentials:
    """The arguments that make subprocess run a program as the account; none for one's own."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def wait_ready(program: Program, child: subprocess.Popen[bytes]) -> None:
    """Wait until the program answers.

    Raises:
        AddressTakenError: it ended before it was ready (its last log lines are in the message).
        LocalStackError: it ran, but did not answer in time.
    """
    until = time.monotonic() + program.ready_within
    while time.monotonic() < until:
        if child.poll() is not None:
            raise AddressTakenError(
                f"{program.name} ended with code {child.returncode} before it was ready. "
                f"Its log ({program.log}) ends with:\n{tail(program.log)}"
            )
        if program.ready():
            return
        time.sleep(0.05)  # a port that is served tells nobody; it is asked again
    raise LocalStackError(
        f"{program.name} did not answer within {program.ready_within:.0f} s. "
        f"Its log ({program.log}) ends with:\n{tail(program.log)}"
    )


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, or a dash when there is none."""
    try:
        size = log.stat().st_size
        with log.open("rb") as opened:
            opened.seek(max(0, size - 16_384))
            text = opened.read().decode(errors="replace")
    except OSError:
        return "-"
    return "\n".join(text.splitlines()[-lines:]) or "-"


def free_ports(count: int) -> list[int]:
    """Distinct ports on which nothing listens now."""
    random = SystemRandom()
    held: list[socket.socket] = []
    try:
        while len(held) < count:
            candidate = socket.socket()
            try:
                candidate.bind((HOST, random.choice(PORTS)))
            except OSError:
                candidate.close()
            else:
                held.append(candidate)
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


def sinks_on(smtp: int, http: int, directory: Path, env: Mapping[str, str]) -> Program:
    """The program of the sinks, on these ports, with what they receive kept in the directory."""
    options = ["--smtp-port", str(smtp), "--http-port", str(http), "--state", str(directory)]
    return Program(
        name="sinks",
        argv=[sys.executable, "-m", "lab.sinks.app", *options],
        log=directory / "sinks.log",
        env={**python_environment(), **env},
        ready=lambda: port_answers(smtp) and port_answers(http),
    )


def python_environment() -> dict[str, str]:
    """What lets a Python child find our packages, wherever the caller stands."""
    root = str(Path(lab.__file__).parents[1])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def port_answers(port: int) -> bool:
    """Whether something accepts connections on the port."""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def marked(mark: Path, *, spare: Iterable[int] = ()) -> list[Identity]:
    """Processes that carry the mark of a stack, whoever started them; never the caller's own."""
    spared = {os.getpid(), *spare}
    wanted = str(mark)
    found = []
    for process in psutil.process_iter():
        if process.pid in spared:
            continue
        try:
            if process.environ().get(MARK) == wanted:
                found.append(Identity(process.pid, process.create_time()))
        except (psutil.Error, OSError):
            continue  # ended meanwhile, or another user's: not ours
    return found


def end(
    identities: Iterable[Identity], *, first: int = signal.SIGTERM, within: float = 10.0
) -> None:
    """End processes and their descendants: asked first, killed after a bounded wait.

    Raises:
        LocalStackError: one outlived SIGKILL (it hangs in the kernel).
    """
    roots = [process for each in identities if (process := each.process()) is not None]
    everyone = {process.pid: process for process in roots}
    for root in roots:
        everyone.update({child.pid: child for child in _descendants(root)})
    for process in roots:
        _signal(process, first)
        _signal(process, signal.SIGCONT)  # a stopped process hears nothing else
    alive = _wait(roots, within)
    if not alive:
        _wait(everyone.values(), ORPHANS_WITHIN)
    for process in alive:
        everyone.update({child.pid: child for child in _descendants(process)})
    for process in everyone.values():
        _signal(process, signal.SIGKILL)
    left = _wait(everyone.values(), 10.0)
    if left:
        raise LocalStackError(
            f"Processes {[each.pid for each in left]} could not be ended; end them by hand."
        )


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)  # psutil refuses when the id belongs to someone else by now
    except psutil.NoSuchProcess:
        return


def _wait(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after the wait. Children of the caller are not reaped here."""
    until = time.monotonic() + seconds
    left = list(processes)
    while left := [each for each in left if _runs(each)]:
        if time.monotonic() > until:
            break
        time.sleep(0.02)  # others' children can't be waited for
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
