"""Replies of simulated vendors, pushed to ingest's address and told by the notifier."""

import json
import socket
from asyncio import create_task, gather
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lab.simulator.app import Simulator
from lab.simulator.app import serve as serve_simulator
from lab.simulator.catalogue import VENDORS
from services.notifier.gateways.push_reading import PushReader
from shared.process.serving import serve
from tests.integration.ingest.conftest import api  # noqa: F401 - a fixture
from tests.integration.lab.simulator.test_receipts import pass_on, write_entry
from tests.integration.notifier.conftest import mail_sink, sms_sink, world  # noqa: F401 - fixtures
from tests.integration.notifier.world import (
    World,
    make_item,
    make_reminder,
    make_unit,
    wait_until,
)

pytestmark = pytest.mark.integration
REPLYING = ("mas", "aliyun", "tencent")
HINT = "回复1签收，2已办结。"


def write_file(path: Path, address: str, names: Sequence[str], *, replies: bool = True) -> None:
    entries = [write_entry(name, address) | {"channel": "sms"} for name in names]
    path.write_text(json.dumps({"gateways": [each | {"replies": replies} for each in entries]}))


async def test_what_a_person_answers_is_told_in_the_form_of_each_vendor(
    api: Any,  # noqa: F811
    world: World,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = tmp_path / "gateways.json"
    sock = socket.create_server(("127.0.0.1", 0))
    root = f"http://127.0.0.1:{sock.getsockname()[1]}"
    tasks = [create_task(serve(api.transport.app, sock, ""))]
    simulator = Simulator({name: VENDORS[name]() for name in REPLYING})
    async with serve_simulator(simulator) as address, aiohttp.ClientSession(address) as session:
        write_file(path, address, REPLYING)
        world.pushes = PushReader.of_settings(world.settings.model_copy(update={"gateways": path}))
        tasks.append(create_task(pass_on(api, world)))
        for name in REPLYING:
            wanted = {"vendor": name, "mobile": "13800000000", "text": f"1 {name}"}
            assert (await session.post("/replies", json=wanted)).status == 400, "no address yet"
            made = await api.client.post("/v1/receipt-addresses", json={"gateway": name})
            simulator.reports.urls[name] = root + made.json()["path"]
            assert await (await session.post("/replies", json=wanted)).json() == {"status": 200}

        async def list_all() -> list[Any] | None:
            events = await world.list_events("ReplyReceived")
            return events if len(events) == len(REPLYING) else None

        events = await wait_until(list_all)
    for task in tasks:
        task.cancel()
    await gather(*tasks, return_exceptions=True)
    assert {(each.gateway, each.mobile, each.text) for each in events} == {
        (name, "13800000000", f"1 {name}") for name in REPLYING
    }


@pytest.mark.parametrize(
    ("replies", "refs", "hinted"),
    [(True, ("2.1",), True), (True, ("2.1", "2.2"), False), (False, ("2.1",), False)],
)
async def test_a_message_about_one_obligation_says_how_to_answer(
    world: World,  # noqa: F811
    tmp_path: Path,
    replies: bool,
    refs: tuple[str, ...],
    hinted: bool,
) -> None:
    path = tmp_path / "gateways.json"
    simulator = Simulator({"mas": VENDORS["mas"]()})
    async with serve_simulator(simulator) as address:
        write_file(path, address, ["mas"], replies=replies)
        items = [make_item(ref) for ref in refs]
        await world.tell(make_unit(), make_reminder(items=items, channels=("sms",)))
        world.start(gateways=path)
        (sent,) = await wait_until(lambda: world.list_events("NotificationSent"))
        await world.stop()
    assert sent.body.endswith(HINT) is hinted
    assert simulator.received[0].text.endswith(HINT) is hinted
