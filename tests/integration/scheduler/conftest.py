"""A scheduler without Kafka: without rules (`bare`), or with an office's rules (`world`)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from services.scheduler.handlers.tasks import Tasks
from services.scheduler.settings import SchedulerSettings
from services.scheduler.ticking import Ticking
from shared.database.engine import create_engine
from shared.database.trusted_clock import TrustedClock
from shared.rules.defaults import make_default_rule_book
from shared.schemas.office_events import RuleBookPublished
from tests.clocks import ManualClock
from tests.integration.scheduler.world import OFFICE, START, World


@pytest.fixture
async def bare(
    make_settings: Callable[..., Awaitable[SchedulerSettings]],
) -> AsyncIterator[World]:
    """A scheduler that has read no event."""
    settings = await make_settings(SchedulerSettings, "scheduler", topics=False)
    engine = create_engine(settings, "test-scheduler")
    clock = ManualClock(START)
    ticking = Ticking(engine, settings, clock)
    tasks = Tasks(TrustedClock(clock, settings.clock_skew), ticking.timetables, timedelta(days=3))
    yield World(engine, settings, clock, ticking, tasks)
    await ticking.close()
    await engine.dispose()


@pytest.fixture
async def world(bare: World) -> World:
    """A scheduler whose office has the default rule book."""
    await bare.apply_rules(RuleBookPublished(office_id=OFFICE, book=make_default_rule_book()))
    return bare
