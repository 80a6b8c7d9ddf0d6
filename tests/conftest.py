"""The real engines, started once for a run; each test has its own database and topics."""

import asyncio
import gc
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from uuid import uuid4

import hypothesis
import psutil
import pytest
import structlog
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling

from deploy.terminal.language import use_language
from lab.stack.testing import Engines, run_engines
from shared.database.migrating import migrate
from shared.kafka.broker.provisioning import create_topics
from shared.settings import Settings

_SYSTEMS = ("e2e", "demo", "chaos")
"""Folders whose tests run whole systems. One process runs them all: two systems at the same time
share two cores, and take longer than one after the other."""
_SECURED = Path("tests/integration/secured")
"""The folder whose tests share a broker and a database with TLS."""

# As in a service. The default renders the values of variables, which takes seconds when they are
# large and delays whatever runs in the same loop.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)

# The time of an example measures the machine, not the code.
hypothesis.settings.register_profile(
    "cuiban",
    hypothesis.settings(
        deadline=None,
        max_examples=50,  # each run draws others
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    ),
)
hypothesis.settings.load_profile("cuiban")

S = TypeVar("S", bound=Settings)
SettingsFor = Callable[..., Awaitable[Any]]


class FileScheduling(LoadScopeScheduling):
    """Gives each process whole files; all tests of whole systems to one, those with TLS to one."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        path = PurePosixPath(nodeid.partition("::")[0])
        if path.parts[1] in _SYSTEMS:
            return "systems"
        return str(_SECURED if path.is_relative_to(_SECURED) else path)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileScheduling:
    """The scheduler of the run's processes."""
    return FileScheduling(config, log)


_MEMORY, _ROOM = Path("/dev/shm"), 6 * 2**30  # noqa: S108 - TemporaryDirectory makes its own in it
"""A file system in memory, and the bytes that must be free in it: a worker uses less than 1 GB."""


gc.set_threshold(70_000, 10, 10)  # as in a service


class FailureReporter:
    """Shows each failure when it happens: a run that is ended early prints no summary."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.write_line(f"\nFAILED ({report.when}) {report.nodeid}")
            self._terminal.write_line(report.longreprtext[-3000:])


def pytest_sessionstart(session: pytest.Session) -> None:
    """Show failures at once in the process that has the terminal."""
    plugins = session.config.pluginmanager
    if (terminal := plugins.getplugin("terminalreporter")) and not hasattr(
        session.config, "workerinput"
    ):
        plugins.register(FailureReporter(terminal))


def pytest_collection_finish() -> None:
    """Leave the thousands of tests out of every later collection of garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _in_english() -> None:
    """The language is the process's: a test finds English whatever command ran before it."""
    use_language("en")


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """The broker and the database of the run.

    Their files are in memory where there is room: copying a database there takes a tenth of the
    time. They are never in pytest's directory, which a run as root closes to PostgreSQL's account.
    """
    roomy = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    place = str(_MEMORY) if roomy and psutil.virtual_memory().available > _ROOM else None
    with (
        tempfile.TemporaryDirectory(prefix="cuiban-tests-", dir=place) as scratch,
        run_engines(Path(scratch), durable=False) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def create_database(engines: Engines) -> Callable[[str | None], str]:
    """`create_database("scheduler")`: the URL of a new database with the schema of a service.

    A service's migrations run once. Each further database is a copy, which takes a tenth of the
    time. Without a service the database is empty.
    """
    templates: set[str] = set()

    def create(service: str | None) -> str:
        name = f"test_{uuid4().hex[:10]}"
        if service is None:
            return engines.create_database(name)
        template = f"migrated_{service}"
        if template not in templates:
            migrate(engines.create_database(template), service)
            templates.add(template)
        return engines.create_database(name, template)

    return create


@pytest.fixture
def make_settings(
    engines: Engines, create_database: Callable[[str | None], str], tmp_path: Path
) -> Iterator[SettingsFor]:
    """`await make_settings(SettingsClass, "scheduler", poll=…)`: settings of a service.

    Each test has a database and topics of its own, which its services share. Without `topics` none
    are made, since the broker takes longer for that than most tests for all else. The database is
    dropped when the test ends.
    """
    prefix = f"t{uuid4().hex[:10]}."
    made: dict[str, str] = {}

    async def make(
        settings_class: type[S],
        service: str | None = None,
        *,
        topics: bool = True,
        **overrides: object,
    ) -> S:
        migrated = not made
        if not made:
            made["url"] = await asyncio.to_thread(create_database, service)
        settings = settings_class(
            kafka=engines.kafka,
            topic_prefix=prefix,
            database_url=made["url"],
            partitions=2,
            **overrides,
        )
        if topics and "topics" not in made:
            await create_topics(settings)
            made["topics"] = "made"
        if service and not migrated:
            await asyncio.to_thread(migrate, made["url"], service)
        return settings

    yield make
    if made:
        engines.drop_database(made["url"])


@pytest.fixture
def collect_plans() -> Callable[[AsyncConnection], Any]:
    """`with collect_plans(db) as plans: …` collects PostgreSQL's plan of each statement on `db`."""

    @contextmanager
    def collect(db: AsyncConnection) -> Iterator[list[str]]:
        plans: list[str] = []

        def explain(connection: Any, _: Any, statement: str, values: Any, *__: Any) -> None:
            if not statement.startswith("EXPLAIN"):
                plan = connection.exec_driver_sql(f"EXPLAIN {statement}", values)
                plans.append("\n".join(plan.scalars()))

        event.listen(db.sync_connection, "before_cursor_execute", explain)
        try:
            yield plans
        finally:
            event.remove(db.sync_connection, "before_cursor_execute", explain)

    return collect
