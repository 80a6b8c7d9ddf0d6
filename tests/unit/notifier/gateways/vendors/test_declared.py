"""A gateway that is described in the file: its requests, answers and receipts."""

import hashlib
import hmac
import json
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from services.notifier.domain.message import Content, Message
from services.notifier.domain.verdicts import Reading, Verdict
from services.notifier.gateways.exchange import Receipt, VendorAnswer, VendorCall
from services.notifier.gateways.file import read_gateways
from tests.unit.notifier.gateways.vendors.entries import ENTRIES, make_vendor

MESSAGE = Message(UUID(int=7), "13800000000", "县教体局", Content("", "【公开】正文"))
CALL = VendorCall(datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), "n1")


def build(**more: Any) -> Any:
    return make_vendor("declared", **more).build_request(MESSAGE, CALL)


def test_the_body_is_a_tree_of_templates_and_is_signed_as_sent() -> None:
    request = build()
    assert json.loads(request.body) == {
        "to": ["13800000000"],
        "text": "正文",
        "at": 1700000000,
        "ref": str(MESSAGE.notification_id),
    }
    signed = hmac.new(b"k1", b"1700000000" + request.body, "sha256").hexdigest()
    assert request.headers["x-sign"] == signed
    assert parse_qs(urlsplit(request.url).query) == {"v": ["1"], "app": ["a&b"]}


@pytest.mark.parametrize(
    ("signing", "signature"),
    [
        ({"recipe": "md5", "text": "{nonce}"}, "c82561ec215a6e31807ceedf3b3bd25e"),
        (
            {"recipe": "sha256", "text": "a{nonce}", "encoding": "HEX"},
            hashlib.sha256(b"an1").hexdigest().upper(),
        ),
        (
            {"recipe": "sha1", "text": "{nonce}", "encoding": "base64"},
            "QLPqtj8/HU+kjglVlAHF7U786qY=",
        ),
    ],
)
def test_the_signature_can_stand_in_the_body(signing: Any, signature: str) -> None:
    form = {"url": "https://declared.example", "format": "form", "body": {"s": "{signature}"}}
    request = build(request=form, signature=signing)
    assert parse_qs(request.body.decode())["s"] == [signature]


def test_other_formats_and_methods() -> None:
    form = {"url": "https://declared.example", "body": {"t": "{text}"}, "format": "base64-json"}
    assert json.loads(b64decode(build(request=form, signature=None).body)) == {"t": "【公开】正文"}
    get = {"url": "https://declared.example", "method": "GET", "query": {"m": "{mobile}"}}
    request = build(request=get, signature=None)
    assert (request.method, request.body) == ("GET", b"")
    assert request.url == "https://declared.example?m=13800000000"


def test_a_header_begins_no_other() -> None:
    form = {"url": "https://declared.example", "headers": {"X-Unit": "a\r\nX-Other: {unit}"}}
    assert build(request=form, signature=None).headers["x-unit"] == "a??X-Other: ????"


@pytest.mark.parametrize(
    ("status", "answer", "verdict", "message_id"),
    [
        (200, {"result": [{"code": 0, "sid": 5}]}, Verdict.ACCEPTED, "5"),
        (500, {"result": [{"code": 0}]}, Verdict.UNKNOWN, ""),
        (200, {"result": [{"code": "Too Many now"}]}, Verdict.THROTTLED, ""),
        (400, {"result": [{"code": 77}]}, Verdict.NEXT_DAY, ""),
        (200, {"result": [{"code": "901"}], "msg": "balance"}, Verdict.ALARM, ""),
        (200, {"result": [{"code": "x"}]}, Verdict.FAILED, ""),
        (200, {"result": []}, Verdict.UNKNOWN, ""),
        (200, [], Verdict.UNKNOWN, ""),
        (429, "", Verdict.THROTTLED, ""),
    ],
)
def test_what_an_answer_means(status: int, answer: Any, verdict: Verdict, message_id: str) -> None:
    body = json.dumps(answer).encode()
    reading = make_vendor("declared").read_answer(VendorAnswer(status, body), MESSAGE)
    assert isinstance(reading, Reading)
    assert (reading.verdict, reading.message_id) == (verdict, message_id)


def test_what_reports_say() -> None:
    reports = [
        {"sid": 1, "to": "138", "state": "ok"},
        {"sid": "2", "state": "sent"},
        {"sid": "3", "state": "dead"},
        {"state": "ok"},
    ]
    body = json.dumps({"reports": reports}).encode()
    assert make_vendor("declared").read_receipts(body) == [
        Receipt("1", "138", delivered=True, code="ok"),
        Receipt("2", "", delivered=None, code="sent"),
        Receipt("3", "", delivered=False, code="dead"),
    ]
    assert make_vendor("declared", receipts=None).read_receipts(body) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"request": {"url": "https://h", "body": {"a": "{phone}"}}}, "phone"),
        ({"request": {"url": "https://h", "query": {"a": "{secret.other}"}}}, "secret.other"),
        ({"signature": None}, "signature"),
        ({"signature": {"recipe": "hmac-md5", "text": "{id}"}}, "key"),
        ({"signature": {"recipe": "md5", "text": "{signature}"}}, "signature"),
        (
            {
                "request": {"url": "https://h", "body": {"s": "{signature}"}},
                "signature": {"recipe": "md5", "text": "{body}"},
            },
            "body",
        ),
        ({"answer": {"code": "a..b", "success": ["0"]}}, "code"),
    ],
)
def test_a_description_that_cannot_work_is_refused(change: Any, word: str) -> None:
    entry = {"name": "d", "vendor": "declared", **ENTRIES["declared"], **change}
    reading = read_gateways(json.dumps({"gateways": [entry]}), lambda written: written["env"])
    assert reading.file is None
    told = [f"{each.path} {each.message}" for each in reading.problems]
    assert any(word in each for each in told), told
