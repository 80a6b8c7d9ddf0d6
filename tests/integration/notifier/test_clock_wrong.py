"""A notifier whose clock is wrong sends nothing by it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from shared.clock import SteppedClock
from tests.integration.notifier.world import World, make_reminder, make_unit, wait_until

pytestmark = pytest.mark.integration


@dataclass
class WrongClock:
    """A stepped clock that is ahead of the database's for as long as a test says."""

    right: SteppedClock
    ahead: timedelta

    def now(self) -> datetime:
        return self.right.now() + self.ahead

    def measure_skew(self, database_now: datetime) -> timedelta:
        return self.ahead


def waits(channel: str) -> float:
    return REGISTRY.get_sample_value("cuiban_faults_total", {"where": f"claim-{channel}"}) or 0


async def test_a_due_message_waits_until_the_clock_is_right(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    wrong = world.clock = WrongClock(world.clock, timedelta(days=95))
    before = waits("email")
    world.start()
    await wait_until(lambda: waits("email") > before + 1)
    assert world.mail.mails == []
    assert await world.get_states() == {"email": "pending", "sms": "pending"}
    assert REGISTRY.get_sample_value("cuiban_clock_skew_seconds") == 95 * 86400
    wrong.ahead = timedelta(0)
    await wait_until(lambda: world.mail.mails and world.sms.posts)
