"""A scheduler without Kafka: bare, or with its office's rules."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from services.scheduler.handlers.tasks import Tasks
from services.scheduler.settings import SchedulerSettings
from services.scheduler.ticking import Ticking
from shared.database.engine import create_engine
from shared.database.trusted_clock import TrustedClock
from shared.schemas.events import RuleBookPublished
from shared.schemas.rules import make_default_rule_book
from tests.integration.scheduler.world import OFFICE, HandClock, World


@pytest.fixture
async def bare(
    settings_for: Callable[..., Awaitable[SchedulerSettings]],
) -> AsyncIterator[World]:
    """A scheduler that has heard nothing yet."""
    settings = await settings_for(SchedulerSettings, "scheduler")
    engine = create_engine(settings, "test-scheduler")
    clock = HandClock()
    ticking = Ticking(engine, settings, clock)
    tasks = Tasks(TrustedClock(clock, settings.clock_skew), ticking.timetables, timedelta(days=3))
    yield World(engine, settings, clock, ticking, tasks)
    await ticking.close()
    await engine.dispose()


@pytest.fixture
async def world(bare: World) -> World:
    """A scheduler whose office has the default rule book."""
    await bare.rule(RuleBookPublished(office_id=OFFICE, book=make_default_rule_book()))
    return bare
