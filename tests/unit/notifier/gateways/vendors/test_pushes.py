"""What gateways push: whether it is genuine, and which reports are in it."""

import hashlib
import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from services.notifier.gateways.exchange import Push, Receipt
from services.notifier.gateways.file import read_gateways
from services.notifier.gateways.signing import parse_keys, sign
from tests.unit.notifier.gateways.vendors.entries import ENTRIES, make_vendor

AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
NOW = int(AT.timestamp())
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
REPORT = b'{"data": {"gateway_message_id": "m1", "state": "delivered", "to": "138"}}'
RECEIPTS = ENTRIES["declared"]["receipts"]


def sign_webhook(stamp: int = NOW, body: bytes = REPORT, key: str = KEY) -> dict[str, str]:
    return {
        "webhook-id": "p1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": f"v1,x {sign(parse_keys(key), 'p1', stamp, body)}",
    }


@pytest.mark.parametrize(
    ("headers", "genuine"),
    [
        (sign_webhook(), True),
        (sign_webhook(NOW - 301), False),
        (sign_webhook(body=b"{}"), False),
        (sign_webhook(key="whsec_" + b64encode(b"k" * 24).decode()), False),
        (sign_webhook() | {"webhook-timestamp": "now"}, False),
        ({}, False),
    ],
)
def test_a_webhook_signs_its_pushes_with_our_keys(headers: dict[str, str], genuine: bool) -> None:
    assert make_vendor("webhook").is_genuine(Push(REPORT, headers, AT)) is genuine


def test_what_a_vendor_without_a_signature_pushes_is_genuine() -> None:
    for vendor in ("mas", "aliyun", "tencent", "huawei", "declared"):
        assert make_vendor(vendor).is_genuine(Push(b"", {}, AT))
    assert make_vendor("webhook", keys=None).is_genuine(Push(b"", {}, AT))


def test_a_webhook_pushes_one_report_or_a_list() -> None:
    webhook = make_vendor("webhook")
    delivered = Receipt("m1", "138", delivered=True, code="")
    assert webhook.read_receipts(REPORT) == [delivered]
    reports = [
        {"gateway_message_id": "m2", "state": "failed", "detail": "off"},
        {"gateway_message_id": "m3", "state": "queued"},
        {"state": "delivered"},
    ]
    failed = [Receipt("m2", "", delivered=False, code="off")]
    assert webhook.read_receipts(json.dumps(reports).encode()) == failed
    assert webhook.read_receipts(b"no JSON") == []


SIGNING = {
    "header": "X-Push-Sign",
    "recipe": "hmac-sha256",
    "text": "{seconds}.{body}",
    "key": "{secret.key}",
    "timestamp": "X-Time",
}


def sign_declared(stamp: int = NOW, body: bytes = b"{}", key: bytes = b"k1") -> dict[str, str]:
    digest = hmac.new(key, f"{stamp}.".encode() + body, "sha256").hexdigest()
    return {"x-push-sign": digest, "x-time": str(stamp)}


@pytest.mark.parametrize(
    ("headers", "genuine"),
    [
        (sign_declared(), True),
        (sign_declared(NOW * 1000), True),
        (sign_declared(NOW + 301), False),
        (sign_declared(body=b"[]"), False),
        (sign_declared(key=b"k2"), False),
        ({}, False),
    ],
)
def test_a_declared_gateway_signs_its_pushes_as_the_file_says(
    headers: dict[str, str], genuine: bool
) -> None:
    declared = make_vendor("declared", receipts={**RECEIPTS, "signature": SIGNING})
    assert declared.is_genuine(Push(b"{}", headers, AT)) is genuine


def test_a_signature_of_the_body_alone_needs_no_time() -> None:
    signing = {
        "header": "Sign",
        "recipe": "sha256",
        "text": "{body}{secret.key}",
        "encoding": "HEX",
    }
    declared = make_vendor("declared", receipts={**RECEIPTS, "signature": signing})
    digest = hashlib.sha256(b"{}k1").hexdigest().upper()
    later = AT + timedelta(days=9)
    assert declared.is_genuine(Push(b"{}", {"sign": digest}, later))
    assert not declared.is_genuine(Push(b"{} ", {"sign": digest}, later))


@pytest.mark.parametrize("name", ["seconds", "nonce", "secret.other"])
def test_a_signature_of_what_a_push_does_not_have_is_refused(name: str) -> None:
    signing: dict[str, Any] = {"header": "Sign", "recipe": "md5", "text": f"{{{name}}}"}
    entry = {"name": "d", "vendor": "declared", **ENTRIES["declared"]}
    entry["receipts"] = {**RECEIPTS, "signature": signing}
    reading = read_gateways(json.dumps({"gateways": [entry]}), lambda written: written["env"])
    assert reading.file is None
    assert any(name in each.message for each in reading.problems)


@pytest.mark.parametrize("form", ["json", "base64", "form"])
def test_a_declared_push_is_json_base64_or_a_form(form: str) -> None:
    report = {"sid": "1", "to": "138", "state": "ok"}
    body = json.dumps(report).encode()
    if form == "base64":
        body = b64encode(body)
    if form == "form":
        body = urlencode(report).encode()
    declared = make_vendor("declared", receipts={**RECEIPTS, "each": None})
    assert declared.read_receipts(body) == [Receipt("1", "138", delivered=True, code="ok")]
