"""The next release of the chaos runs is made from this one, whatever was moved or renamed."""

import subprocess
import sys
from pathlib import Path

from lab.chaos.faults.release import make_next_release
from shared.settings import Settings

FIELDS = (
    "from shared.rules.book import RuleBook; "
    "from shared.schemas.events import StatusReported; "
    "print([name for model in (RuleBook, StatusReported) for name in model.model_fields "
    "if name == 'next_field'])"
)


def test_the_next_release_has_the_new_fields_and_one_more_migration(tmp_path: Path) -> None:
    release = make_next_release(tmp_path / "next", Settings(), {})
    told = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", FIELDS],
        cwd=release.directory,
        env=release.environment,
        capture_output=True,
        check=True,
        text=True,
    )
    assert told.stdout.strip() == "['next_field', 'next_field']"
    added = sorted(file.parts[-4] for file in release.directory.rglob("9999_*.py"))
    assert added == ["ingest", "notifier", "scheduler"]
