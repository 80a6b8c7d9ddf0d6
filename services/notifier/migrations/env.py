"""Alembic's way in."""

from services.notifier.store import (  # noqa: F401 - these add their tables to the metadata
    bounce_tables,
    calendar_tables,
    gateway_test_tables,
    hold_tables,
    receipt_question_tables,
)
from services.notifier.store.tables import METADATA
from shared.database.migrating import run_migrations

run_migrations(METADATA)
