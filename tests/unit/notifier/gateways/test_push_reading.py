"""Pushes are read by the gateway that they name; what no gateway can read becomes a dead letter."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from services.notifier.gateways.push_reading import PushContent, PushReader
from services.notifier.gateways.vendors.base import HttpVendor
from shared.errors import CuibanError, PoisonError
from shared.schemas import identity
from shared.schemas.gateway_events import ReceiptReceived, ReceiptsPushed, ReplyReceived
from tests.unit.notifier.gateways.vendors.entries import make_vendor

OFFICE = identity.derive_office_id("yanting")
AT = datetime(2023, 8, 30, 1, tzinfo=UTC)
READERS = {"mas": make_vendor("mas"), "webhook": make_vendor("webhook")}


def push(body: bytes, gateway: str = "mas") -> ReceiptsPushed:
    written = b64encode(body).decode()
    return ReceiptsPushed(
        office_id=OFFICE, gateway=gateway, push_id="p", body=written, pushed_at=AT
    )


def test_reports_become_receipts_of_the_office_and_gateway_of_the_address() -> None:
    reports = [
        {"msgGroup": "g1", "reportStatus": "CM:0000", "errorCode": "DELIVRD"},
        {"msgGroup": "g2", "reportStatus": "CM:1", "errorCode": "NO\u0000ROUTE"},
        {"msgGroup": "g3", "reportStatus": "CM:3000"},
        {"msgGroup": "g\u00004", "reportStatus": "CM:0000", "errorCode": "DELIVRD"},
        {"msgGroup": "g" * 201, "reportStatus": "CM:1"},
    ]
    shared = {"office_id": OFFICE, "gateway": "mas", "received_at": AT}
    assert PushReader(lambda: READERS).read(push(json.dumps(reports).encode())).receipts == [
        ReceiptReceived(**shared, gateway_message_id="g1", state="delivered", detail="DELIVRD"),
        ReceiptReceived(**shared, gateway_message_id="g2", state="failed", detail="NOROUTE"),
    ]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (push(b"{}", "smtp"), "unknown-gateway"),
        (push(b"{}", "webhook"), "bad-signature"),
        (push(b"").model_copy(update={"body": "e"}), "not-base64"),
    ],
)
def test_what_can_not_be_read_becomes_a_dead_letter(event: ReceiptsPushed, reason: str) -> None:
    with pytest.raises(PoisonError) as raised:
        PushReader(lambda: READERS).read(event)
    assert raised.value.reason == reason


def test_a_file_that_is_not_valid_leaves_the_former_gateways() -> None:
    loads = iter([READERS])

    def load() -> Any:
        if (readers := next(loads, None)) is None:
            raise CuibanError("wrong")
        return readers

    pushes = PushReader(load)
    with pytest.raises(CuibanError):
        pushes.reload()
    assert pushes.read(push(b"[]")) == PushContent([])


@pytest.mark.parametrize(
    ("vendor", "code", "gone"),
    [
        (make_vendor("aliyun"), "INVALID_NUMBER", True),
        (make_vendor("aliyun"), "MOBILE_TERMINAL_ERROR", False),
        (make_vendor("aliyun", gone=["MK:0001", "XA:*"]), "xa:0007", True),
        (make_vendor("aliyun", gone=["MK:0001", "XA:*"]), "INVALID_NUMBER", False),
    ],
)
def test_which_codes_mean_that_the_address_never_works_is_the_vendors_or_the_files(
    vendor: HttpVendor, code: str, gone: bool
) -> None:
    body = json.dumps([{"biz_id": "1", "success": False, "err_code": code}]).encode()
    (receipt,) = PushReader(lambda: {"aliyun": vendor}).read(push(body, "aliyun")).receipts
    assert (receipt.state, receipt.gone) == ("failed", gone)


def test_what_was_delivered_is_not_gone() -> None:
    vendor = make_vendor("aliyun", gone=["*"])
    body = json.dumps([{"biz_id": "1", "success": True, "err_code": "DELIVERED"}]).encode()
    (receipt,) = PushReader(lambda: {"aliyun": vendor}).read(push(body, "aliyun")).receipts
    assert (receipt.state, receipt.gone) == ("delivered", False)


FORMS: dict[str, Any] = {
    "mas": {"mobile": "13800000000", "smsContent": "1", "sendTime": "20230830090000"},
    "aliyun": [{"phone_number": "13800000000", "content": "1", "sequence_id": 7}],
    "tencent": {"nationcode": "86", "mobile": "13800000000", "text": "1", "time": 1693357200},
}


@pytest.mark.parametrize("name", FORMS)
def test_a_reply_is_read_where_the_contract_has_replies(name: str) -> None:
    event = push(json.dumps(FORMS[name]).encode(), name)
    assert PushReader(lambda: {name: make_vendor(name)}).read(event) == PushContent([])
    pushes = PushReader(lambda: {name: make_vendor(name, replies=True)})
    (reply,) = pushes.read(event).replies
    assert isinstance(reply, ReplyReceived)
    assert (reply.mobile, reply.text, reply.received_at) == ("13800000000", "1", AT)
    assert pushes.read(event).replies == [reply], "a repeat has the same id"
    assert pushes.read(event).receipts == []


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"[1]", b'{"text": {"a": 1}}', b"\xff"])
def test_what_is_no_reply_is_none(name: str, body: bytes) -> None:
    pushes = PushReader(lambda: {name: make_vendor(name, replies=True)})
    assert len(pushes.read(push(body, name)).replies) <= 1


def test_a_reply_is_cut_and_cleaned() -> None:
    body = {"phone_number": "+86 138-0000-0000", "content": "a\u0000\n" + "x" * 2000}
    raw = json.dumps([body | {"sequence_id": "7" * 300}]).encode()
    pushes = PushReader(lambda: {"aliyun": make_vendor("aliyun", replies=True)})
    (reply,) = pushes.read(push(raw, "aliyun")).replies
    assert (reply.mobile, len(reply.reply_id), reply.text[:3]) == ("13800000000", 200, "a x")
    assert len(reply.text) == 1000
