"""Alembic's way in."""

from services.notifier.store.tables import METADATA
from shared.database.migrating import run_migrations

run_migrations(METADATA)
