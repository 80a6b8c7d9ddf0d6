"""Make everything that the services stand on: topics, schemas, the office, its first token.

`python -m deploy.prepare` reads the services' environment, and beside it:
CUIBAN_OFFICE (short name), CUIBAN_OFFICE_NAME, and CUIBAN_TOKEN_FILE, where the first
administrator's token is written (mode 0600) unless the file is already there.
Doing it again changes nothing.
"""

import asyncio
import sys
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from services.ingest.handlers.bootstrap import create_office, issue_token
from shared import clock
from shared.brokering import create_topics
from shared.database import engine_from, migrate
from shared.errors import CuibanError
from shared.settings import Settings

SERVICES = ("ingest", "scheduler", "notifier")
_ALL = ("read", "report", "manage", "admin")


class OfficeSettings(BaseSettings):
    """Which office this installation serves first."""

    model_config = SettingsConfigDict(env_prefix="CUIBAN_", env_ignore_empty=True, extra="ignore")

    office: str = "yanting"
    office_name: str = "盐亭县人民政府政务公开办公室"
    token_file: Path | None = None


def migrate_all(settings: Settings) -> None:
    """Bring every service's schema to its newest version."""
    for service in SERVICES:
        migrate(settings.database_url.get_secret_value(), service)


def topics() -> None:
    """Make the topics that the broker (CUIBAN_KAFKA) lacks."""
    made = asyncio.run(create_topics(Settings.load()))
    print("\n".join(made) or "All topics are there.")


def migrations() -> None:
    """Bring the schemas in the database (CUIBAN_DATABASE_URL) to their newest version."""
    migrate_all(Settings.load())
    print("All schemas are up to date.")


async def found_office(settings: Settings, office: OfficeSettings) -> None:
    """Make the office with its default rule book, and its first token if a file is named."""
    engine = engine_from(settings, "cuiban-prepare")
    now = settings.clock().now()
    try:
        async with engine.begin() as db:
            office_id = await create_office(
                db, slug=office.office, name=office.office_name, now=now
            )
            if office.token_file and not office.token_file.exists():
                token = await issue_token(
                    db, office_id=office_id, name="administrator", scopes=_ALL, now=now
                )
                write_secret(office.token_file, token)
    finally:
        await engine.dispose()


def write_secret(path: Path, secret: str) -> None:
    """Write a file that only its owner can read, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".next")
    fresh.touch(mode=0o600)
    fresh.write_text(secret + "\n", encoding="ascii")
    fresh.replace(path)


def main() -> int:
    """Run all steps; 0 when everything stands."""
    try:
        settings = Settings.load()
        made = asyncio.run(create_topics(settings))
        migrate_all(settings)
        asyncio.run(found_office(settings, OfficeSettings()))
    except CuibanError as error:
        print(error, file=sys.stderr)
        return 78
    print(
        f"topics made: {len(made)}; schemas and office are in place at {clock.real_now():%H:%M:%S}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
