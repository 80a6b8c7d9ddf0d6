"""Signatures, addresses of gateways, and Retry-After."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notifier.gateways.building import make_webhook
from services.notifier.gateways.email import parse_smtp_url
from services.notifier.gateways.http import parse_retry_after
from services.notifier.gateways.signing import parse_keys, sign
from shared.errors import CuibanError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the test key of the Standard Webhooks repo
NOW = datetime(2023, 12, 26, 1, tzinfo=UTC)


def test_the_signature_equals_the_published_vector() -> None:
    body = b'{"test": 2432232314}'
    found = sign(parse_keys(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_key_rotates_both_sign() -> None:
    other = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
    found = sign(parse_keys(f"{SECRET} {other}"), "m", 1, b"{}")
    assert [part[:3] for part in found.split(" ")] == ["v1,", "v1,"]


@pytest.mark.parametrize("secret", ["whsec_short", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_é"])
def test_a_secret_that_is_none_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(CuibanError) as caught:
        parse_keys(secret)
    assert secret not in str(caught.value)


def test_the_mail_server_is_read_from_its_url() -> None:
    plain = parse_smtp_url("smtp://mail.example", "always")
    assert (plain.host, plain.port, plain.tls, plain.starttls) == ("mail.example", 25, False, True)
    safe = parse_smtp_url("smtps://me%40x:p%3Aw@mail.example")
    assert (safe.port, safe.tls, safe.user, safe.password) == (465, True, "me@x", "p:w")


@pytest.mark.parametrize(
    ("url", "starttls", "wanted"),
    [
        ("smtp://mail.example", "auto", None),
        ("smtp://me:pw@mail.example", "auto", True),
        ("smtp://me:pw@mail.example", "when-offered", None),
        ("smtp://me:pw@mail.example", "never", False),
        ("smtps://me:pw@mail.example", "auto", False),
    ],
)
def test_a_password_requires_tls_unless_told_otherwise(
    url: str, starttls: str, wanted: bool | None
) -> None:
    server = parse_smtp_url(url, starttls)
    assert server.starttls is wanted
    assert "pw" not in repr(server)


@pytest.mark.parametrize("url", ["http://host", "smtp://", "smtp://h:port", "mail.example", "["])
def test_a_url_that_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(CuibanError, match="CUIBAN_SMTP_URL"):
        parse_smtp_url(url)


def test_an_endpoint_never_shows_its_address_or_its_keys() -> None:
    endpoint = make_webhook("https://user:hush@sms.example/x", SECRET, success=("0",))
    assert "hush" not in repr(endpoint)
    assert SECRET not in repr(endpoint)
    with pytest.raises(CuibanError, match="CUIBAN_SMS_URL"):
        make_webhook("ftp://sms.example", "", success=())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("120", timedelta(minutes=2)),
        ("Tue, 26 Dec 2023 01:05:00 GMT", timedelta(minutes=5)),
        ("Tue, 26 Dec 2023 00:00:00 GMT", timedelta(0)),
        ("soon", None),
        ("", None),
        ("-5", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(written: str, meant: timedelta | None) -> None:
    assert parse_retry_after({"retry-after": written}, NOW) == meant
