"""A PostgreSQL with TLS and logins, of the system: the wheel's server is built without OpenSSL."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from lab.stack.postgres import _choose_account
from lab.stack.processes import HOST, Program, as_account, find_free_ports
from tests.integration.secured.broker import NAME
from tests.integration.secured.certificates import Authority

OWNER, PASSWORD, CERTIFIED = "cuiban", "owner secret", "certified"
_ACCESS = f"""
hostssl   all {CERTIFIED} 127.0.0.1/32 cert
hostssl   all all         127.0.0.1/32 scram-sha-256
hostnossl all all         127.0.0.1/32 reject
"""


@dataclass(frozen=True)
class SecuredDatabase:
    """A server on which every connection needs TLS and a login."""

    port: int
    authority: Authority

    def build_url(self, user: str = OWNER, host: str = NAME, **parameters: object) -> str:
        """The database's URL; `sslrootcert` is the authority unless `parameters` say otherwise."""
        password = {OWNER: f":{PASSWORD.replace(' ', '%20')}"}.get(user, "")
        given = {"sslmode": "verify-full", "sslrootcert": self.authority.ca_file, **parameters}
        query = urlencode({name: str(value) for name, value in given.items() if value is not None})
        return f"postgresql://{user}{password}@{host}:{self.port}/cuiban?{query}"


def find_server() -> Path | None:
    """The folder with the programs of a PostgreSQL with TLS on this machine; None without one."""
    for program in _list_servers():
        config = program.with_name("pg_config")
        if config.exists() and program.with_name("pg_isready").exists():
            options = subprocess.run(
                [config, "--configure"], capture_output=True, text=True, check=False, timeout=10
            )
            if "openssl" in options.stdout:
                return program.parent
    return None


def _list_servers() -> Iterator[Path]:
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve()
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)


def prepare_database(place: Path, authority: Authority, programs: Path) -> tuple[Program, int]:
    """The program of a server, and its port. Its data are made first."""
    account = _choose_account()
    folder = place / "postgres"
    folder.mkdir()
    (folder / "password").write_text(PASSWORD)
    if account:
        shutil.chown(folder, account.uid, account.gid)
        shutil.chown(folder / "password", account.uid, account.gid)
    cluster = folder / "data"

    def run(*command: str | Path) -> None:
        subprocess.run(
            command,
            check=True,
            cwd=folder,
            timeout=60,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
            **as_account(account),
        )

    run(
        *(programs / "initdb", "-D", cluster, "-U", "postgres", "--pwfile", folder / "password"),
        *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
    )
    certificate, key = authority.issue("postgres", NAME)
    for source, name in ((certificate, "server.crt"), (key, "server.key")):
        target = cluster / name
        shutil.copyfile(source, target)
        target.chmod(0o600)
        if account:
            shutil.chown(target, account.uid, account.gid)
    (cluster / "pg_hba.conf").write_text(_ACCESS)
    port = find_free_ports(1)[0]
    program = Program(
        name="postgres",
        argv=[str(programs / "postgres"), "-D", str(cluster), *_list_options(port, authority)],
        log=place / "postgres.log",
        env={"LC_ALL": "C"},
        account=account,
        ready=lambda: is_accepting(programs, port),
        stop_signal=signal.SIGINT,
    )
    return program, port


def is_accepting(programs: Path, port: int) -> bool:
    """Whether the server has started."""
    command = [programs / "pg_isready", "-q", "-h", HOST, "-p", str(port)]
    return subprocess.run(command, check=False, timeout=10).returncode == 0


def _list_options(port: int, authority: Authority) -> Sequence[str]:
    settings = {
        "listen_addresses": HOST,
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "ssl": "on",
        "ssl_ca_file": authority.ca_file,
    }
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
