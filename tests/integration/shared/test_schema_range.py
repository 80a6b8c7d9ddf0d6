"""Code starts on its own schema, and on a later one that only added to it."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from shared.database import schema_version
from shared.database.engine import create_engine
from shared.database.schema_version import check_migrated
from shared.errors import NotReadyError
from shared.settings import Settings

pytestmark = pytest.mark.integration
SettingsFor = Callable[..., Awaitable[Settings]]


async def test_a_later_schema_that_only_added_is_good(
    make_settings: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_engine(await make_settings(Settings, "scheduler"), "test")
    await check_migrated(engine, "scheduler")

    def release(head: str) -> None:
        monkeypatch.setattr(schema_version, "find_newest_revision", lambda _: head)

    for older in ("2026_11_27_marks", "2026_11_24_first"):
        release(older)
        await check_migrated(engine, "scheduler")
    release("2026_11_20_before_all")
    with pytest.raises(NotReadyError, match="not at 2026_11_20_before_all"):
        await check_migrated(engine, "scheduler")
    monkeypatch.undo()
    async with engine.begin() as db:
        await db.execute(
            text("UPDATE scheduler.alembic_version SET version_num = '2026_11_24_first'")
        )
        await db.execute(text("COMMENT ON TABLE scheduler.alembic_version IS '2026_11_24_first'"))
    with pytest.raises(NotReadyError, match="is at 2026_11_24_first"):
        await check_migrated(engine, "scheduler")
    await engine.dispose()
