"""Tests of gateways that people ask for: sent at most once, answered once, and no notification."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import text

from services.notifier.dispatch.channels import make_lanes
from services.notifier.dispatch.gateway_tests import USEFUL_FOR, GatewayTests
from shared.database.trusted_clock import TrustedClock
from shared.schemas.gateway_states import GatewayTestAnswered, GatewayTestRequested
from tests.integration.notifier.world import OFFICE, SLOT, World

pytestmark = pytest.mark.integration
MOBILE = "13800000009"


def make_tests(world: World, **settings: Any) -> GatewayTests:
    """A process that sends tests, and whose lanes claim nothing."""
    lanes = make_lanes(world.settings.model_copy(update=settings), world.engine, world.clock)
    trusted = TrustedClock(world.clock, timedelta(seconds=5))
    return GatewayTests(world.engine, trusted, lanes, timedelta(minutes=1))


def request(gateway: str = "webhook", address: str = MOBILE) -> GatewayTestRequested:
    return GatewayTestRequested(
        office_id=OFFICE,
        request_id=uuid4(),
        gateway=gateway,
        address=address,
        requested_at=SLOT,
        timezone="Asia/Shanghai",
    )


async def answer(world: World, tests: GatewayTests) -> GatewayTestAnswered:
    """Send what is due; the only answer."""
    assert await tests.send_next()
    assert not await tests.send_next()
    (answered,) = await world.list_events("GatewayTestAnswered")
    assert isinstance(answered, GatewayTestAnswered)
    for lane in tests.lanes:
        for outlet in lane.outlets.values():
            await outlet.gateway.close()
    return answered


async def test_a_test_is_sent_once_says_so_and_is_no_notification(world: World) -> None:
    asked = request()
    await world.tell(asked, asked)
    answered = await answer(world, make_tests(world))
    assert (answered.request_id, answered.outcome) == (asked.request_id, "accepted")
    assert answered.gateway_message_id == "m1"
    ((headers, body),) = world.sms.posts
    assert headers["webhook-id"] == str(asked.request_id)
    assert body["data"]["to"] == MOBILE
    assert "这是一条测试消息，12月26日09:00发出" in body["data"]["text"]
    assert await world.fetch_rows("SELECT 1 FROM notifier.notifications") == []
    assert await world.fetch_rows("SELECT 1 FROM notifier.attempts") == []
    assert len(await world.list_events()) == 1
    (kept,) = await world.fetch_rows("SELECT address FROM notifier.gateway_tests")
    assert kept.address == ""


async def test_a_refusal_is_told_with_the_words_of_the_gateway_and_changes_no_circuit(
    world: World,
) -> None:
    world.sms.answers = [web.json_response({"error": "no balance"}, status=400)]
    await world.tell(request())
    tests = make_tests(world)
    answered = await answer(world, tests)
    assert answered.outcome == "refuses-us"
    assert "no balance" in answered.detail
    outlets = [outlet for lane in tests.lanes for outlet in lane.outlets.values()]
    assert all(not each.rest.probing and not each.rest.answers for each in outlets)


async def test_a_test_whose_process_has_ended_is_not_sent_again(world: World) -> None:
    await world.tell(request())
    async with world.engine.begin() as db:
        await db.execute(text("UPDATE notifier.gateway_tests SET state = 'sending'"))
    assert (await answer(world, make_tests(world))).outcome == "unknown"
    assert world.sms.posts == []


async def test_a_test_counts_against_the_limits_of_its_gateway(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMS", world.sms.url)
    entry = {"name": "webhook", "vendor": "webhook", "url": {"env": "SMS"}}
    file = tmp_path / "gateways.yaml"
    file.write_text(json.dumps({"gateways": [entry | {"limits": {"total": ["1/h"]}}]}))
    await world.tell(request(), request())
    tests = make_tests(world, gateways=file)
    assert await tests.send_next()
    assert await tests.send_next()
    ended = await world.list_events("GatewayTestAnswered")
    outcomes = [each.outcome for each in ended if isinstance(each, GatewayTestAnswered)]
    assert (outcomes, len(world.sms.posts)) == (["accepted", "gateway-limit"], 1)
    (outlet,) = [o for lane in tests.lanes for o in lane.outlets.values() if o.rules.limits]
    await outlet.gateway.close()


@pytest.mark.parametrize(
    ("gateway", "later", "settings", "outcome"),
    [
        ("mas", timedelta(0), {}, "no-gateway"),
        ("webhook", timedelta(0), {"sms_url": SecretStr("")}, "no-gateway"),
        ("webhook", USEFUL_FOR + timedelta(seconds=1), {}, "too-late"),
    ],
)
async def test_what_cannot_be_sent_is_answered(
    world: World, gateway: str, later: timedelta, settings: dict[str, Any], outcome: str
) -> None:
    await world.tell(request(gateway))
    world.clock.set(SLOT + later)
    assert (await answer(world, make_tests(world, **settings))).outcome == outcome
    assert world.sms.posts == []
