"""Connections to PostgreSQL are secured as the URL's `sslmode` says, in the words of libpq."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from deploy.command import run
from shared.database.engine import create_engine
from shared.database.migrating import migrate
from shared.database.schema_version import check_migrated
from shared.errors import NotReadyError
from shared.settings import Settings
from tests.integration.secured.certificates import Authority
from tests.integration.secured.database import CERTIFIED, OWNER, PASSWORD, SecuredDatabase

pytestmark = pytest.mark.integration
_WHO = text("SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")


async def ask_who(url: str) -> tuple[str, bool]:
    """Connect as a service does: the role, and whether the connection is encrypted."""
    engine = create_engine(Settings(database_url=url), "test")
    try:
        async with engine.connect() as db:
            role, encrypted = (await db.execute(_WHO)).one()
    finally:
        await engine.dispose()
    return role, encrypted


async def find_fault(url: str) -> str:
    """Why a service does not start with a URL."""
    engine = create_engine(Settings(database_url=url), "test")
    try:
        with pytest.raises(NotReadyError) as refused:
            await check_migrated(engine, "scheduler")
    finally:
        await engine.dispose()
    return refused.value.message


async def test_a_schema_is_migrated_and_found_over_tls(database: SecuredDatabase) -> None:
    url = database.build_url()
    await asyncio.to_thread(migrate, url, "scheduler")
    assert await ask_who(url) == (OWNER, True)
    engine = create_engine(Settings(database_url=url), "test")
    await check_migrated(engine, "scheduler")
    await engine.dispose()


@pytest.mark.parametrize(
    ("mode", "host", "root"),
    [
        ("prefer", "127.0.0.1", None),
        ("require", "127.0.0.1", None),
        ("require", "127.0.0.1", "ours"),
        ("verify-ca", "127.0.0.1", "ours"),
        ("verify-full", "localhost", "ours"),
    ],
)
async def test_a_mode_verifies_no_more_than_it_says(
    database: SecuredDatabase, authority: Authority, mode: str, host: str, root: str | None
) -> None:
    file = authority.ca_file if root else None
    url = database.build_url(host=host, sslmode=mode, sslrootcert=file)
    assert await ask_who(url) == (OWNER, True)


@pytest.mark.parametrize(
    ("mode", "host", "wrong"),
    [
        ("verify-full", "127.0.0.1", "is not trusted: IP address mismatch"),
        ("verify-full", "localhost", "is not trusted: "),
        ("verify-ca", "localhost", "is not trusted: "),
        ("require", "localhost", "is not trusted: "),
    ],
)
async def test_a_server_that_is_not_the_right_one_is_refused(
    database: SecuredDatabase, stranger: Authority, mode: str, host: str, wrong: str
) -> None:
    root = database.authority if host == "127.0.0.1" else stranger
    fault = await find_fault(database.build_url(host=host, sslmode=mode, sslrootcert=root.ca_file))
    assert wrong in fault
    assert PASSWORD not in fault


async def test_why_the_server_refuses_is_told(database: SecuredDatabase) -> None:
    plain = database.build_url(sslmode="disable", sslrootcert=None)
    assert f"refuses the login of {OWNER}" in await find_fault(plain)
    guessed = database.build_url().replace(PASSWORD.replace(" ", "%20"), "guessed")
    assert f"refuses the login of {OWNER}" in await find_fault(guessed)
    assert "refuses the login of certified" in await find_fault(database.build_url(CERTIFIED))


async def test_a_server_without_tls_is_told() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # SSLRequest
        writer.write(b"N")
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"postgresql://u@127.0.0.1:{port}/d?sslmode=require"
    assert "offers no TLS" in await find_fault(url)
    server.close()
    await server.wait_closed()


async def test_new_connections_use_the_certificate_that_the_file_holds_then(
    database: SecuredDatabase, stranger: Authority, authority: Authority
) -> None:
    certificate, key = stranger.issue("client", common_name=CERTIFIED)
    url = database.build_url(CERTIFIED, sslcert=certificate, sslkey=key)
    engine = create_engine(Settings(database_url=url), "test")
    with pytest.raises(Exception, match=r"(?i)unknown ca|connection|alert"):
        await engine.connect().start()
    renewed = authority.issue("renewed-client", common_name=CERTIFIED)
    certificate.write_bytes(renewed[0].read_bytes())
    key.write_bytes(renewed[1].read_bytes())
    async with engine.connect() as db:
        assert tuple((await db.execute(_WHO)).one()) == (CERTIFIED, True)
    await engine.dispose()


async def test_the_password_is_read_from_a_file_at_each_connection(
    database: SecuredDatabase, tmp_path: Path
) -> None:
    file = tmp_path / "pgpass"
    file.touch(mode=0o600)
    url = database.build_url(passfile=file).replace(f":{PASSWORD.replace(' ', '%20')}", "")
    engine = create_engine(Settings(database_url=url), "test")
    file.write_text(f"localhost:*:*:{OWNER}:guessed")
    with pytest.raises(Exception, match="authentication failed"):
        await engine.connect().start()
    file.write_text(f"localhost:*:*:{OWNER}:{PASSWORD}")
    async with engine.connect() as db:
        assert tuple((await db.execute(_WHO)).one()) == (OWNER, True)
    await engine.dispose()


def test_a_command_of_the_operator_tells_why_it_is_refused(
    database: SecuredDatabase, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = database.build_url().replace(PASSWORD.replace(" ", "%20"), "guessed")
    monkeypatch.setenv("CUIBAN_DATABASE_URL", url)
    for command in ("ops streams", "migrate"):
        assert run(command.split()) == 3
        assert f"refuses the login of {OWNER}" in capsys.readouterr().err
