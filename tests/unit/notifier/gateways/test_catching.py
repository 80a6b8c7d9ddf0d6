"""A mail server that delivers nothing is reported where an operator looks."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.notifier.dispatch.channels import make_channels
from services.notifier.gateways.catching import check_mail, describe_caught_mail
from services.notifier.settings import NotifierSettings

FILE = """gateways:
  - name: office
    vendor: smtp
    host: HOST
    port: 1025
    security: none
    mail_from: "A <a@b.example>"
"""


@pytest.fixture(autouse=True)
def catcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUIBAN_MAIL_CATCHER", "mailpit:1025")


@pytest.mark.parametrize("url", ["smtp://mailpit:1025", "smtp://user:hush@MailPit:1025"])
async def test_mails_to_the_catcher_reach_nobody(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("CUIBAN_SMTP_URL", url)
    line = await check_mail(NotifierSettings.load())
    assert "mailpit:1025" in line
    assert "reach nobody" in line
    assert "hush" not in line


@pytest.mark.parametrize(
    "url", ["", "smtp://mailpit:2525", "smtp://mail.example:1025", "smtps://mailpit"]
)
def test_another_mail_server_is_not_the_catcher(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("CUIBAN_SMTP_URL", url)
    assert describe_caught_mail(NotifierSettings.load()) == ""


def test_the_file_of_gateways_goes_before_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gateways.yaml"
    monkeypatch.setenv("CUIBAN_GATEWAYS", str(path))
    monkeypatch.setenv("CUIBAN_SMTP_URL", "smtp://mailpit:1025")
    path.write_text(FILE.replace("HOST", "mail.example"))
    assert describe_caught_mail(NotifierSettings.load()) == ""
    path.write_text(FILE.replace("HOST", "mailpit"))
    monkeypatch.setenv("CUIBAN_SMTP_URL", "smtp://mail.example")
    assert "reach nobody" in describe_caught_mail(NotifierSettings.load())


def test_the_start_is_logged_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUIBAN_SMTP_URL", "smtp://mailpit:1025")
    with capture_logs() as lines:
        make_channels(NotifierSettings.load())
    (line,) = [line for line in lines if line["event"] == "mail.caught"]
    assert "CUIBAN_SMTP_URL" in line["hint"]
