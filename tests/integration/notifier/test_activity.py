"""What the notifier says of itself: whether it has work, and when it has some next."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from services.notifier.store import activity
from tests.integration.notifier.world import SLOT, World, make_reminder, make_unit, wait_until

pytestmark = pytest.mark.integration
_SENT = text("UPDATE notifier.outbox SET sent_at = now()")


async def test_what_is_due_is_work_from_its_slot_on(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    before = SLOT - timedelta(minutes=1)
    async with world.engine.begin() as db:
        assert not await activity.is_quiet(db, before)  # that it was fanned out is not told yet
        await db.execute(_SENT)
        assert await activity.is_quiet(db, before)
        assert await activity.find_next_instant(db, before) == SLOT
        assert not await activity.is_quiet(db, SLOT)
        assert await activity.find_next_instant(db, SLOT) is None


async def test_what_waits_for_the_settings_of_a_gateway_is_no_work(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    world.start(smtp_url=SecretStr(""), sms_url=SecretStr(""))

    async def both_held() -> list[Any]:
        held = "SELECT channel FROM notifier.notifications WHERE reason = 'held/no-gateway'"
        return rows if len(rows := await world.fetch_rows(held)) == 2 else []

    await wait_until(both_held)
    await world.stop()
    async with world.engine.begin() as db:
        await db.execute(_SENT)
        assert await activity.is_quiet(db, SLOT)
