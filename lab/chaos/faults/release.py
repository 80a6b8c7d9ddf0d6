"""A possible next release: this one with a newer schema and with additional event fields.

Each service's schema has one more migration, and two events have one more field. It is made in its
own directory and runs beside the present release.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

import lab
from shared.errors import CuibanError
from shared.settings import Settings

_PACKAGES = ("services", "shared", "deploy")
_SERVICES = ("ingest", "scheduler", "notifier")
_NEXT = "9999_12_31_next"
_MIGRATION = '''"""A column that the present release knows nothing of."""

from alembic import op

revision = "{next}"
down_revision = "{head}"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.execute("ALTER TABLE {service}.outbox ADD COLUMN next_note TEXT")


def downgrade() -> None:
    op.execute("ALTER TABLE {service}.outbox DROP COLUMN next_note")
'''
_CHANGES = (
    (
        "shared/rules/book.py",
        "    near_working_days: int = Field(default=15, ge=0, le=260)\n",
        "    next_field: str = 'of the next release'\n",
    ),
    (
        "shared/schemas/events.py",
        "    reported_by: str\n",
        "    next_field: str = 'of the next release'\n",
    ),
)
"""Files, a line in each, and the line that the next release has after it."""


@dataclass(frozen=True)
class NextRelease:
    """The next release in a directory."""

    directory: Path
    settings: Settings
    stack_environment: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The environment that makes a service run from it."""
        return {"PYTHONPATH": str(self.directory)}

    async def migrate(self) -> None:
        """Migrate the schemas to the newest version of this release.

        Raises:
            CuibanError: the migration failed.
        """
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy.command", "migrate"),
            cwd=self.directory,
            env={**os.environ, **self.stack_environment, **self.environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await child.communicate()
        if child.returncode:
            raise CuibanError(f"The next release can't migrate: {output.decode()[-500:]}")


def make_next_release(
    directory: Path, settings: Settings, stack_environment: Mapping[str, str]
) -> NextRelease:
    """Make the next release in a directory that does not exist yet."""
    root = Path(lab.__file__).parents[1]
    for package in _PACKAGES:
        shutil.copytree(
            root / package, directory / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name, line, more in _CHANGES:
        file = directory / name
        before = file.read_text(encoding="utf-8")
        if line not in before:
            raise CuibanError(f"{name} has no line {line!r} any more; correct {__name__}.")
        file.write_text(before.replace(line, line + more, 1), encoding="utf-8")
    for service in _SERVICES:
        migrations = directory / "services" / service / "migrations"
        config = Config()
        config.set_main_option("script_location", str(migrations))
        head = ScriptDirectory.from_config(config).get_current_head()
        migration = _MIGRATION.format(next=_NEXT, head=head, service=service)
        (migrations / "versions" / f"{_NEXT}.py").write_text(migration, encoding="utf-8")
    return NextRelease(directory, settings, stack_environment)
