"""Alembic's way in."""

from services.notifier.store import calendar_tables  # noqa: F401 - adds to the metadata
from services.notifier.store.tables import METADATA
from shared.database.migrating import run_migrations

run_migrations(METADATA)
