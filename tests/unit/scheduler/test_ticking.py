import asyncio
from functools import partial

import pytest

from services.scheduler.settings import SchedulerSettings
from services.scheduler.ticking import Ticking
from shared.clock import SystemClock
from shared.database.engine import create_engine


async def test_a_loop_survives_what_its_step_raises() -> None:
    settings = SchedulerSettings(poll="PT0.001S")
    ticking = Ticking(create_engine(settings, "test"), settings, SystemClock())
    done = asyncio.Event()
    outcomes = iter([OSError("away"), RuntimeError("a fault"), 0, 3])

    async def step() -> int:
        outcome = next(outcomes, None)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is None:
            done.set()
        return outcome or 0

    looping = asyncio.create_task(ticking._repeat("test", step, partial(asyncio.sleep, 0)))
    async with asyncio.timeout(60):
        await done.wait()
    looping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looping
