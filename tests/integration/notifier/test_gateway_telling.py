"""What a process tells of its gateways: changes at once, and everything from time to time."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.notifier.dispatch import gateway_telling
from services.notifier.dispatch.channels import make_lanes
from services.notifier.dispatch.gateway_telling import GatewayTelling
from services.notifier.domain.limits import Limits, parse_rate
from services.notifier.domain.message import MessageAccepted, MessageRefused, Refusal
from services.notifier.store import claims, counted
from services.notifier.store.counted import NewOffer
from shared.clock import monotonic
from shared.schemas.gateway_states import NO_OFFICE, GatewaysSeen
from tests.integration.notifier.world import World

pytestmark = pytest.mark.integration
AWAY = MessageRefused(Refusal.UNREACHABLE, permanent=False, detail="no connection")


@pytest.fixture
def telling(world: World) -> GatewayTelling:
    lanes = make_lanes(world.settings, world.engine, world.clock)
    return GatewayTelling(world.engine, world.clock, lanes)


def find_outlet(telling: GatewayTelling, name: str) -> Any:
    return next(lane.outlets[name] for lane in telling.lanes if name in lane.outlets)


async def list_told(world: World) -> list[GatewaysSeen]:
    told = await world.list_events("GatewaysSeen")
    return [each for each in told if isinstance(each, GatewaysSeen)]


async def test_a_change_is_told_at_once_and_a_new_pause_is_none(
    world: World, telling: GatewayTelling
) -> None:
    await telling.tell()
    await telling.tell()
    (first,) = await list_told(world)
    assert (first.office_id, first.process) == (NO_OFFICE, telling.process)
    assert [each.name for each in first.gateways] == ["smtp", "webhook"]  # the connected ones
    rest = find_outlet(telling, "webhook").rest
    rest.learn(UUID(int=1), MessageAccepted("m"), monotonic())
    for message in range(2, 6):
        rest.learn(UUID(int=message), AWAY, monotonic())
    await telling.tell()
    rest.learn(UUID(int=6), AWAY, rest.breaker.until)  # the next probe
    await telling.tell()
    _, opened = await list_told(world)
    mail, sms = opened.gateways
    assert (mail.circuit, mail.share, mail.free) == ("closed", 1.0, None)
    assert (sms.circuit, sms.share, sms.why) == ("open", 0.0625, "unreachable: no connection")
    assert sms.since is not None
    assert sms.until is not None
    assert sms.since <= opened.seen_at < sms.until
    answers = [(each.outcome, each.detail) for each in sms.answers]
    assert answers == [("accepted", ""), *[("unreachable", "no connection")] * 4]


async def test_all_is_told_from_time_to_time_and_that_a_process_ends(
    world: World, telling: GatewayTelling, monkeypatch: pytest.MonkeyPatch
) -> None:
    await telling.tell()
    monkeypatch.setattr(gateway_telling, "_TELL_AFTER", 0.0)
    await telling.tell()
    await telling.end()
    *told, ended = await list_told(world)
    assert (len(told), ended.gateways) == (2, ())
    assert await world.fetch_rows("SELECT 1 FROM notifier.circuits") == []


async def test_what_limits_refuse_is_told_with_its_end(
    world: World, telling: GatewayTelling
) -> None:
    outlet = find_outlet(telling, "webhook")
    limits = Limits(total=(parse_rate("2/min"),))
    outlet.rules = replace(outlet.rules, limits=limits)
    async with world.engine.begin() as db:
        real = await claims.read_database_now(db)
        until = real + limits.longest
        offers = [
            NewOffer(UUID(int=number), 1, "webhook", 0, 0, real, until) for number in range(2)
        ]
        await counted.put_offers(db, offers)
    await telling.tell()
    ((_, sms),) = [each.gateways for each in await list_told(world)]
    assert (sms.free, sms.limited_until) == (0, until)
