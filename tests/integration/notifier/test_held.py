"""A channel without a gateway loses nothing: what is due there is held until there is one."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from services.notifier.dispatch import gauges
from services.notifier.dispatch.board import Board
from services.notifier.store.held import HeldCount
from shared.schemas.rules import Channel
from tests.integration.notifier.world import (
    SLOT,
    World,
    get_unit_id,
    make_contact,
    make_item,
    make_reminder,
    make_unit,
    make_withdrawal,
    wait_until,
)

pytestmark = pytest.mark.integration
NOWHERE: dict[str, Any] = {"smtp_url": SecretStr(""), "sms_url": SecretStr("")}
HELD = (
    "SELECT channel, state, attempts FROM notifier.notifications WHERE reason = 'held/no-gateway'"
)


async def held(world: World, number: int) -> list[Any]:
    async def all_held() -> list[Any]:
        rows = await world.fetch_rows(HELD)
        return rows if len(rows) == number else []

    return list(await wait_until(all_held))


async def test_what_was_due_without_a_gateway_goes_out_once_there_is_one(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    world.start(**NOWHERE)
    rows = await held(world, 2)
    assert {(row.state, row.attempts) for row in rows} == {("pending", 0)}
    assert await world.list_events("NotificationSuppressed") == []
    await world.stop()
    world.start()
    await wait_until(lambda: world.mail.mails and world.sms.posts)
    await wait_until(lambda: both_sent(world))
    assert len(world.mail.mails) == len(world.sms.posts) == 1


async def both_sent(world: World) -> bool:
    return await world.get_states() == {"email": "sent", "sms": "sent"}


async def test_one_channel_without_a_gateway_does_not_hold_up_the_other(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    world.start(sms_url=SecretStr(""))
    await wait_until(lambda: world.mail.mails)
    (row,) = await held(world, 1)
    assert row.channel == "sms"


async def test_only_a_channel_that_was_switched_off_gives_up(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    world.start(channels_off=frozenset({Channel.SMS}))  # although there is a gateway
    (event,) = await wait_until(lambda: world.list_events("NotificationSuppressed"))
    assert (event.channel, event.reason) == ("sms", "channel-off")
    await wait_until(lambda: world.mail.mails)
    assert world.sms.posts == []


async def test_what_is_held_can_still_be_withdrawn(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    world.start(**NOWHERE)
    await held(world, 2)
    await world.tell(make_withdrawal("县教体局", "2.1"))
    assert await world.get_states() == {"email": "withdrawn", "sms": "withdrawn"}


async def test_who_has_no_address_is_not_held(world: World) -> None:
    await world.tell(make_unit(contacts=[make_contact(get_unit_id(), mobile="")]), make_reminder())
    world.start(**NOWHERE)
    await held(world, 1)
    assert await world.get_states() == {"email": "pending"}


def value(gauge: Any, *labels: str) -> float:
    return float(gauge.labels(*labels)._value.get())


async def test_what_is_held_is_counted_told_and_alarmed_of(world: World) -> None:
    soon, later = make_item("2.1", date(2023, 12, 28)), make_item("3.1", date(2024, 3, 1))
    await world.tell(make_unit(), make_reminder(items=(soon, later)), make_unit("县卫健局"))
    await world.tell(
        make_reminder("县卫健局", items=(make_item("4.1", date(2023, 12, 1), overdue=3),))
    )
    world.start(**NOWHERE)
    await held(world, 4)
    board = Board(world.engine, world.clock, [])
    reason = "held/no-gateway"
    with capture_logs() as logs:
        await board.look()
        assert await board.describe_held() == "2 (no gateway for email), 2 (no gateway for sms)"
        assert value(gauges.HELD, "sms", reason) == 2
        assert [log["event"] for log in logs] == ["notifications.held"] * 2
        for day, near, passed in ((1, 1, 0), (2, 1, 0), (3, 0, 1)):
            world.clock.set(SLOT + timedelta(days=day))
            await board.look()
            assert value(gauges.HELD_LATE, "sms", reason, "near") == near
            assert value(gauges.HELD_LATE, "sms", reason, "passed") == passed
    alarms = [log["event"] for log in logs if log["log_level"] == "error"]
    assert alarms == ["held.date_near"] * 2 + ["held.date_passed"] * 2
    await world.tell(make_withdrawal("县教体局", "2.1", "3.1"), make_withdrawal("县卫健局", "4.1"))
    await board.look()
    assert await board.describe_held() == ""
    assert value(gauges.HELD, "sms", reason) == 0
    assert board._held.get(("sms", reason), HeldCount(0)) == HeldCount(0)


async def test_what_is_held_is_not_claimed_again_and_again(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    world.start(**NOWHERE)
    await held(world, 2)
    before = await world.fetch_rows("SELECT xmin::text AS x FROM notifier.notifications ORDER BY 1")
    await asyncio.sleep(1.5)  # longer than the lane's pause
    after = await world.fetch_rows("SELECT xmin::text AS x FROM notifier.notifications ORDER BY 1")
    assert before == after
