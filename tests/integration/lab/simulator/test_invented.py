"""A gateway of an invented vendor, declared from its description and the handbook, without code.

`tongda_api.md` is all that an integrator has, `tongda.yaml` what they wrote, and `tongda.py` the
vendor's own side.
"""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.command import run
from lab.simulator.app import Simulator, serve
from lab.simulator.cases import CASES, PATIENT
from lab.simulator.conforming import try_gateway
from lab.simulator.entries import redirect_entry
from services.notifier.domain.message import Content, Message, MessageAccepted
from services.notifier.gateways.building import load_file
from services.notifier.gateways.exchange import Push
from services.notifier.gateways.http_gateway import HttpGateway
from services.notifier.gateways.vendors.declared import Declared
from shared.clock import read_machine_time
from tests.integration.lab.simulator.tongda import KEY, Tongda, sign_push

pytestmark = pytest.mark.integration
FILE = Path(__file__).parent / "tongda.yaml"
QUICK = [case for case in CASES if case.timeout is PATIENT]
"""Those that wait for no time-out."""


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> Declared:
    monkeypatch.setenv("TONGDA_KEY", KEY)
    (declared,) = load_file(FILE).gateways
    assert isinstance(declared, Declared)
    return declared


def test_the_file_has_no_fault(entry: Declared, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gateways", "check", str(FILE)]) == 0
    assert f"{entry.channel}: tongda (declared)" in capsys.readouterr().out


async def test_it_passes_every_case_against_the_vendors_own_side(entry: Declared) -> None:
    results = await try_gateway(entry, QUICK, Tongda())
    assert [result for result in results if not result.passed] == []
    cases = {result.case for result in results}
    assert {"repeat", "wrong-key", "number-refused", "late-receipts", "throttled-body"} <= cases


async def test_a_repeat_keeps_the_number_that_its_receipts_name(entry: Declared) -> None:
    simulator = Simulator({"tongda": Tongda()}, root="tongda")
    message = Message(uuid4(), "13800000000", "县教体局", Content("", "【公开】2项任务待办。"))
    async with serve(simulator) as address:
        gateway = HttpGateway(
            redirect_entry(entry, address), timeout=timedelta(seconds=60), now=read_machine_time
        )
        first, second = await gateway.send(message), await gateway.send(message)
        await gateway.close()
    (taken,) = simulator.received
    assert first == second == MessageAccepted(taken.id)
    assert taken.text == "2项任务待办。"  # the platform adds the signature


def test_its_reports_are_read_and_must_be_signed(entry: Declared) -> None:
    now = read_machine_time()
    body = Tongda().make_receipt("13800000000", "T1", now).body
    assert entry.is_genuine(Push(body, sign_push(body, now), now))
    assert not entry.is_genuine(Push(body + b" ", sign_push(body, now), now))
    assert not entry.is_genuine(Push(body, sign_push(body, now - timedelta(hours=1)), now))
    (receipt,) = entry.read_receipts(body)
    assert (receipt.message_id, receipt.address, receipt.delivered) == ("T1", "13800000000", True)
