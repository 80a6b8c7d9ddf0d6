from services.ingest import told  # noqa: F401 - enters its tables into the metadata
from services.ingest.tables import METADATA
from shared.database.migrating import run_migrations

run_migrations(METADATA)
