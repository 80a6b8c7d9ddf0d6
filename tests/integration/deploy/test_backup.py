"""The scripts of the one-server example: a backup of the real database that can be restored."""

import asyncio
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from lab.stack.postgres import find_binary
from services.ingest.handlers.office.bootstrap import create_office
from shared.clock import read_machine_time
from shared.database.engine import create_engine
from shared.settings import Settings

pytestmark = pytest.mark.integration
PLACE = Path(__file__).parents[3] / "deploy" / "one-server"


@dataclass(frozen=True)
class Scripts:
    """Runs the scripts as the container does, against a database of the run."""

    folder: Path

    def run(self, script: str, *words: str, url: str) -> subprocess.CompletedProcess[str]:
        named = make_url(url)
        environment = {
            "PATH": f"{find_binary('psql').parent}:{os.environ['PATH']}",
            "PGHOST": named.host or "",
            "PGPORT": str(named.port),
            "PGUSER": named.username or "",
            "PGDATABASE": named.database or "",
            "BACKUP_DIR": str(self.folder),
        }
        return subprocess.run(
            ["/bin/sh", str(PLACE / script), *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def list_dumps(self) -> list[Path]:
        return sorted(self.folder.glob("cuiban-*.dump"))


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


async def found_office(url: str) -> None:
    engine = create_engine(Settings(database_url=url), "test")
    async with engine.begin() as db:
        await create_office(db, slug="a", name="甲办公室", now=read_machine_time())
    await engine.dispose()


async def list_offices(url: str) -> list[str]:
    engine = create_engine(Settings(database_url=url), "test")
    async with engine.connect() as db:
        names = list((await db.execute(text("SELECT name FROM ingest.offices"))).scalars())
    await engine.dispose()
    return names


async def test_a_backup_is_restored_into_an_empty_database_alone(
    scripts: Scripts, create_database: Callable[[str | None], str]
) -> None:
    source = await asyncio.to_thread(create_database, "ingest")
    await found_office(source)
    made = await asyncio.to_thread(scripts.run, "backup.sh", "now", url=source)
    assert made.returncode == 0, made.stderr
    (dump,) = scripts.list_dumps()
    assert dump.with_suffix(".roles.sql").read_text().count("cuiban_office") > 0
    assert dump.stat().st_mode & 0o077 == 0

    refused = await asyncio.to_thread(scripts.run, "restore.sh", str(dump), url=source)
    assert refused.returncode == 1
    assert "not empty" in refused.stderr

    target = await asyncio.to_thread(create_database, None)
    restored = await asyncio.to_thread(scripts.run, "restore.sh", str(dump), url=target)
    assert restored.returncode == 0, restored.stderr
    assert await list_offices(target) == ["甲办公室"]


async def test_a_backup_that_fails_removes_no_older_one_and_is_noticed(
    scripts: Scripts, create_database: Callable[[str | None], str]
) -> None:
    url = await asyncio.to_thread(create_database, None)
    old = scripts.folder / "cuiban-20200101T000000Z.dump"
    old.touch()
    os.utime(old, (0, 0))
    away = make_url(url).set(database="not_there").render_as_string(hide_password=False)
    failed = await asyncio.to_thread(scripts.run, "backup.sh", "now", url=away)
    assert failed.returncode == 1
    assert scripts.list_dumps() == [old]
    late = await asyncio.to_thread(scripts.run, "backup.sh", "check", url=url)
    assert late.returncode == 1
    assert "No backup is newer" in late.stderr

    made = await asyncio.to_thread(scripts.run, "backup.sh", "now", url=url)
    assert made.returncode == 0, made.stderr
    assert old not in scripts.list_dumps()
    assert len(scripts.list_dumps()) == 1
    assert (await asyncio.to_thread(scripts.run, "backup.sh", "check", url=url)).returncode == 0
