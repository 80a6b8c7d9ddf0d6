from services.ingest.tables import METADATA
from shared.database import run_migrations

run_migrations(METADATA)
