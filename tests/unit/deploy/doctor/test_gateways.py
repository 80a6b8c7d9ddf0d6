"""Where gateways are reached is found without sending anything."""

from datetime import timedelta
from pathlib import Path

import pytest

from deploy.doctor.certificates import judge_end
from deploy.doctor.checking import CheckState
from deploy.doctor.gateways import HttpPlace, check_file, find_place, list_places
from services.notifier.gateways.email import SmtpServer
from services.notifier.settings import NotifierSettings
from shared.clock import read_machine_time
from tests.unit.notifier.gateways.vendors.entries import ENTRIES, make_vendor


@pytest.mark.parametrize("vendor", ENTRIES)
def test_every_vendor_has_a_place(vendor: str) -> None:
    place = find_place(make_vendor(vendor))
    assert isinstance(place, HttpPlace)
    assert "." in place.host
    assert (place.port, place.tls) == (443, True)


def test_the_environments_gateways_have_places() -> None:
    settings = NotifierSettings(
        smtp_url="smtp://user:hush@mail.example:2525", sms_url="http://sms.example/send"
    )
    mail, sms = list_places(settings).values()
    assert isinstance(mail, SmtpServer)
    assert (mail.host, mail.port, mail.starttls) == ("mail.example", 2525, True)
    assert sms == HttpPlace("sms.example", 80, tls=False)


async def test_a_wrong_file_is_told_by_line(tmp_path: Path) -> None:
    file = tmp_path / "gateways.yaml"
    file.write_text("gateways:\n  - name: a\n    vendor: nobody\n")
    (finding, *_) = await check_file(NotifierSettings(gateways=file))
    assert (finding.state, finding.about) == (CheckState.FAILED, "line 3, column 13")


async def test_a_channel_without_a_gateway_is_named_unless_it_is_given_up() -> None:
    settings = NotifierSettings(smtp_url="smtp://mail.example", channels_off=frozenset())
    (finding,) = await check_file(settings)
    assert (finding.about, finding.state) == ("sms", CheckState.WARNING)
    given_up = NotifierSettings(smtp_url="smtp://mail.example", channels_off="sms")
    assert await check_file(given_up) == []


@pytest.mark.parametrize(
    ("days", "state"),
    [(90, CheckState.OK), (20, CheckState.WARNING), (-1, CheckState.FAILED)],
)
def test_a_certificate_ends(days: int, state: CheckState) -> None:
    end = read_machine_time() + timedelta(days=days, hours=1)
    finding = judge_end("certificate", "portal", end)
    assert finding.state is state
    assert f"{end:%Y-%m-%d}" in finding.saw
