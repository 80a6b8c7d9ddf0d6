"""Engines with TLS and logins, started once for all tests of this folder."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from lab.stack.processes import Identity, Program, end_processes, spawn, wait_ready
from shared.tls import TlsFiles, build_context
from tests.integration.secured.broker import NAME, SecuredBroker, prepare_broker
from tests.integration.secured.certificates import Authority
from tests.integration.secured.database import (
    CERTIFIED,
    OWNER,
    PASSWORD,
    SecuredDatabase,
    find_server,
    prepare_database,
)


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A folder that the accounts of the engines can reach; pytest's own is closed to them."""
    with tempfile.TemporaryDirectory(prefix="cuiban-secured-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def authority(place: Path) -> Authority:
    """The authority that issued the certificates of the engines."""
    return Authority(place / "certificates")


@pytest.fixture(scope="session")
def stranger(place: Path) -> Authority:
    """An authority that no engine trusts."""
    return Authority(place / "stranger")


@pytest.fixture(scope="session")
def broker(place: Path, authority: Authority) -> Iterator[SecuredBroker]:
    """The broker of this folder."""
    secured = prepare_broker(place, authority)
    with run_engine(secured.broker.build_program(lambda _: None), place):
        yield secured


@pytest.fixture(scope="session")
def database(place: Path, authority: Authority) -> Iterator[SecuredDatabase]:
    """The PostgreSQL of this folder, with a database and its owner, who may create roles."""
    programs = find_server()
    if programs is None:
        pytest.skip("no PostgreSQL with TLS on this machine")
    program, port = prepare_database(place, authority, programs)
    secured = SecuredDatabase(port, authority)
    with run_engine(program, place):
        asyncio.run(create_owner(secured))
        yield secured


async def create_owner(secured: SecuredDatabase) -> None:
    """Make the owner of a database, the database, and a role that signs in by certificate."""
    context = build_context(TlsFiles(ca_file=secured.authority.ca_file))
    server = await asyncpg.connect(
        host=NAME, port=secured.port, user="postgres", password=PASSWORD, ssl=context
    )
    await server.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
    await server.execute(f"CREATE ROLE {CERTIFIED} LOGIN")
    await server.execute(f"CREATE DATABASE cuiban OWNER {OWNER}")
    await server.close()


@contextmanager
def run_engine(program: Program, mark: Path) -> Iterator[None]:
    """Run an engine's program during the block."""
    child = spawn(program, mark=mark)
    try:
        wait_ready(program, child)
        yield
    finally:
        end_processes(
            [Identity.of(child.pid)], first=program.stop_signal, within=program.stop_within
        )
        child.wait(timeout=10)
