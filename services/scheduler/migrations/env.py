from services.scheduler.tables import METADATA
from shared.migrating import run_migrations

run_migrations(METADATA)
