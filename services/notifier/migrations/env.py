"""Alembic's way in."""

from services.notifier.tables import metadata
from shared.database.migrating import run_migrations

run_migrations(metadata)
