from services.ingest.store import history_tables  # noqa: F401 - adds its tables to the metadata
from services.ingest.store.tables import METADATA
from shared.database.migrating import run_migrations

run_migrations(METADATA)
