"""What a crash can repeat is what was offered and not recorded: one message a connection."""

import asyncio

import pytest

from services.notifier.store import receipts
from tests.integration.notifier.world import World, make_reminder, make_unit, wait_until

pytestmark = pytest.mark.integration
UNITS = 60


@pytest.mark.parametrize(
    ("channel", "setting"), [("email", "email_connections"), ("sms", "sms_concurrency")]
)
async def test_while_nothing_can_be_recorded_no_connection_offers_a_second_message(
    world: World, channel: str, setting: str
) -> None:
    """Who stores a receipt holds up who stores an outcome: here, for as long as we like."""
    for number in range(UNITS):
        name = f"第{number}局"
        await world.tell(make_unit(name), make_reminder(name, channels=(channel,)))
    offered = world.mail.mails if channel == "email" else world.sms.posts
    async with world.engine.begin() as db:
        await receipts.lock_for_receipts(db)
        world.start(**{setting: 4})
        await wait_until(lambda: len(offered) >= 4)
        await asyncio.sleep(1)
        assert len(offered) == 4
    await wait_until(lambda: len(offered) == UNITS)
    await wait_until(lambda: _sent(world))
    assert len({str(one) for one in offered}) == UNITS


async def _sent(world: World) -> bool:
    rows = await world.fetch_rows("SELECT 1 FROM notifier.notifications WHERE state = 'sent'")
    return len(rows) == UNITS
