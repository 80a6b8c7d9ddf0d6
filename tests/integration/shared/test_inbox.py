"""The inbox of each service: pruning finds old rows by an index."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import MetaData, text

from shared.database.engine import create_engine
from shared.kafka.consuming.inbox import define_inbox_table, prune
from shared.settings import Settings

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("service", ["ingest", "scheduler", "notifier"])
async def test_pruning_a_full_inbox_reads_old_rows_alone(
    make_settings: Callable[..., Awaitable[Settings]], service: str, collect_plans: Any
) -> None:
    settings = await make_settings(Settings, service)
    inbox = define_inbox_table(MetaData(schema=service))
    engine = create_engine(settings, "test")
    try:
        async with engine.begin() as db:
            await db.execute(
                text(
                    f"INSERT INTO {service}.inbox SELECT 'one', gen_random_uuid(), "  # noqa: S608 - a name above
                    "now() - make_interval(days => CASE WHEN n <= 100 THEN 40 ELSE 1 END) "
                    "FROM generate_series(1, 20000) AS n"
                )
            )
        async with engine.connect() as db:
            analyze = await db.execution_options(isolation_level="AUTOCOMMIT")
            await analyze.execute(text(f"VACUUM ANALYZE {service}.inbox"))
        async with engine.begin() as db:
            with collect_plans(db) as plans:
                assert await prune(db, inbox, "one", days=30) == 100
        assert "inbox_seen" in plans[-1], plans[-1]
        assert "Seq Scan" not in plans[-1]
    finally:
        await engine.dispose()
