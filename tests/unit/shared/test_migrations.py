"""Each migration says whether it only adds, so that older code knows whether it may run on."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

SERVICES = Path(__file__).parents[3] / "services"
SINCE = "2026_11_27"
"""Earlier ones were made before anybody asked."""


@pytest.mark.parametrize("service", ["ingest", "scheduler", "notifier"])
def test_each_migration_says_whether_it_only_adds(service: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(SERVICES / service / "migrations"))
    steps = [
        step
        for step in ScriptDirectory.from_config(config).walk_revisions()
        if step.revision >= SINCE
    ]
    assert steps
    silent = [step.revision for step in steps if not hasattr(step.module, "additive")]
    assert silent == [], "write `additive = True`, or False where older code can't run on"
