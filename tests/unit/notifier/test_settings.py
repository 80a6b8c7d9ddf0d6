"""The notifier's settings."""

from datetime import time, timedelta

import pytest

from services.notifier.dispatch.channels import make_lanes, make_portal
from services.notifier.settings import NotifierSettings
from shared.clock import SystemClock
from shared.database.engine import create_engine
from shared.errors import CuibanError
from shared.messages.limits import QuietHours
from shared.schemas.rules import Channel


def test_without_any_setting_the_defaults_hold() -> None:
    settings = NotifierSettings.load()
    assert settings.retry_delays[:2] == (timedelta(seconds=5), timedelta(minutes=5))
    assert len(settings.retry_delays) == 9
    assert settings.quiet_sms == QuietHours(time(21), time(7, 30))
    assert settings.quiet_email is None


def test_durations_hours_and_words_are_written_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUIBAN_RETRY_DELAYS", "1s, 2m 3h 4d")
    monkeypatch.setenv("CUIBAN_QUIET_EMAIL", "22:00-06:00")
    monkeypatch.setenv("CUIBAN_QUIET_SMS", "none")
    monkeypatch.setenv("CUIBAN_SMS_PERMANENT", "illegalmac NoSignId")
    settings = NotifierSettings.load()
    assert settings.retry_delays == (
        *(timedelta(seconds=1), timedelta(minutes=2)),
        *(timedelta(hours=3), timedelta(days=4)),
    )
    assert settings.quiet_email == QuietHours(time(22), time(6))
    assert settings.quiet_sms is None
    assert settings.sms_permanent == ("illegalmac", "NoSignId")


@pytest.mark.parametrize(
    "written", ["PT1S PT2M PT3H P4D", "PT1S,PT2M, PT3H, P4DT0S", "1s 2m 3h 4d"]
)
def test_retry_delays_are_iso_durations_or_numbers_with_a_unit(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("CUIBAN_RETRY_DELAYS", written)
    assert NotifierSettings.load().retry_delays == (
        *(timedelta(seconds=1), timedelta(minutes=2)),
        *(timedelta(hours=3), timedelta(days=4)),
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", set()),
        (" ", set()),
        ("sms", {Channel.SMS}),
        ("SMS, email", {Channel.EMAIL, Channel.SMS}),
    ],
)
def test_channels_are_switched_off_by_name(
    monkeypatch: pytest.MonkeyPatch, written: str, meant: set[Channel]
) -> None:
    monkeypatch.setenv("CUIBAN_CHANNELS_OFF", written)
    assert NotifierSettings.load().channels_off == meant


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CUIBAN_RETRY_DELAYS", "soon"),
        ("CUIBAN_RETRY_DELAYS", "PT5S PTXM"),
        ("CUIBAN_RETRY_DELAYS", "PT5S 5"),
        ("CUIBAN_RETRY_DELAYS", "PT5S -PT5S"),
        ("CUIBAN_QUIET_SMS", "evening"),
        ("CUIBAN_SMS_UNKNOWN", "maybe"),
        ("CUIBAN_BATCH", "0"),
        ("CUIBAN_CHANNELS_OFF", "fax"),
        ("CUIBAN_SMTP_STARTTLS", "perhaps"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(CuibanError, match=name):
        NotifierSettings.load()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lease": timedelta(seconds=20)}, "CUIBAN_LEASE"),
        ({"mail_from": "nobody", "smtp_url": "smtp://127.0.0.1:1"}, "CUIBAN_MAIL_FROM"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(wrong: dict, said: str) -> None:
    settings = NotifierSettings(**wrong)
    with pytest.raises(CuibanError, match=said):
        make_lanes(settings, create_engine(settings, "test"), SystemClock())


@pytest.mark.parametrize(
    "written", ["portal.example", "ftp://x.example", "https://x.example/", "x" * 101]
)
def test_an_address_that_is_no_portal_is_refused(
    written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUIBAN_PORTAL_URL", written)
    with pytest.raises(CuibanError, match="CUIBAN_PORTAL_URL"):
        NotifierSettings.load()


def test_a_link_is_valid_for_a_month_and_needs_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUIBAN_PORTAL_URL", "https://portal.example/gk")
    settings = NotifierSettings.load()
    assert settings.link_lifetime == timedelta(days=30)
    assert make_portal(settings) is None
    monkeypatch.setenv("CUIBAN_LINK_KEYS", f"k:{'A' * 43}")
    assert make_portal(NotifierSettings.load()) is not None
