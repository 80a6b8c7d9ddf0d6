"""Migrations: their files are numbered in the order in which they run, and say if they only add."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from shared.database.schema_version import find_newest_revision

SERVICES = Path(__file__).parents[3] / "services"
SINCE = "2026_11_27"
"""Earlier ones were made before anybody asked."""


each_service = pytest.mark.parametrize("service", ["ingest", "scheduler", "notifier"])


def newest_first(service: str) -> list[Script]:
    config = Config()
    config.set_main_option("script_location", str(SERVICES / service / "migrations"))
    return list(ScriptDirectory.from_config(config).walk_revisions())


@each_service
def test_each_migration_says_whether_it_only_adds(service: str) -> None:
    steps = [step for step in newest_first(service) if step.revision >= SINCE]
    assert steps
    silent = [step.revision for step in steps if not hasattr(step.module, "additive")]
    assert silent == [], "write `additive = True`, or False where older code can't run on"


@each_service
def test_files_are_numbered_in_the_order_in_which_they_run(service: str) -> None:
    steps = newest_first(service)[::-1]
    numbers = [Path(step.path).name.partition("_")[0] for step in steps]
    assert numbers == [f"{number:04}" for number in range(1, len(steps) + 1)]


@each_service
def test_the_newest_revision_is_the_head_that_alembic_finds(service: str) -> None:
    assert find_newest_revision(service) == newest_first(service)[0].revision
