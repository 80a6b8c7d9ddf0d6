from services.ingest.store import (  # noqa: F401 - these add their tables to the metadata
    account_tables,
    dead_letter_tables,
    gateway_tables,
    history_tables,
    journal_tables,
    life_tables,
    link_tables,
    office_tables,
    proposal_tables,
    reply_tables,
    tables,
)
from services.ingest.store.columns import METADATA
from services.ingest.store.row_security import PROTECT_TABLES
from shared.database.migrating import run_migrations

run_migrations(METADATA, PROTECT_TABLES)
