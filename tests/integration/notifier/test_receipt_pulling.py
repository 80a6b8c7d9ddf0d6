"""Receipts that a vendor does not push: asked for, applied once, and given up in the end."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lab.simulator.app import Simulator, serve
from lab.simulator.vendors.aliyun import SimulatedAliyun
from services.notifier.dispatch.receipt_pulling import PAUSES, ReceiptPulling
from shared.schemas.gateway_events import NotificationDelivered, NotificationUndelivered
from shared.schemas.rules import Channel
from tests.integration.notifier.test_process import Process, process
from tests.integration.notifier.test_set_aside import wait_sent
from tests.integration.notifier.world import World, make_reminder, make_unit, wait_until

__all__ = ["process"]

pytestmark = pytest.mark.integration
SECRET = "simulated-secret"


@pytest.fixture
async def vendor() -> AsyncIterator[tuple[SimulatedAliyun, str]]:
    made = SimulatedAliyun()
    async with serve(Simulator({"aliyun": made})) as address:
        yield made, address


@pytest.fixture
async def pulling(
    world: World,
    vendor: tuple[SimulatedAliyun, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[ReceiptPulling]:
    """The loop of a notifier that has sent one message through a vendor that is asked."""
    monkeypatch.setenv("ALIYUN_SECRET", SECRET)
    file = write_file(tmp_path, vendor[1])
    world.settings = world.settings.model_copy(update={"gateways": file})
    await world.tell(make_unit(), make_reminder(channels=(Channel.SMS,)))
    world.start(gateways=file)
    await wait_sent(world, 1)
    made = ReceiptPulling.of_settings(world.settings, world.engine, world.clock)
    yield made
    await made.close()


def write_file(place: Path, address: str) -> Path:
    """A file of gateways with one that is asked for receipts."""
    entry = {
        **SimulatedAliyun.CREDENTIALS,
        "name": "Aliyun",
        "vendor": "aliyun",
        "url": f"{address}/aliyun",
        "access_key_secret": {"env": "ALIYUN_SECRET"},
        "pull_receipts": True,
    }
    file = place / "gateways.yaml"
    file.write_text(json.dumps({"gateways": [entry]}))
    return file


async def make_due(world: World) -> None:
    async with world.engine.begin() as db:
        await db.exec_driver_sql("UPDATE notifier.receipt_questions SET ask_at = now()")


async def count_questions(world: World) -> int:
    return len(await world.fetch_rows("SELECT 1 FROM notifier.receipt_questions"))


async def test_a_receipt_is_asked_for_until_it_is_there(
    world: World, pulling: ReceiptPulling
) -> None:
    assert not await pulling.ask_some()  # the first question comes two minutes after the message
    await make_due(world)
    assert await pulling.ask_some()  # it is in flight
    assert await world.list_events("NotificationDelivered") == []
    assert not await pulling.ask_some()
    await make_due(world)
    assert await pulling.ask_some()
    (delivered,) = await world.list_events("NotificationDelivered")
    assert isinstance(delivered, NotificationDelivered)
    assert await count_questions(world) == 0


async def test_a_message_that_did_not_arrive_is_told_with_the_carriers_word(
    world: World, pulling: ReceiptPulling, vendor: tuple[SimulatedAliyun, str]
) -> None:
    vendor[0].told = {"SendStatus": 2, "ErrCode": "INVALID_NUMBER"}
    await make_due(world)
    await pulling.ask_some()
    events = [
        *await world.list_events("NotificationUndelivered"),
        *await world.list_events("NotificationFailed"),
    ]
    assert "INVALID_NUMBER" in str(events)
    assert any(isinstance(each, NotificationUndelivered) for each in events)
    assert await count_questions(world) == 0


async def test_an_answer_that_no_table_can_hold_is_cut_and_taken(
    world: World, pulling: ReceiptPulling, vendor: tuple[SimulatedAliyun, str]
) -> None:
    vendor[0].told = {"SendStatus": 2, "ErrCode": "a\0" * 5000}
    await make_due(world)
    await pulling.ask_some()
    (undelivered,) = await world.list_events("NotificationUndelivered")
    assert isinstance(undelivered, NotificationUndelivered)
    assert undelivered.detail == "a" * 1000
    assert await count_questions(world) == 0


async def test_a_vendor_that_refuses_to_say_is_named_and_asked_again(
    world: World, pulling: ReceiptPulling, vendor: tuple[SimulatedAliyun, str]
) -> None:
    vendor[0].credentials["access_key_secret"] = "another"
    await make_due(world)
    await pulling.ask_some()
    failing = await pulling.describe_failing()
    assert failing.startswith("aliyun: SignatureDoesNotMatch")
    assert SECRET not in failing
    vendor[0].credentials["access_key_secret"] = SECRET
    vendor[0].told = {"SendStatus": 3, "ErrCode": "DELIVERED"}
    await make_due(world)
    await pulling.ask_some()
    assert await pulling.describe_failing() == ""
    assert len(await world.list_events("NotificationDelivered")) == 1


async def test_what_was_pushed_meanwhile_is_not_asked_for(
    world: World, pulling: ReceiptPulling, vendor: tuple[SimulatedAliyun, str]
) -> None:
    async with world.engine.begin() as db:
        await db.exec_driver_sql("UPDATE notifier.notifications SET receipt = 'delivered'")
    await make_due(world)
    await pulling.ask_some()
    assert vendor[0].asked == set()
    assert await count_questions(world) == 0


async def test_it_is_given_up_after_three_days(
    world: World, pulling: ReceiptPulling, vendor: tuple[SimulatedAliyun, str]
) -> None:
    vendor[0].told = {"SendStatus": 1}
    for number in range(len(PAUSES)):
        await make_due(world)
        await pulling.ask_some()
        assert await count_questions(world) == 1, number
    await make_due(world)
    await pulling.ask_some()
    assert await count_questions(world) == 0
    assert await world.list_events("NotificationDelivered") == []


async def test_the_process_asks(
    process: Process, vendor: tuple[SimulatedAliyun, str], tmp_path: Path
) -> None:
    world, vendor[0].told = process.world, {"SendStatus": 3, "ErrCode": "DELIVERED"}
    file = write_file(tmp_path, vendor[1])
    await process.start(CUIBAN_SMS_URL="", CUIBAN_GATEWAYS=str(file), ALIYUN_SECRET=SECRET)
    await process.send(make_unit(), make_reminder(channels=(Channel.SMS,)))

    async def is_asked_for() -> bool:
        return await count_questions(world) == 1

    await wait_until(is_asked_for, 120)
    await make_due(world)
    await wait_until(lambda: world.list_events("NotificationDelivered"), 120)
    assert len(vendor[0].asked) == 1
