"""One dead gateway of three: it takes requests and never answers. Counts are compared, no times.

`cuiban bench --only isolation` measures what the others keep of their rate.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.notifier.dispatch.lane import Lane
from tests.integration.notifier.vendors import Vendors, add, count_sent, simulate_vendors
from tests.integration.notifier.world import World, wait_until

pytestmark = pytest.mark.integration
NAMES = ("dead", "one", "two")
SLOTS, MESSAGES = 2, 60
MOST_AT_DEAD = 2 * SLOTS
"""Messages that the dead gateway holds: those in its slots, and as many that wait for one."""


@pytest.fixture
async def vendors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Vendors]:
    async with simulate_vendors(NAMES, tmp_path / "gateways.yaml", monkeypatch) as made:
        yield made


def find_lane(world: World) -> Lane:
    return next(lane for lane in world.lanes if lane.channel == "sms")


async def test_the_dead_one_occupies_only_its_own_slots(world: World, vendors: Vendors) -> None:
    await vendors.fail("dead", "hang")
    await add(world, MESSAGES)
    world.start(gateways=vendors.write(**{name: {"concurrency": SLOTS} for name in NAMES}))
    outlets = find_lane(world).outlets

    async def is_all_else_sent() -> bool:
        return await count_sent(world) + outlets["dead"].open == MESSAGES

    await wait_until(is_all_else_sent)
    assert vendors.count("dead") == 0  # it has answered nothing, and its time-out has not ended
    assert 0 < outlets["dead"].open <= MOST_AT_DEAD
    assert await count_sent(world, "one") > 0
    assert await count_sent(world, "two") > 0
    assert [outlets[name].open for name in ("one", "two")] == [0, 0]
