"""Receipts of simulated vendors, pushed to ingest's address and applied by the notifier."""

import asyncio
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from lab.simulator import reports
from lab.simulator.app import Simulator
from lab.simulator.app import serve as serve_simulator
from lab.simulator.catalogue import VENDORS
from lab.simulator.entries import simulate
from lab.simulator.faults import VendorFault
from services.notifier.gateways.push_reading import PushReader
from shared.process.serving import serve
from shared.schemas.gateway_events import ReceiptsPushed
from tests.integration.ingest.conftest import api  # noqa: F401 - a fixture
from tests.integration.notifier.conftest import mail_sink, sms_sink, world  # noqa: F401 - fixtures
from tests.integration.notifier.world import World, make_reminder, make_unit, wait_until
from tests.unit.notifier.gateways.vendors.entries import ENTRIES, make_vendor

pytestmark = pytest.mark.integration
CHANNELS = {
    "mas": "sms",
    "aliyun": "wecom",
    "tencent": "dingtalk",
    "huawei": "feishu",
    "declared": "email",
}
"""All at once: each vendor with receipts has a channel."""


def write_entry(vendor: str, address: str) -> dict[str, Any]:
    """An entry of the file that sends to the simulator."""
    entry = {"name": vendor.upper(), "vendor": vendor, "channel": CHANNELS[vendor]}
    if vendor == "declared":
        body = {"to": "{address}", "text": "{plain_text}"}
        request = {"url": f"{address}/declared/send", "body": body}
        return {
            **entry,
            **ENTRIES["declared"],
            "request": request,
            "secrets": {},
            "signature": None,
        }
    simulated = VENDORS[vendor]
    url = f"{address}/mas/sms/norsubmit" if vendor == "mas" else f"{address}/{vendor}"
    for name, value in simulated.CREDENTIALS.items():
        if name in simulated.SECRETS:
            os.environ[f"TEST_{vendor}_{name}".upper()] = value
            entry[name] = {"env": f"TEST_{vendor}_{name}".upper()}
        else:
            entry[name] = value
    return {**entry, "url": url}


def simulate_vendors() -> Simulator:
    built_in = {name: VENDORS[name]() for name in CHANNELS if name != "declared"}
    return Simulator({**built_in, "declared": simulate(make_vendor("declared"))})


def write_file(path: Path, address: str) -> None:
    """A file of gateways that sends to the simulator."""
    entries = [write_entry(vendor, address) for vendor in CHANNELS]
    path.write_text(json.dumps({"gateways": entries}))


async def make_addresses(api: Any, simulator: Simulator, root: str) -> None:  # noqa: F811
    for vendor in CHANNELS:
        made = await api.client.post("/v1/receipt-addresses", json={"gateway": vendor})
        simulator.reports.urls[vendor] = root + made.json()["path"]


async def pass_on(api: Any, world: World) -> None:  # noqa: F811
    """Bring what was pushed to the notifier, as Kafka does, until cancelled."""
    seen = 0
    while True:
        rows = await api.fetch_rows(
            "SELECT id, value FROM ingest.outbox WHERE topic = 'cuiban.receipts.v1' "
            "AND id > :seen ORDER BY id",
            seen=seen,
        )
        for row in rows:
            seen = row.id
            await world.tell(ReceiptsPushed.model_validate_json(row.value))
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "fault",
    [
        VendorFault.DUPLICATE_RECEIPTS,
        VendorFault.LATE_RECEIPTS,
        VendorFault.OUT_OF_ORDER_RECEIPTS,
    ],
)
async def test_every_message_counts_as_delivered_once(
    api: Any,  # noqa: F811
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: VendorFault,
) -> None:
    monkeypatch.setattr(reports, "_LATE", 0.3)
    path = tmp_path / "gateways.json"
    sock = socket.create_server(("127.0.0.1", 0))
    root = f"http://127.0.0.1:{sock.getsockname()[1]}"
    tasks = [asyncio.create_task(serve(api.transport.app, sock, ""))]
    simulator = simulate_vendors()
    async with serve_simulator(simulator) as address:
        write_file(path, address)
        await make_addresses(api, simulator, root)
        for vendor in CHANNELS:
            simulator.faults.add({"vendor": vendor, "fault": fault})
        settings = world.settings.model_copy(update={"gateways": path})
        world.pushes = PushReader.of_settings(settings)
        tasks.append(asyncio.create_task(pass_on(api, world)))
        await world.tell(make_unit(), make_reminder(channels=tuple(CHANNELS.values())))
        world.start(gateways=path)
        expected = 2 * len(CHANNELS) if fault == VendorFault.DUPLICATE_RECEIPTS else len(CHANNELS)
        await wait_until(
            lambda: [each.status for each in simulator.reports.made] == [200] * expected
        )

        async def list_delivered() -> bool:
            return len(await world.list_events("NotificationDelivered")) >= len(CHANNELS)

        await wait_until(list_delivered)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    events = await world.list_events("NotificationDelivered")
    assert sorted(str(event.channel) for event in events) == sorted(CHANNELS.values())
    rows = await world.fetch_rows("SELECT receipt FROM notifier.notifications")
    assert [row.receipt for row in rows] == ["delivered"] * len(CHANNELS)
