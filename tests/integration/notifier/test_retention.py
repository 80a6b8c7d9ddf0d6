"""Texts and addresses of settled messages are erased as long ago as their office says."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.notifier.dispatch.forgetting import Forgetting
from shared.database.trusted_clock import TrustedClock
from shared.errors import ClockWrongError
from tests.integration.notifier.test_clock_wrong import WrongClock
from tests.integration.notifier.test_office_settings import settings
from tests.integration.notifier.test_receipts import receipt
from tests.integration.notifier.world import SLOT, World, make_reminder, make_unit, wait_until

pytestmark = pytest.mark.integration
KEPT = 30
DAY = timedelta(days=1)
TEXTS = ("address", "subject", "body_text", "body_html")
STORED = "SELECT * FROM notifier.notifications ORDER BY channel"


def make_forgetting(world: World, **more: Any) -> Forgetting:
    clock = more.pop("clock", world.clock)
    return Forgetting(world.engine, TrustedClock(clock, timedelta(seconds=5)), **more)


async def fetch(world: World) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in await world.fetch_rows(STORED)]


async def send(world: World) -> list[dict[str, Any]]:
    """Send a mail and a short message; returns their rows."""
    await world.tell(make_unit(), make_reminder())
    world.start()

    async def is_sent() -> bool:
        return list((await world.get_states()).values()) == ["sent", "sent"]

    await wait_until(is_sent)
    return await fetch(world)


def list_texts(row: dict[str, Any]) -> list[str]:
    return [row[name] for name in TEXTS]


async def test_what_was_sent_loses_its_texts_and_addresses_and_nothing_else(world: World) -> None:
    await world.tell(settings(1, retention_days=KEPT))
    before = await send(world)
    assert all(row["address"] and row["body_text"] for row in before)
    world.clock.set(SLOT + KEPT * DAY)
    assert await make_forgetting(world).look() == 0
    assert await fetch(world) == before
    told = await world.list_events()
    world.clock.set(SLOT + KEPT * DAY + timedelta(seconds=1))
    assert await make_forgetting(world, part=1).look() == 2
    after = await fetch(world)
    assert [list_texts(row) for row in after] == [[""] * 4] * 2
    kept = [{name: row[name] for name in row if name not in TEXTS} for row in (*before, *after)]
    assert kept[:2] == kept[2:]
    assert await world.list_events() == told
    assert await make_forgetting(world).look() == 0
    name = next(row["gateway_message_id"] for row in after if row["channel"] == "sms")
    late = receipt().model_copy(update={"gateway_message_id": name})
    await world.tell(late)
    assert len(await world.list_events("NotificationDelivered")) == 1


async def test_an_answer_of_a_gateway_may_name_the_address_and_is_erased_too(world: World) -> None:
    await world.tell(settings(1, retention_days=KEPT))
    world.mail.refused_recipients.add("jtj@jtj.example")
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    world.start()
    await wait_until(lambda: world.list_events("NotificationFailed"))
    query = "SELECT outcome, detail FROM notifier.attempts"
    assert [row.detail for row in await world.fetch_rows(query)] == ["SMTP 550 5.1.1 no such user"]
    world.clock.set(SLOT + (KEPT + 1) * DAY)
    assert await make_forgetting(world).look() == 1
    assert {(row.outcome, row.detail) for row in await world.fetch_rows(query)} == {
        ("bad-address", "")
    }


async def test_what_is_open_keeps_its_texts_however_old_it_is(world: World) -> None:
    await world.tell(settings(1, retention_days=KEPT))
    await send(world)
    await world.stop()  # or it sends what this makes pending
    world.clock.set(SLOT + (KEPT + 1) * DAY)
    for state in ("pending", "sending", "held"):
        async with world.engine.begin() as db:
            await db.exec_driver_sql(f"UPDATE notifier.notifications SET state = '{state}'")  # noqa: S608
        assert await make_forgetting(world).look() == 0
    assert all(row["body_text"] for row in await fetch(world))


async def test_without_a_limit_or_by_that_of_another_office_all_is_kept(world: World) -> None:
    await world.tell(settings(1, uuid4(), retention_days=KEPT))
    before = await send(world)
    world.clock.set(SLOT + 400 * DAY)
    forgetting = make_forgetting(world)
    assert await forgetting.look() == 0
    await world.tell(settings(1))
    world.clock.set(SLOT + 401 * DAY)
    assert await forgetting.look() == 0
    assert await fetch(world) == before


async def test_it_is_done_once_a_day_and_not_while_the_clock_is_wrong(world: World) -> None:
    await world.tell(settings(1, retention_days=KEPT))
    await send(world)
    wrong = WrongClock(world.clock, 100 * DAY)
    forgetting = make_forgetting(world, clock=wrong)
    with pytest.raises(ClockWrongError):
        await forgetting.look()
    assert all(row["body_text"] for row in await fetch(world))
    wrong.ahead = timedelta(0)
    assert await forgetting.look() == 0
    world.clock.set(SLOT + KEPT * DAY + timedelta(hours=1))
    assert await forgetting.look() == 2
    async with world.engine.begin() as db:
        await db.exec_driver_sql("UPDATE notifier.notifications SET address = 'x'")
    assert await forgetting.look() == 0, "this day is done"
    world.clock.set(SLOT + (KEPT + 1) * DAY)
    assert await forgetting.look() == 2


async def test_the_loop_erases_when_it_starts_and_ends_when_it_is_cancelled(world: World) -> None:
    await world.tell(settings(1, retention_days=KEPT))
    await send(world)
    world.clock.set(SLOT + (KEPT + 1) * DAY)
    running = asyncio.create_task(make_forgetting(world).run())

    async def is_erased() -> bool:
        return all(row["address"] == "" for row in await fetch(world))

    await wait_until(is_erased)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_what_is_known_of_bounces_is_kept_for_a_year(world: World) -> None:
    insert = "INSERT INTO notifier.bounce_mails VALUES ('smtp', '\\x{}', 'failed', now() - {} * {})"
    async with world.engine.begin() as db:
        for digest, days in (("01", 365), ("02", 367)):
            await db.exec_driver_sql(insert.format(digest, days, "INTERVAL '1 day'"))
    await make_forgetting(world).look()
    rows = await world.fetch_rows("SELECT digest FROM notifier.bounce_mails")
    assert [bytes(row.digest) for row in rows] == [b"\x01"]
