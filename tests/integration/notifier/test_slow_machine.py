"""A machine that is too slow for its batches claims less, and sends."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.notifier.dispatch import lane, rechecking
from services.notifier.dispatch.offers import Offer
from tests.integration.notifier.world import SLOT, World, make_reminder, make_unit, wait_until

pytestmark = pytest.mark.integration
MESSAGES = 64
SLOW = 0.1
"""Seconds that preparing takes for each message that may be claimed."""
SHORT = {"send_timeout": timedelta(seconds=1), "lease": timedelta(seconds=4)}


async def tell_many(world: World, number: int) -> None:
    """Reminders of many slots, all due."""
    await world.tell(make_unit())
    slots = (SLOT - timedelta(hours=hour) for hour in range(number))
    await world.tell(*(make_reminder(slot=slot, channels=("email",)) for slot in slots))


async def test_batches_shrink_until_their_lease_leaves_time_to_send(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, limits = lane.prepare, []

    async def prepare_slowly(*args: Any, limit: int, **more: Any) -> tuple[int, list[Offer]]:
        limits.append(limit)
        prepared = await prepare(*args, limit=limit, **more)
        await asyncio.sleep(SLOW * prepared[0])
        return prepared

    monkeypatch.setattr(lane, "prepare", prepare_slowly)
    await tell_many(world, MESSAGES)
    world.start(**SHORT)
    await wait_until(lambda: len(set(world.mail.ids)) == MESSAGES)
    assert min(limits) < limits[0]
    assert len(world.mail.ids) == MESSAGES


async def test_one_look_serves_all_offers_that_asked_before_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, looks = rechecking.Recheck._check, []

    async def look_slowly(self: rechecking.Recheck) -> None:
        looks.append(None)
        await look(self)
        await asyncio.sleep(0.2)

    monkeypatch.setattr(rechecking.Recheck, "_check", look_slowly)
    monkeypatch.setattr(rechecking, "_TRUSTED_FOR", 0.0)  # every offer asks
    await tell_many(world, MESSAGES)
    world.start(email_connections=MESSAGES)
    await wait_until(lambda: len(world.mail.mails) == MESSAGES)
    assert len(looks) < MESSAGES / 4
