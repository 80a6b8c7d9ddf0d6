"""Leases and back-off go by one clock, the database's, however wrong those of the hosts are."""

import asyncio
from datetime import datetime, timedelta, tzinfo

import pytest

import shared.clock
from services.notifier.dispatch.recording import Result
from shared.clock import read_machine_time
from tests.integration.notifier.world import (
    IMPATIENT,
    SLOT,
    World,
    make_reminder,
    make_unit,
    wait_until,
)

pytestmark = pytest.mark.integration
OFF = 4000
"""Seconds by which a clock is wrong: longer than any lease, and than a busy machine takes."""


def set_clock_off(patch: pytest.MonkeyPatch, seconds: int) -> None:
    """From now on this process's clock is wrong, as another host's may be."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Wrong":
            return super().now(tz) + timedelta(seconds=seconds)

    before = read_machine_time()
    patch.setattr(shared.clock, "datetime", Wrong)
    assert abs((read_machine_time() - before).total_seconds() - seconds) < 60


async def test_a_host_whose_clock_is_ahead_takes_no_lease_that_still_runs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.mail.hangs = 1
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    world.start()
    await wait_until(lambda: len(world.mail.mails) == 1)
    set_clock_off(monkeypatch, OFF)
    world.start()  # a second process, on the other host
    await world.tell(make_unit("县卫健局"), make_reminder("县卫健局", channels=("email",)))
    await wait_until(lambda: len(world.mail.mails) >= 2)
    await world.tell(make_reminder(slot=SLOT - timedelta(hours=1), channels=("email",)))
    await wait_until(lambda: len(world.mail.mails) >= 3)
    assert len(set(world.mail.ids)) == len(world.mail.ids)
    world.mail.hang.set()

    async def all_sent() -> bool:
        return (
            len(await world.fetch_rows("SELECT 1 FROM notifier.notifications WHERE attempts = 1"))
            == 3
        )

    assert await all_sent()


async def test_a_host_whose_clock_is_behind_takes_over_what_was_abandoned(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.mail.hangs = 1
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    world.start(**IMPATIENT)
    await wait_until(lambda: world.mail.mails)
    tasks, world._tasks = world._tasks, []
    for lane in world.lanes:  # as if its process had been killed
        for outlet in lane.outlets.values():
            outlet._writer.put = lambda result: asyncio.Event()  # type: ignore[method-assign]
    set_clock_off(monkeypatch, -OFF)
    world.start()
    await wait_until(lambda: len(world.mail.mails) == 2)
    world.mail.hang.set()
    assert len(set(world.mail.ids)) == 1
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_attempts_are_dated_by_the_database_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock_off(monkeypatch, OFF)
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    world.start()
    await wait_until(lambda: world.list_events("NotificationSent"))
    (row,) = await world.fetch_rows(
        "SELECT ended_at - started_at AS took, now() - started_at AS ago FROM notifier.attempts"
    )
    assert timedelta(0) <= row.took < timedelta(seconds=OFF / 4)
    assert timedelta(0) <= row.ago < timedelta(seconds=OFF / 4)
    assert Result.__slots__ == ("offer", "outcome", "ended")
