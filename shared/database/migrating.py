"""Migrates a service's schema."""

import asyncio
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.database.reaching import UNREACHABLE, explain_unreachable
from shared.database.schema_version import find_migrations
from shared.database_url import DatabaseAddress, parse_database_url


def _configure_alembic(database_url: str, service: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(find_migrations(service)))
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
