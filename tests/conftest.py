"""The real engines, started once for a run; each test has its own database and topics."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest

from deploy.local.testing import Engines
from deploy.local.testing import engines as run_engines
from shared.brokering import create_topics
from shared.database import migrate
from shared.settings import Settings

_TOGETHER = ("e2e", "chaos")
"""Folders whose tests share one running system, so that one process must run them all."""

S = TypeVar("S", bound=Settings)
SettingsFor = Callable[..., Awaitable[Any]]


@pytest.hookimpl(tryfirst=True)  # before the run is shared out by these marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests stay together when several processes share the run (`-n 2`)."""
    root = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(root)
        own = place.parts[0] in _TOGETHER and item.path.name != "test_demo.py"
        group = place.parts[0] if own else str(place)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    with run_engines(tmp_path_factory.mktemp("engines")) as running:
        yield running


@pytest.fixture
def settings_for(engines: Engines, tmp_path: Path) -> SettingsFor:
    """`await settings_for(SettingsClass, "scheduler", poll=…)`: a fresh world for one service.

    Several services of one test share the world: same prefix, topics and database.
    """
    prefix = f"t{uuid4().hex[:10]}."
    made: dict[str, str] = {}

    async def make(settings_class: type[S], service: str | None = None, **overrides: object) -> S:
        if not made:
            made["url"] = await asyncio.to_thread(
                engines.create_database, f"test_{uuid4().hex[:10]}"
            )
        settings = settings_class(
            kafka=engines.kafka,
            topic_prefix=prefix,
            database_url=made["url"],
            partitions=2,
            **overrides,
        )
        if "topics" not in made:
            await create_topics(settings)
            made["topics"] = "made"
        if service:
            await asyncio.to_thread(migrate, made["url"], service)
        return settings

    return make
