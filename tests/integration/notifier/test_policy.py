"""Several gateways of a channel, over HTTP against the simulator: choice, failover and limits."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from deploy.command import run
from services.notifier.dispatch.board import Board
from services.notifier.dispatch.channels import make_lanes
from services.notifier.domain.message import MessageRefused, Refusal
from shared.clock import monotonic
from tests.integration.notifier.vendors import Vendors, add, count_sent, simulate_vendors
from tests.integration.notifier.world import (
    World,
    make_reminder,
    make_unit,
    wait_until,
)

pytestmark = pytest.mark.integration
NAMES = ("one", "two")


@pytest.fixture
async def vendors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Vendors]:
    async with simulate_vendors(NAMES, tmp_path / "gateways.yaml", monkeypatch) as made:
        yield made


async def list_outcomes(world: World) -> list[tuple[str, str]]:
    rows = await world.fetch_rows("SELECT gateway, outcome FROM notifier.attempts ORDER BY number")
    return [(row.gateway, row.outcome) for row in rows]


async def test_what_the_first_refuses_the_backup_gets_at_once(
    world: World, vendors: Vendors
) -> None:
    await vendors.fail("one", "429", 1)
    await add(world, 1)
    never = (timedelta(hours=1),)
    world.start(gateways=vendors.write(two={"priority": 2}), retry_delays=never)

    async def is_sent() -> bool:
        return await count_sent(world, "two") == 1

    await wait_until(is_sent)
    assert await list_outcomes(world) == [("one", "busy"), ("two", "accepted")]
    (row,) = await world.fetch_rows("SELECT failures FROM notifier.notifications")
    assert row.failures == 0


async def test_what_is_unknown_stays_with_its_gateway_also_after_a_refusal(
    world: World, vendors: Vendors
) -> None:
    await vendors.fail("one", "accept-then-reset", 1)
    await vendors.fail("one", "429", 1)
    await add(world, 1)
    soon = {"unknown_pause": timedelta(0), "retry_delays": (timedelta(seconds=0.1),) * 3}
    world.start(gateways=vendors.write(two={"priority": 2}), **soon)

    async def is_sent() -> bool:
        return await count_sent(world, "one") == 1

    await wait_until(is_sent)
    assert await list_outcomes(world) == [
        ("one", "unknown"),
        ("one", "busy"),
        ("one", "accepted"),
    ]
    assert (vendors.count("one"), vendors.count("two")) == (1, 0)


async def test_what_is_unknown_at_a_gateway_that_is_gone_is_held(
    world: World, vendors: Vendors
) -> None:
    await vendors.fail("one", "accept-then-reset", 1)
    await add(world, 1)
    never = {"retry_delays": (timedelta(hours=1),)}
    world.start(gateways=vendors.write(two={"priority": 2}), **never)
    unknown = "SELECT 1 FROM notifier.notifications WHERE offered_to = 'one' AND state = 'pending'"
    await wait_until(lambda: world.fetch_rows(unknown))
    await world.stop()
    await world.retry_now()
    settings = world.settings.model_copy(update={"gateways": vendors.write()})
    entries = json.loads(settings.gateways.read_text())["gateways"]
    settings.gateways.write_text(json.dumps({"gateways": entries[1:]}))
    await claim(world, settings)
    (row,) = await world.fetch_rows("SELECT state, reason FROM notifier.notifications")
    assert (row.state, row.reason) == ("held", "gateway-gone")
    assert vendors.count("two") == 0


async def claim(world: World, settings: Any, limit: int = 100) -> list[Any]:
    """What one process claims of the short messages, in one transaction."""
    (lane,) = [
        lane for lane in make_lanes(settings, world.engine, world.clock) if lane.channel == "sms"
    ]
    return await world.claim(lane.rules, world.clock.now(), limit)


async def test_two_processes_share_a_limit(world: World, vendors: Vendors) -> None:
    path = vendors.write(
        one={"limits": {"total": ["3/min"]}}, two={"limits": {"total": ["4/h"]}, "priority": 2}
    )
    settings = world.settings.model_copy(update={"gateways": path})
    await add(world, 12)
    async with world.engine.begin() as db:
        lock = "SELECT pg_advisory_xact_lock(hashtextextended('cuiban-limits one', 0))"
        await db.execute(text(lock))
        assert await claim(world, settings) == []  # as another process claims for it
    offered: list[str] = []
    for _ in range(4):
        offered += [offer.gateway for offer in await claim(world, settings)]
    assert offered == ["one"] * 3
    past = "UPDATE notifier.counted_offers SET offered_at = offered_at - interval '2 min'"
    async with world.engine.begin() as db:
        await db.execute(text(past))
    assert len(await claim(world, settings)) == 3


async def test_a_limit_that_lasts_leaves_the_rest_to_the_backup(
    world: World, vendors: Vendors
) -> None:
    path = vendors.write(one={"limits": {"total": ["3/h"]}}, two={"priority": 2})
    settings = world.settings.model_copy(update={"gateways": path})
    await add(world, 8)
    offered: list[str] = []
    for _ in range(3):
        offered += [offer.gateway for offer in await claim(world, settings)]
    assert offered == ["one"] * 3 + ["two"] * 5


async def test_one_number_has_a_limit_of_its_own(world: World, vendors: Vendors) -> None:
    limits = {"limits": {"number": ["1/min"]}}
    path = vendors.write(one=limits, two=limits)
    settings = world.settings.model_copy(update={"gateways": path})
    for name in ("甲局", "乙局", "丙局"):  # one person is the liaison of all three
        await world.tell(make_unit(name), make_reminder(name, channels=("sms",)))
    offers = await claim(world, settings)
    assert sorted(offer.gateway for offer in offers) == ["one", "two"]
    rows = await world.fetch_rows(
        "SELECT retry_at - now() AS wait FROM notifier.notifications "
        "WHERE state = 'pending' AND reason = 'gateway-limit'"
    )
    assert [timedelta(0) < row.wait < timedelta(seconds=62) for row in rows] == [True]


async def test_a_gateway_that_hangs_leaves_the_other_at_nine_of_ten_messages(
    world: World, vendors: Vendors
) -> None:
    await vendors.fail("one", "hang")
    slots = {"concurrency": 2}
    path = vendors.write(one=slots, two=slots)
    number = 60
    await add(world, number)
    world.start(gateways=path)

    async def is_nearly_done() -> bool:
        return await count_sent(world, "two") >= number * 0.9

    await wait_until(is_nearly_done)
    assert vendors.count("one") == 0


async def test_the_command_shows_each_gateway_as_the_process_sees_it(
    world: World,
    vendors: Vendors,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CUIBAN_DATABASE_URL", world.settings.database_url.get_secret_value())
    status = ["gateways", "status", "--json"]
    assert await asyncio.to_thread(run, status) == 3
    settings = world.settings.model_copy(update={"gateways": vendors.write()})
    lanes = make_lanes(settings, world.engine, world.clock)
    board = Board(world.engine, world.clock, lanes)
    await board.look()
    assert await asyncio.to_thread(run, status) == 0
    (one,) = [lane.outlets["one"] for lane in lanes if lane.channel == "sms"]
    away = MessageRefused(Refusal.UNREACHABLE, permanent=False, detail="no connection")
    one.rest.learn(UUID(int=1), away, monotonic())
    await board.look()
    capsys.readouterr()
    assert await asyncio.to_thread(run, status) == 1
    shown = {each["gateway"]: each for each in json.loads(capsys.readouterr().out)}
    assert shown["one"]["circuit"] in {"open", "half-open"}
    assert (shown["one"]["why"], shown["one"]["share"]) == ("unreachable: no connection", 0.5)
    assert (shown["two"]["circuit"], shown["two"]["share"]) == ("closed", 1.0)
    assert "sms one: " in await board.describe_resting()
