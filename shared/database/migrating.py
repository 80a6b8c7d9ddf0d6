"""A service's schema: its migration, and the check that this release runs on it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.database.reaching import UNREACHABLE, explain_unreachable
from shared.database_url import DatabaseAddress, parse_database_url
from shared.errors import NotReadyError
from shared.logging import log


def _configure_alembic(database_url: str, service: str) -> Config:
    place = Path(__file__).parents[2] / "services" / service / "migrations"
    config = Config()
    config.set_main_option("script_location", str(place))
    config.attributes["database"] = parse_database_url(database_url)
    config.attributes["service"] = service
    return config


def migrate(database_url: str, service: str) -> None:
    """Bring the schema of `service` to its newest version. Blocks; runs its own event loop.

    Raises:
        NotReadyError: the database can't be reached.
    """
    command.upgrade(_configure_alembic(database_url, service), "head")


def run_migrations(metadata: MetaData, finish: str = "") -> None:
    """What each service's `migrations/env.py` calls; the statement `finish` follows each run."""
    from alembic import context  # noqa: PLC0415 - exists only while Alembic runs

    service = context.config.attributes["service"]
    database: DatabaseAddress = context.config.attributes["database"]

    def upgrade(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy hands over a sync facade
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {service}"))
        connection.execute(text("SET lock_timeout = '10s'"))
        context.configure(
            connection=connection,
            target_metadata=metadata,
            version_table_schema=service,
            include_schemas=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        if finish:
            connection.execute(text(finish))
        _note_range(connection, service, context.script, context.get_context())
        connection.commit()

    async def connect() -> None:
        engine = create_async_engine(database.url, connect_args=database.build_options())
        try:
            connection = await engine.connect()
        except UNREACHABLE as error:
            raise explain_unreachable(engine.url, error) from error
        try:
            await connection.run_sync(upgrade)
        finally:
            await connection.close()
            await engine.dispose()

    asyncio.run(connect())


def _note_range(connection: Any, service: str, script: Any, migrated: Any) -> None:  # noqa: ANN401 - Alembic's
    """Store the revisions whose code runs on the schema: its own, and those before additive steps.

    A migration that only adds has `additive = True`. The revisions are in the comment of Alembic's
    table, where older code can read them.
    """
    revision = migrated.get_current_revision()
    compatible = []
    while revision:
        compatible.append(revision)
        step = script.get_revision(revision)
        revision = step.down_revision if getattr(step.module, "additive", False) else None
    words = " ".join(compatible)
    connection.execute(text(f"COMMENT ON TABLE {service}.alembic_version IS '{words}'"))


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """The revision of a service's schema, and the one of this code.

    Attributes:
        applied: empty when nothing was migrated.
        runs: whether this code runs on it: it is the same, or later steps only added to it.
    """

    applied: str
    wanted: str
    runs: bool


async def read_schema_version(engine: AsyncEngine, service: str) -> SchemaVersion:
    """The version of a service's schema (`_note_range`).

    Raises:
        NotReadyError: the database is away.
    """
    config = _configure_alembic(engine.url.render_as_string(hide_password=False), service)
    wanted = ScriptDirectory.from_config(config).get_current_head() or ""

    def read_revisions(connection: Any) -> tuple[str | None, list[str]]:  # noqa: ANN401 - SQLAlchemy hands over a sync facade
        options = {"version_table_schema": service}
        applied = MigrationContext.configure(connection, opts=options).get_current_revision()
        noted = text("SELECT obj_description(to_regclass(:name), 'pg_class')")
        words = connection.execute(noted, {"name": f"{service}.alembic_version"}).scalar()
        return applied, (words or "").split()

    try:
        async with engine.connect() as db:
            applied, compatible = await db.run_sync(read_revisions)
    except UNREACHABLE as error:
        raise explain_unreachable(engine.url, error) from error
    return SchemaVersion(applied or "", wanted, applied == wanted or wanted in compatible)


async def check_migrated(engine: AsyncEngine, service: str) -> None:
    """Make sure that this code runs on the schema of `service`.

    That is its own, or a later one that only added to it, so that processes of two releases run
    side by side while one replaces the other.

    Raises:
        NotReadyError: the database is away, or the schema is older, or newer and changed.
    """
    version = await read_schema_version(engine, service)
    if not version.runs:
        raise NotReadyError(
            f"The database schema of {service} is at {version.applied or 'nothing'}, "
            f"not at {version.wanted}.",
            "Run `cuiban migrate` of the newest release, and start that release.",
        )
    if version.applied != version.wanted:
        names = {"schema": version.applied, "code": version.wanted}
        log(__name__).warning("schema.newer", service=service, **names)
