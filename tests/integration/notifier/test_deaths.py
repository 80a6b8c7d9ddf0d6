"""A gateway accepts a message, and its notifier dies before the outcome is written.

What is sent again, under which key, and how many messages the vendor's customer then has: counted
for each vendor. The handbook has the same table ("When a notifier dies").
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from lab.simulator.app import Simulator, serve
from lab.simulator.catalogue import VENDORS
from lab.simulator.entries import make_entry
from lab.simulator.protocol import SimulatedVendor, TakenMessage
from lab.simulator.vendors.declared import SimulatedDeclared
from services.notifier.dispatch.channels import make_channels
from services.notifier.domain.message import MessageAccepted
from services.notifier.gateways.vendors.declared import Declared
from shared.schemas.gateway_events import (
    MessageActionRequested,
    NotificationHeld,
    NotificationSent,
)
from shared.schemas.messages import MessageAction
from shared.schemas.rules import Audience, Channel
from tests.integration.notifier.world import (
    OFFICE,
    SLOT,
    World,
    get_unit_id,
    make_reminder,
    make_unit,
    wait_until,
)
from tests.unit.notifier.gateways.vendors.entries import ENTRIES, make_vendor

pytestmark = pytest.mark.integration
HANDBOOK = Path(__file__).parents[3] / "docs" / "handbook.md"
OWN, TEXT, NONE = "the message's id", "receiver and text", "none"


@dataclass(frozen=True)
class Expected:
    """What follows.

    `key`: what names the message in each request, as the simulated vendor reads it. `again`: the
    notifier sends it again by itself; else it is held. `messages`: how many the customer has once
    it was sent a second time, by the notifier or by a person.
    """

    key: str
    again: bool
    messages: int


VENDOR_CASES = {
    "mas": Expected(NONE, again=False, messages=2),
    "aliyun": Expected(OWN, again=False, messages=2),
    "tencent": Expected(OWN, again=False, messages=2),
    "huawei": Expected(OWN, again=False, messages=2),
    "declared": Expected(NONE, again=False, messages=2),
    "wecom-robot": Expected(NONE, again=True, messages=2),
    "wecom-app": Expected(TEXT, again=True, messages=1),
    "dingtalk-robot": Expected(NONE, again=True, messages=2),
    "dingtalk-government": Expected(OWN, again=True, messages=1),
    "feishu-robot": Expected(NONE, again=True, messages=2),
    "webhook": Expected(OWN, again=True, messages=1),
}


def simulate(vendor: str) -> SimulatedVendor:
    if vendor != "declared":
        return VENDORS[vendor]()
    declared = make_vendor("declared")
    assert isinstance(declared, Declared)
    return SimulatedDeclared(declared)


def write_file(path: Path, vendor: str, address: str, patch: pytest.MonkeyPatch) -> Path:
    """A file of gateways with one vendor, which stands at an address of the simulator."""
    if vendor == "declared":
        patch.setenv("k1", "k1")
        fields = dict(ENTRIES[vendor])
        fields["request"] = fields["request"] | {"url": f"{address}/declared/send"}
    else:
        simulated = VENDORS[vendor]
        fields = dict(simulated.CREDENTIALS)
        paths = {"mas": "/mas/sms/norsubmit"}
        fields["url"] = f"{address}{paths.get(vendor, f'/{vendor}')}"
        for name in simulated.SECRETS & fields.keys():
            patch.setenv(f"SECRET_{name}", str(fields[name]))
            fields[name] = {"env": f"SECRET_{name}"}
    entry = {"name": vendor, "vendor": vendor, "spread": 0, **fields}
    path.write_text(json.dumps({"gateways": [entry]}))
    return path


async def die_after_acceptance(world: World, channel: Channel, **settings: Any) -> UUID:
    """A notifier that claims the only message, has it accepted, and writes nothing any more."""
    setup = make_channels(world.settings.model_copy(update=settings))[channel]
    (offer,) = await world.claim(setup.rules, SLOT)
    gateway = setup.gateways[0].gateway
    assert isinstance(await gateway.send(offer.message), MessageAccepted)
    await gateway.close()
    await world.expire_leases()
    return offer.message.notification_id


@pytest.fixture
async def simulator() -> AsyncIterator[tuple[Simulator, str]]:
    made = Simulator({name: simulate(name) for name in VENDOR_CASES})
    async with serve(made) as address:
        yield made, address


def list_taken(simulator: Simulator, vendor: str) -> list[TakenMessage]:
    return [each for each in simulator.received if each.vendor == vendor]


@pytest.mark.parametrize("vendor", VENDOR_CASES)
async def test_what_each_vendors_customer_has(
    world: World,
    simulator: tuple[Simulator, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    vendor: str,
) -> None:
    vendors, address = simulator
    expected = VENDOR_CASES[vendor]
    channel = Channel.SMS if vendor == "declared" else make_entry(vendor).channel
    file = write_file(tmp_path / "gateways.yaml", vendor, address, monkeypatch)
    await world.tell(make_unit(), make_reminder(channels=(channel,)))
    name = await die_after_acceptance(world, channel, gateways=file)
    world.start(gateways=file)
    if not expected.again:
        (held,) = await wait_until(lambda: world.list_events("NotificationHeld"))
        assert isinstance(held, NotificationHeld)
        assert (held.reason, held.gateway) == ("unknown-outcome", vendor)
        assert len(list_taken(vendors, vendor)) == 1  # nothing is sent again by itself
        await world.tell(release(name, channel))
    (sent,) = await wait_until(lambda: world.list_events("NotificationSent"))
    assert isinstance(sent, NotificationSent)
    assert [each.outcome for each in sent.made] == ["unknown", "accepted"]
    taken = list_taken(vendors, vendor)
    assert len(taken) == expected.messages
    assert sum(each.repeats for each in taken) == 2 - expected.messages
    keys = {each.key for each in taken}
    assert len(keys) == 1  # of both requests
    assert {OWN: str(name) in keys, NONE: "" in keys, TEXT: True}[expected.key]


def release(name: UUID, channel: Channel) -> MessageActionRequested:
    """A person has found out, and wants it sent again."""
    return MessageActionRequested(
        office_id=OFFICE,
        unit_id=get_unit_id(),
        reminder_id=UUID(int=1),
        notification_id=name,
        audience=Audience.LIAISON,
        channel=channel,
        slot=SLOT,
        request_id=uuid4(),
        action=MessageAction.RELEASE,
        requested_at=SLOT,
    )


async def test_a_mail_is_sent_again_with_the_same_message_id(world: World) -> None:
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    await die_after_acceptance(world, Channel.EMAIL)
    world.start()
    await wait_until(lambda: world.list_events("NotificationSent"))
    first, second = world.mail.ids
    assert first == second


def test_the_handbook_says_the_same_of_each_vendor() -> None:
    said = {}
    for line in HANDBOOK.read_text("utf-8").partition("### When a notifier dies")[2].splitlines():
        if line.startswith("## "):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            again, key, messages = cells[1:4]
            for vendor in cells[0].replace("`", "").split(", "):
                said[vendor] = Expected(key, again=again == "yes", messages=int(messages))
    assert said.pop("smtp") == Expected("Message-ID", again=True, messages=2)
    assert said == VENDOR_CASES
