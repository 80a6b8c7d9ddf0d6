"""Alembic's way in."""

from services.notifier.tables import metadata
from shared.migrating import run_migrations

run_migrations(metadata)
