"""The check that this release runs on the schema of its service.

It reads what Alembic wrote. Alembic itself is not imported: that takes each service half a second
of processor time at its start.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database.reaching import UNREACHABLE, explain_unreachable
from shared.errors import NotReadyError
from shared.logging import log

_REVISION = re.compile(r'^revision = "(.+)"$', re.MULTILINE)


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


def find_migrations(service: str) -> Path:
    """The folder of a service's migrations."""
    return Path(__file__).parents[2] / "services" / service / "migrations"


def find_newest_revision(service: str) -> str:
    """The revision of this code: that of the last file, by the number in its name."""
    newest = max((find_migrations(service) / "versions").glob("[0-9]*.py"))
    (revision,) = _REVISION.findall(newest.read_text(encoding="utf-8"))
    return str(revision)


async def read_schema_version(engine: AsyncEngine, service: str) -> SchemaVersion:
    """The version of a service's schema (`shared.database.migrating._note_range`).

    Raises:
        NotReadyError: the database is away.
    """
    wanted = find_newest_revision(service)
    table = {"name": f"{service}.alembic_version"}
    try:
        async with engine.connect() as db:
            noted = text("SELECT obj_description(to_regclass(:name), 'pg_class')")
            compatible = ((await db.execute(noted, table)).scalar() or "").split()
            exists = (await db.execute(text("SELECT to_regclass(:name)"), table)).scalar()
            stored = text(f"SELECT version_num FROM {service}.alembic_version")  # noqa: S608 - ours
            applied = (await db.execute(stored)).scalar() if exists else None
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
