"""What one message meets does not stop the others; what all of them meet stops none for good."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from services.notifier.domain.retry import WhenUnknown
from tests.integration.notifier.world import (
    World,
    get_unit_id,
    make_contact,
    make_reminder,
    make_unit,
    wait_until,
)

pytestmark = pytest.mark.integration


@dataclass
class Picky:
    """A gateway that answers by the number that a message is for."""

    status_for: Callable[[str], int] = lambda _: 200
    asked: list[str] = field(default_factory=list)
    url: str = ""

    async def post(self, request: web.Request) -> web.Response:
        to = (await request.json())["data"]["to"]
        self.asked.append(to)
        return web.Response(status=self.status_for(to))


@pytest.fixture
async def picky() -> AsyncIterator[Picky]:
    gateway = Picky()
    app = web.Application()
    app.router.add_post("/", gateway.post)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gateway.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield gateway
    await runner.cleanup()


async def add(world: World, prefix: str, number: int) -> None:
    for n in range(number):
        name = f"{prefix}局{n}"
        mobile = make_contact(get_unit_id(name), mobile=f"{prefix}{n:08}")
        await world.tell(
            make_unit(name, contacts=(mobile,)), make_reminder(name, channels=("sms",))
        )


def start(world: World, picky: Picky, **more: Any) -> None:
    world.start(sms_url=SecretStr(picky.url), **more)


async def sent(world: World, prefix: str) -> int:
    rows = await world.fetch_rows(
        "SELECT 1 FROM notifier.notifications WHERE state = 'sent' AND address LIKE :like",
        like=f"{prefix}%",
    )
    return len(rows)


def opted_out(status: int) -> Callable[[str], int]:
    return lambda to: status if to.startswith("199") else 200


@pytest.mark.parametrize("status", [403, 410])
async def test_numbers_that_opted_out_do_not_keep_others_waiting(
    world: World, picky: Picky, status: int
) -> None:
    picky.status_for = opted_out(status)
    await add(world, "199", 8)
    start(world, picky, retry_delays=(timedelta(seconds=1),) * 2)
    await wait_until(lambda: len(set(picky.asked)) == 8)
    await wait_until(lambda: len(picky.asked) > 8)
    await add(world, "138", 50)

    async def all_sent() -> bool:
        return await sent(world, "138") == 50

    await wait_until(all_sent)
    # Proven by the others, it is these messages that end, each with the gateway's words.
    events = await wait_until(lambda: failed(world, 8))
    assert {event.reason for event in events} == {"exhausted"}
    assert {event.detail.rpartition(": ")[2] for event in events} == {f"HTTP {status}"}


async def failed(world: World, number: int) -> list[Any]:
    events = await world.list_events("NotificationFailed")
    return events if len(events) == number else []


async def test_one_410_does_not_stop_the_channel(world: World, picky: Picky) -> None:
    picky.status_for = opted_out(410)
    await add(world, "199", 1)
    start(world, picky)
    await wait_until(lambda: picky.asked)
    await add(world, "138", 20)

    async def all_sent() -> bool:
        return await sent(world, "138") == 20

    await wait_until(all_sent)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_gateway_that_refuses_everyone_rests_and_is_asked_again_by_itself(
    world: World, picky: Picky, status: int
) -> None:
    open_now = False
    picky.status_for = lambda _: 200 if open_now else status
    await add(world, "138", 6)
    start(world, picky, retry_delays=(timedelta(seconds=1),))
    await wait_until(lambda: len(picky.asked) >= 8)
    open_now = True

    async def all_sent() -> bool:
        return await sent(world, "138") == 6

    await wait_until(all_sent)
    assert await world.list_events("NotificationFailed") == []


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_what_a_proxy_may_have_answered_is_held_where_unknown_is(
    world: World, picky: Picky, status: int
) -> None:
    picky.status_for = lambda _: status
    await add(world, "138", 1)
    start(world, picky, sms_unknown=WhenUnknown.HOLD)
    (row,) = await wait_until(
        lambda: world.fetch_rows("SELECT reason FROM notifier.notifications WHERE state = 'held'")
    )
    assert row.reason == "unknown-outcome"
    assert len(picky.asked) == 1


async def test_what_a_proxy_may_have_answered_stays_with_its_address(
    world: World, picky: Picky
) -> None:
    picky.status_for = lambda _: 502 if len(picky.asked) == 1 else 200
    await add(world, "138", 1)
    start(world, picky, unknown_pause=timedelta(seconds=1))
    await wait_until(
        lambda: world.fetch_rows("SELECT 1 FROM notifier.attempts WHERE outcome = 'unknown'")
    )
    successor = make_contact(get_unit_id("138局0"), mobile="13999999999")
    await world.tell(make_unit("138局0", number=2, contacts=(successor,)))
    await wait_until(lambda: len(picky.asked) == 2)
    assert set(picky.asked) == {"13800000000"}


async def test_busy_is_transient_also_where_unknown_is_held(world: World, picky: Picky) -> None:
    picky.status_for = lambda _: 503 if len(picky.asked) == 1 else 200
    await add(world, "138", 1)
    start(world, picky, sms_unknown=WhenUnknown.HOLD)

    async def done() -> bool:
        return await sent(world, "138") == 1

    await wait_until(done)
    assert len(picky.asked) == 2
