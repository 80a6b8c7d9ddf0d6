"""Simulated gateways of one channel, over HTTP, and messages for them."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from lab.simulator.app import Simulator, serve
from lab.simulator.vendors.webhook import SimulatedWebhook
from tests.integration.notifier.world import (
    SECRET,
    World,
    get_unit_id,
    make_contact,
    make_reminder,
    make_unit,
)


class Vendors:
    """Simulated gateways, and the file that names them."""

    def __init__(
        self, names: Sequence[str], address: str, path: Path, simulator: Simulator
    ) -> None:
        self._names, self._address = names, address
        self._path, self._simulator = path, simulator

    def write(self, **more: dict[str, Any]) -> Path:
        """The file of gateways, with the fields that an entry has beside the usual."""
        entries = [
            {
                "name": name,
                "vendor": "webhook",
                "url": {"env": f"URL_{name}"},
                "keys": {"env": "GATEWAY_KEYS"},
                **more.get(name, {}),
            }
            for name in self._names
        ]
        self._path.write_text(json.dumps({"gateways": entries}))
        return self._path

    async def fail(self, vendor: str, fault: str, times: int = 1000) -> None:
        wanted = {"vendor": vendor, "fault": fault, "times": times}
        async with ClientSession() as session:
            await session.post(f"{self._address}/faults", json=wanted)

    def count(self, vendor: str) -> int:
        return sum(each.vendor == vendor for each in self._simulator.received)


def simulate(name: str) -> SimulatedWebhook:
    return type(name, (SimulatedWebhook,), {"NAME": name})()


@asynccontextmanager
async def simulate_vendors(
    names: Sequence[str], path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Vendors]:
    """Serve gateways of these names; `path` is that of their file."""
    simulator = Simulator({name: simulate(name) for name in names})
    async with serve(simulator) as address:
        monkeypatch.setenv("GATEWAY_KEYS", SECRET)
        for name in names:
            monkeypatch.setenv(f"URL_{name}", f"{address}/{name}/sms")
        yield Vendors(names, address, path, simulator)


async def add(world: World, number: int, first: int = 0) -> None:
    for n in range(first, first + number):
        name = f"局{n}"
        contact = make_contact(get_unit_id(name), mobile=f"138{n:08}")
        await world.tell(
            make_unit(name, contacts=(contact,)), make_reminder(name, channels=("sms",))
        )


async def count_sent(world: World, gateway: str = "%") -> int:
    rows = await world.fetch_rows(
        "SELECT 1 FROM notifier.notifications WHERE state = 'sent' AND gateway LIKE :gateway",
        gateway=gateway,
    )
    return len(rows)
