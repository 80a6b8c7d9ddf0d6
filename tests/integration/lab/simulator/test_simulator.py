"""Simulated vendors and our adapters, over HTTP on this machine."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession, web

from lab.simulator.app import Simulator, serve
from lab.simulator.cases import CASES, PATIENT
from lab.simulator.catalogue import VENDORS
from lab.simulator.command import serve_until_signal
from lab.simulator.conforming import try_all, try_gateway
from lab.simulator.entries import make_entry, redirect_entry, simulate
from lab.simulator.faults import VendorFault
from lab.simulator.vendors.wecom import SimulatedWecomApp
from lab.sinks.app import build_application
from lab.sinks.gateways import Faults, Gateways
from lab.sinks.store import Store
from services.notifier.domain.message import Content, Message, MessageAccepted, MessageRefused
from services.notifier.domain.verdicts import Reading, Verdict
from services.notifier.gateways.exchange import VendorCall
from services.notifier.gateways.http import HttpClient
from services.notifier.gateways.http_gateway import HttpGateway
from services.notifier.gateways.vendors.aliyun import Aliyun
from services.notifier.gateways.vendors.tencent import Tencent
from shared.clock import SystemClock, read_machine_time
from tests.unit.notifier.gateways.vendors.entries import make_vendor

pytestmark = pytest.mark.integration
LONG = timedelta(seconds=60)


def make_message(address: str = "13800000000") -> Message:
    return Message(uuid4(), address, "县教体局", Content("", "【公开】2项任务待办，今日到期。"))


@pytest.fixture
async def served() -> AsyncIterator[tuple[Simulator, str]]:
    simulator = Simulator({name: make() for name, make in VENDORS.items()})
    async with serve(simulator) as address:
        yield simulator, address


async def read(session: ClientSession, url: str) -> Any:
    async with session.get(url) as response:
        return await response.json()


async def test_every_adapter_passes_every_case() -> None:
    declared = make_vendor("declared")
    results = await try_all([declared, *map(make_entry, VENDORS)])
    assert [result for result in results if not result.passed] == []
    cases = {
        name: {r.case for r in results if r.gateway == name} for name in (*VENDORS, "declared")
    }
    assert all(
        {"accepted", "reset", "failing-body", "unreachable"} <= each for each in cases.values()
    )
    assert all("wrong-key" in cases[name] for name in VENDORS)
    with_receipts = {name for name, each in cases.items() if "late-receipts" in each}
    assert with_receipts == {"mas", "aliyun", "tencent", "huawei", "declared"}


async def test_an_adapter_that_looks_at_the_status_alone_does_not_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Tencent, "read_answer", lambda *_: Reading(Verdict.ACCEPTED))
    cases = [case for case in CASES if case.timeout is PATIENT]
    results = await try_gateway(make_entry("tencent"), cases)
    failed = {result.case for result in results if not result.passed}
    assert {"server-error", "failing-body", "number-refused", "broken-answer"} <= failed
    assert {"accepted", "reset", "unreachable"} & failed == set()


async def test_a_request_that_is_sent_again_unchanged_is_refused(
    served: tuple[Simulator, str],
) -> None:
    _, address = served
    entry = redirect_entry(make_entry("aliyun"), f"{address}/aliyun")
    request = entry.build_request(make_message(), VendorCall(read_machine_time(), "n1"))
    client = HttpClient(concurrency=1, timeout=LONG)
    first, second = await client.send(request), await client.send(request)
    await client.close()
    assert b'"OK"' in getattr(first, "body", b"")
    assert b"SignatureNonceUsed" in getattr(second, "body", b"")


@pytest.mark.parametrize("signature", ["v1", "v3"])
async def test_both_signatures_of_aliyun_are_verified(
    served: tuple[Simulator, str], signature: str
) -> None:
    simulator, address = served
    entry = make_entry("aliyun").model_copy(update={"signature": signature})
    gateway = HttpGateway(
        redirect_entry(entry, f"{address}/aliyun"), timeout=LONG, now=read_machine_time
    )
    assert isinstance(entry, Aliyun)
    outcome = await gateway.send(make_message())
    simulator.vendors["aliyun"].credentials["access_key_secret"] = "another"
    refused = await gateway.send(make_message())
    await gateway.close()
    assert isinstance(outcome, MessageAccepted)
    assert isinstance(refused, MessageRefused)
    assert "SignatureDoesNotMatch" in refused.detail


async def test_one_number_of_two_is_refused(served: tuple[Simulator, str]) -> None:
    simulator, address = served
    simulator.faults.add({"vendor": "huawei", "fault": "partial"})
    huawei = redirect_entry(make_entry("huawei"), f"{address}/huawei")
    request = huawei.build_request(make_message(), VendorCall(read_machine_time(), "n2"))
    body = request.body.replace(b"%2B8613800000000", b"%2B8613800000000,%2B8613900000000")
    async with (
        ClientSession() as session,
        session.post(request.url, data=body, headers=dict(request.headers)) as response,
    ):
        answer = await response.json()
        received = await read(session, f"{address}/received.json")
    statuses = {each["originTo"]: each["status"] for each in answer["result"]}
    assert statuses == {"+8613800000000": "E200028", "+8613900000000": "000000"}
    assert received[0]["refused"] == ["+8613800000000"]


async def test_faults_are_set_and_used_up(served: tuple[Simulator, str]) -> None:
    _, address = served
    gateway = HttpGateway(
        redirect_entry(make_entry("mas"), f"{address}/mas"), timeout=LONG, now=read_machine_time
    )
    async with ClientSession() as session:

        async def ask(wanted: object) -> int:
            async with session.post(f"{address}/faults", json=wanted) as response:
                return response.status

        assert await ask({"vendor": "mas", "fault": "503", "times": 1}) == 200
        refused, accepted = await gateway.send(make_message()), await gateway.send(make_message())
        wrong = [
            {"vendor": "x"},
            {"vendor": "mas", "fault": "x"},
            [],
            {"vendor": "mas", "times": 0},
        ]
        assert [await ask(each) for each in wrong] == [400] * 4
        received = await read(session, f"{address}/received.json?vendor=mas")
    await gateway.close()
    assert isinstance(refused, MessageRefused)
    assert isinstance(accepted, MessageAccepted)
    assert [each["id"] for each in received] == [accepted.gateway_message_id]
    assert received[0]["to"] == ["13800000000"]


async def test_reports_are_pushed_twice_and_before_the_answer(
    served: tuple[Simulator, str],
) -> None:
    simulator, address = served
    pushed: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        pushed.put_nowait(await request.read())
        return web.json_response({"code": 0})

    app = web.Application()
    app.router.add_post("/receipts", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    simulator.reports.urls["tencent"] = f"http://127.0.0.1:{runner.addresses[0][1]}/receipts"
    entry = redirect_entry(make_entry("tencent"), f"{address}/tencent")
    gateway = HttpGateway(entry, timeout=LONG, now=read_machine_time)
    simulator.faults.add({"vendor": "tencent", "fault": VendorFault.OUT_OF_ORDER_RECEIPTS})
    outcome = await gateway.send(make_message())
    early = entry.read_receipts(pushed.get_nowait())
    simulator.faults.add({"vendor": "tencent", "fault": VendorFault.DUPLICATE_RECEIPTS})
    await gateway.send(make_message())
    both = [await pushed.get(), await pushed.get()]
    await gateway.close()
    await runner.cleanup()
    assert isinstance(outcome, MessageAccepted)
    assert [receipt.message_id for receipt in early] == [outcome.gateway_message_id]
    assert both[0] == both[1]


async def test_a_token_that_ended_is_renewed_and_the_message_arrives_once(
    served: tuple[Simulator, str],
) -> None:
    simulator, address = served
    vendor = simulator.vendors["wecom-app"]
    assert isinstance(vendor, SimulatedWecomApp)
    gateway = HttpGateway(
        redirect_entry(make_entry("wecom-app"), f"{address}/wecom-app"),
        timeout=LONG,
        now=read_machine_time,
    )
    first = await gateway.send(make_message("zhangsan"))
    vendor.ended_tokens += 1
    second = await gateway.send(make_message("lisi"))
    await gateway.close()
    assert isinstance(first, MessageAccepted)
    assert isinstance(second, MessageAccepted)
    assert [each.numbers for each in simulator.received] == [("zhangsan",), ("lisi",)]


async def test_the_local_inbox_has_the_vendors_too(tmp_path: Path) -> None:
    store = Store(tmp_path)
    gateways = Gateways(store, Faults(), SystemClock(), ())
    runner = web.AppRunner(build_application(gateways), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/simulator"
    entry = redirect_entry(make_entry("mas"), f"{address}/mas")
    gateway = HttpGateway(entry, timeout=LONG, now=read_machine_time)
    outcome = await gateway.send(make_message())
    await gateway.close()
    async with ClientSession() as session:
        described = await read(session, f"{address}/vendors.json")
        received = await read(session, f"{address}/received.json")
    await runner.cleanup()
    store.close()
    assert isinstance(outcome, MessageAccepted)
    assert described["address"] == address
    assert len(received) == 1


async def test_a_vendor_can_stand_at_the_root() -> None:
    entry = make_entry("tencent")
    vendor = simulate(entry)
    async with serve(Simulator({"tencent": vendor}, root="tencent")) as address:
        gateway = HttpGateway(redirect_entry(entry, address), timeout=LONG, now=read_machine_time)
        outcome = await gateway.send(make_message())
        await gateway.close()
    assert isinstance(outcome, MessageAccepted)


async def test_the_command_prints_where_the_vendors_stand_and_ends_at_a_signal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    simulator = Simulator({name: make() for name, make in VENDORS.items()})
    serving = asyncio.create_task(serve_until_signal(simulator, 0, as_json=True))
    text = ""
    while not text:
        await asyncio.sleep(0)
        text = capsys.readouterr().out
    description = json.loads(text)
    async with ClientSession() as session:
        assert await read(session, f"{description['address']}/received.json") == []
    os.kill(os.getpid(), signal.SIGTERM)
    await serving
    assert description["paths"]["tencent"] == "/tencent"
    assert description["credentials"]["tencent"]["secret_id"]
