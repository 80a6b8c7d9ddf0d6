"""The roles of the services: each uses its own schema, and none can change the journal."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.roles import SERVICES, create_roles, name_role, renew_rights
from services.ingest.handlers.office.bootstrap import create_office
from services.ingest.store.row_security import limit_transactions, serve_office, without_office
from shared.database.engine import create_engine
from shared.database.migrating import migrate
from shared.errors import CuibanError
from shared.settings import Settings

pytestmark = pytest.mark.integration
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass
class Installation:
    """A database with every schema and the roles, and an engine of each role and of the owner."""

    engines: dict[str, AsyncEngine]
    offices: list[UUID]

    @property
    def owner(self) -> AsyncEngine:
        return self.engines["owner"]


@pytest.fixture(scope="module")
def url(create_database: Callable[[str], str]) -> str:
    made = create_database("ingest")
    for service in ("scheduler", "notifier"):
        migrate(made, service)
    return made


@pytest.fixture(scope="module")
async def installation(url: str) -> AsyncIterator[Installation]:
    roles = {name: url.replace("//cuiban@", f"//{name_role(name)}@") for name in SERVICES}
    engines = {
        name: create_engine(Settings(database_url=address), "test")
        for name, address in {"owner": url, **roles}.items()
    }
    async with engines["owner"].begin() as db:
        await create_roles(db, None)
        offices = [
            await create_office(db, slug=slug, name=slug, now=NOW) for slug in ("first", "second")
        ]
    yield Installation(engines, offices)
    for engine in engines.values():
        await engine.dispose()


async def refusal(engine: AsyncEngine, *statements: str) -> str:
    """The SQLSTATE with which the last of the statements is refused; empty when it is not."""
    async with engine.connect() as db:
        try:
            for statement in statements:
                await db.execute(text(statement))
        except DBAPIError as error:
            return str(getattr(error.orig, "sqlstate", ""))
        finally:
            await db.rollback()
    return ""


DENIED = "42501"


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_uses_its_own_schema_and_no_other(
    installation: Installation, service: str
) -> None:
    engine = installation.engines[service]
    assert await refusal(engine, f"TABLE {service}.outbox") == ""
    for other in set(SERVICES) - {service}:
        assert await refusal(engine, f"TABLE {other}.outbox") == DENIED
    for change in (
        f"CREATE TABLE {service}.made ()",
        f"DROP TABLE {service}.inbox",
        f"ALTER TABLE {service}.inbox ADD made int",
        f"DELETE FROM {service}.alembic_version",  # noqa: S608 - a service
    ):
        assert await refusal(engine, change) == DENIED


@pytest.mark.parametrize("role", ["cuiban_ingest", "cuiban_office"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ingest.journal SET actor = 'nobody'",
        "DELETE FROM ingest.journal",
        "TRUNCATE ingest.journal CASCADE",
        "UPDATE ingest.journal_links SET number = 0",
        "DELETE FROM ingest.journal_links",
        "ALTER TABLE ingest.journal DISABLE TRIGGER journal_is_append_only",
        "DROP TRIGGER journal_is_sealed ON ingest.journal",
        "ALTER FUNCTION ingest.refuse_change() RENAME TO allow_change",
        "SET session_replication_role = replica",
    ],
)
async def test_no_service_can_change_the_journal_or_its_triggers(
    installation: Installation, role: str, change: str
) -> None:
    assert await refusal(installation.engines["ingest"], f"SET ROLE {role}", change) == DENIED


async def test_the_service_writes_the_journal_and_its_chain(installation: Installation) -> None:
    query = text("SELECT count(*) FROM ingest.journal_links WHERE office_id = :office_id")
    async with installation.engines["ingest"].begin() as db:
        made = await create_office(db, slug="third", name="third", now=NOW)
    async with installation.engines["ingest"].connect() as db:
        assert (await db.execute(query, {"office_id": made})).scalar_one() > 0


async def test_a_request_sees_its_office_and_the_rest_of_the_service_sees_all(
    installation: Installation,
) -> None:
    engine = installation.engines["ingest"]
    limit_transactions(engine)
    query = text("SELECT office_id FROM ingest.rule_books")
    async with engine.connect() as db:
        assert set(installation.offices) <= set((await db.execute(query)).scalars())
    with without_office():
        serve_office(installation.offices[0])
        async with engine.connect() as db:
            assert set((await db.execute(query)).scalars()) == {installation.offices[0]}


async def test_what_a_later_migration_adds_can_be_used(installation: Installation) -> None:
    async with installation.owner.begin() as db:
        await db.execute(text("CREATE TABLE ingest.later (office_id uuid)"))
        await db.execute(text("ALTER TABLE ingest.later ENABLE ROW LEVEL SECURITY"))
        await renew_rights(db)
    async with installation.engines["ingest"].begin() as db:
        await db.execute(text("INSERT INTO ingest.later VALUES (:id)"), {"id": uuid4()})
        assert len((await db.execute(text("TABLE ingest.later"))).all()) == 1


async def test_without_roles_in_this_database_a_migration_gives_no_rights(
    create_database: Callable[[str], str], installation: Installation
) -> None:
    other = create_engine(
        Settings(database_url=await asyncio.to_thread(create_database, "scheduler")), "test"
    )
    async with other.begin() as db:
        await db.execute(text("CREATE SCHEMA ingest"))
        await db.execute(text("CREATE SCHEMA notifier"))
        await renew_rights(db)
        query = text("SELECT has_schema_privilege('cuiban_scheduler', 'scheduler', 'USAGE')")
        assert (await db.execute(query)).scalar_one() is False
    await other.dispose()


async def test_password_files_are_written_once_and_obeyed(
    installation: Installation, tmp_path: Path
) -> None:
    files = {service: tmp_path / service / "pgpass" for service in SERVICES}
    stored = text("SELECT rolpassword FROM pg_authid WHERE rolname = 'cuiban_ingest'")
    async with installation.owner.connect() as db:
        assert await create_roles(db, tmp_path) == []
        texts = {service: file.read_text() for service, file in files.items()}
        assert await create_roles(db, tmp_path) == []
        assert str((await db.execute(stored)).scalar_one()).startswith("SCRAM-SHA-256$4096:")
        await db.rollback()
    for service, file in files.items():
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.read_text() == texts[service]
        assert texts[service].startswith(f"*:*:*:cuiban_{service}:")
    files["ingest"].write_text("*:*:*:somebody:password\n")
    async with installation.owner.connect() as db:
        with pytest.raises(CuibanError, match="has no password of cuiban_ingest"):
            await create_roles(db, tmp_path)
