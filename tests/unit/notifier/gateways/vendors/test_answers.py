"""What the answers and the reports of each vendor mean."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from services.notifier.domain.message import (
    Content,
    Message,
    MessageAccepted,
    MessageRefused,
    OutcomeUnknown,
    Refusal,
)
from services.notifier.domain.verdicts import (
    CodeTable,
    Reading,
    Verdict,
    conclude,
    measure_until_tomorrow,
)
from services.notifier.gateways.exchange import (
    AcceptedMessage,
    Receipt,
    Token,
    VendorAnswer,
    VendorCall,
)
from tests.unit.notifier.gateways.vendors.entries import ENTRIES, make_vendor

MESSAGE = Message(UUID(int=7), "13800000000", "县教体局", Content("", "正文"))
NOW = datetime(2023, 11, 14, 12, 0, tzinfo=UTC)
OTHER = {"PhoneNumber": "+8613900000000", "Code": "Ok", "SerialNo": "s1"}


def tencent(code: str, **more: Any) -> dict[str, Any]:
    status = {"PhoneNumber": "+8613800000000", "Code": code, "SerialNo": "s2"}
    return {"Response": {"SendStatusSet": [OTHER, status], "RequestId": "r", **more}}


def huawei(code: str, status: str) -> dict[str, Any]:
    result = [{"originTo": "+8613800000000", "smsMsgId": "h1", "status": status}]
    return {"code": code, "description": "d", "result": result}


def government(*, success: bool, **content: Any) -> dict[str, Any]:
    return {"success": success, "content": {"success": success, **content}}


ACCEPTED: list[tuple[str, Any, str]] = [
    ("mas", {"success": True, "rspcod": "success", "msgGroup": "g1"}, "g1"),
    ("mas", {"success": "true", "rspcod": "success", "mgsGroup": "g2"}, "g2"),
    ("aliyun", {"Code": "OK", "BizId": "b1"}, "b1"),
    ("tencent", tencent("Ok"), "s2"),
    ("huawei", huawei("000000", "000000"), "h1"),
    ("huawei", huawei("E200037", "000000"), "h1"),
    ("wecom-robot", {"errcode": 0, "errmsg": "ok"}, ""),
    ("wecom-app", {"errcode": 0, "invaliduser": "lisi", "msgid": "w1"}, "w1"),
    ("dingtalk-robot", {"errcode": 0, "errmsg": "ok"}, ""),
    ("dingtalk-government", government(success=True, data={"msgId": "d1"}), "d1"),
    ("feishu-robot", {"code": 0, "msg": "success"}, ""),
    ("feishu-robot", {"StatusCode": 0}, ""),
]
REFUSED: list[tuple[str, int, Any, Verdict]] = [
    ("mas", 200, {"success": False, "rspcod": "IllegalMac"}, Verdict.UNAUTHORISED),
    ("mas", 200, {"success": "false", "rspcod": "NOT_WHITE_IP"}, Verdict.ALARM),
    ("mas", 200, {"success": False, "rspcod": "InvalidMobile"}, Verdict.BAD_ADDRESS),
    ("mas", 200, {"success": False, "rspcod": "new"}, Verdict.FAILED),
    ("aliyun", 400, {"Code": "SignatureDoesNotMatch"}, Verdict.UNAUTHORISED),
    ("aliyun", 503, {"Code": "Throttling.User"}, Verdict.THROTTLED),
    ("aliyun", 200, {"Code": "isv.DAY_LIMIT_CONTROL"}, Verdict.NEXT_DAY),
    ("aliyun", 200, {"Code": "isv.MOBILE_NUMBER_ILLEGAL"}, Verdict.BAD_ADDRESS),
    ("aliyun", 200, {"Code": "isv.AMOUNT_NOT_ENOUGH"}, Verdict.ALARM),
    ("tencent", 200, tencent("LimitExceeded.PhoneNumberDailyLimit"), Verdict.NEXT_DAY),
    ("tencent", 200, tencent("FailedOperation.PhoneNumberInBlacklist"), Verdict.PERMANENT),
    (
        "tencent",
        200,
        {"Response": {"Error": {"Code": "AuthFailure.SignatureFailure"}}},
        Verdict.UNAUTHORISED,
    ),
    ("huawei", 400, {"code": "E000000", "description": "busy"}, Verdict.TRANSIENT),
    ("huawei", 200, huawei("E200037", "E200028"), Verdict.BAD_ADDRESS),
    ("huawei", 401, {"code": "E000103"}, Verdict.UNAUTHORISED),
    ("wecom-robot", 200, {"errcode": 45009}, Verdict.THROTTLED),
    ("wecom-robot", 200, {"errcode": 93000}, Verdict.UNAUTHORISED),
    ("wecom-app", 200, {"errcode": 42001}, Verdict.TOKEN_ENDED),
    ("wecom-app", 200, {"errcode": 0, "invaliduser": "x|13800000000"}, Verdict.BAD_ADDRESS),
    ("dingtalk-robot", 200, {"errcode": 310000}, Verdict.UNAUTHORISED),
    ("dingtalk-robot", 200, {"status": 1111, "wait": 5, "punish": "deny"}, Verdict.THROTTLED),
    ("dingtalk-government", 200, government(success=False, responseCode="x"), Verdict.FAILED),
    (
        "dingtalk-government",
        200,
        government(success=False, responseMessage="bizMsgId重复"),
        Verdict.DUPLICATE,
    ),
    ("feishu-robot", 200, {"code": 19021, "msg": "sign match fail"}, Verdict.UNAUTHORISED),
    ("feishu-robot", 200, {"code": 9499, "msg": "too many request"}, Verdict.THROTTLED),
    ("feishu-robot", 200, {"code": 9499, "msg": "Bad Request"}, Verdict.PERMANENT),
]


def read(vendor: str, status: int, answer: Any) -> Reading:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    reading = make_vendor(vendor).read_answer(VendorAnswer(status, body), MESSAGE)
    assert isinstance(reading, Reading)
    return reading


@pytest.mark.parametrize(("vendor", "answer", "message_id"), ACCEPTED)
def test_what_counts_as_accepted(vendor: str, answer: Any, message_id: str) -> None:
    reading = read(vendor, 200, answer)
    assert (reading.verdict, reading.message_id) == (Verdict.ACCEPTED, message_id)


@pytest.mark.parametrize(("vendor", "status", "answer", "verdict"), REFUSED)
def test_what_a_refusal_says(vendor: str, status: int, answer: Any, verdict: Verdict) -> None:
    assert read(vendor, status, answer).verdict is verdict


OWN = sorted(set(ENTRIES) - {"webhook"})


@pytest.mark.parametrize("vendor", OWN)
@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, b"", Verdict.UNKNOWN),
        (200, b'{"code": 0', Verdict.UNKNOWN),
        (200, b"<html>login</html>", Verdict.UNKNOWN),
        (200, b"[" * 100_000, Verdict.UNKNOWN),
        (200, b"{}", Verdict.UNKNOWN),
        (302, b"", Verdict.UNKNOWN),
        (500, b"", Verdict.UNKNOWN),
        (502, b"<html>", Verdict.UNKNOWN),
        (429, b"", Verdict.THROTTLED),
        (503, b"", Verdict.THROTTLED),
        (401, b"", Verdict.UNAUTHORISED),
        (403, b"<html>", Verdict.ALARM),
    ],
)
def test_an_answer_without_the_vendors_words(
    vendor: str, status: int, body: bytes, verdict: Verdict
) -> None:
    assert read(vendor, status, body).verdict is verdict


def test_a_token_is_read_or_refused() -> None:
    vendor = make_vendor("wecom-app")
    body = b'{"errcode": 0, "access_token": "t", "expires_in": 7200}'
    assert vendor.read_token(VendorAnswer(200, body)) == Token("t", timedelta(hours=2))
    refused = vendor.read_token(VendorAnswer(200, b'{"errcode": 40001, "errmsg": "secret"}'))
    assert isinstance(refused, Reading)
    assert refused.verdict is Verdict.UNAUTHORISED


@pytest.mark.parametrize(
    ("vendor", "body", "receipt"),
    [
        (
            "mas",
            b'{"msgGroup":"g","mobile":"1","reportStatus":"CM:0000","errorCode":"DELIVRD"}',
            Receipt("g", "1", delivered=True, code="DELIVRD"),
        ),
        (
            "mas",
            b64encode(b'[{"msgGroup":"g","mobile":"1","reportStatus":"CM:3000"}]'),
            Receipt("g", "1", delivered=None, code="CM:3000"),
        ),
        (
            "mas",
            b"msgGroup=g&mobiles=1&reportStatus=CM%3A0001&errorCode=MK%3A0001",
            Receipt("g", "1", delivered=False, code="MK:0001"),
        ),
        (
            "aliyun",
            b'[{"biz_id":"b","phone_number":"1","success":true,"err_code":"DELIVERED"}]',
            Receipt("b", "1", delivered=True, code="DELIVERED"),
        ),
        (
            "tencent",
            b'[{"sid":"s","mobile":"1","report_status":"FAIL","errmsg":"MK:0001"}]',
            Receipt("s", "1", delivered=False, code="MK:0001"),
        ),
        (
            "huawei",
            b"smsMsgId=h&to=%2B861&status=DELIVRD",
            Receipt("h", "+861", delivered=True, code="DELIVRD"),
        ),
    ],
)
def test_what_a_report_says(vendor: str, body: bytes, receipt: Receipt) -> None:
    assert make_vendor(vendor).read_receipts(body) == [receipt]


@pytest.mark.parametrize("vendor", OWN)
@pytest.mark.parametrize("body", [b"", b"[1, null]", b"\xff\xfe", b"{}"])
def test_what_is_no_report_gives_none(vendor: str, body: bytes) -> None:
    assert make_vendor(vendor).read_receipts(body) == []


@pytest.mark.parametrize(
    ("verdict", "reason", "permanent"),
    [
        (Verdict.TRANSIENT, Refusal.BUSY, False),
        (Verdict.THROTTLED, Refusal.BUSY, False),
        (Verdict.NEXT_DAY, Refusal.BUSY, False),
        (Verdict.PERMANENT, Refusal.REJECTED, True),
        (Verdict.BAD_ADDRESS, Refusal.BAD_ADDRESS, True),
        (Verdict.ALARM, Refusal.REFUSES_US, False),
        (Verdict.UNAUTHORISED, Refusal.UNAUTHORISED, False),
        (Verdict.FAILED, Refusal.ANSWERED_FAILURE, False),
    ],
)
def test_a_verdict_refuses(verdict: Verdict, reason: Refusal, permanent: bool) -> None:
    outcome = conclude(Reading(verdict, "d"), name="n", now=NOW)
    assert isinstance(outcome, MessageRefused)
    assert (outcome.reason, outcome.permanent, outcome.detail) == (reason, permanent, "d")


def test_a_repeat_that_the_vendor_refuses_was_accepted_before() -> None:
    assert conclude(Reading(Verdict.DUPLICATE), name="n", now=NOW) == MessageAccepted("n")
    assert conclude(Reading(Verdict.UNKNOWN, "?"), name="n", now=NOW) == OutcomeUnknown("?")


def test_the_limit_of_a_day_waits_until_the_vendors_next_day() -> None:
    outcome = conclude(Reading(Verdict.NEXT_DAY), name="n", now=NOW)
    assert isinstance(outcome, MessageRefused)
    assert outcome.retry_after == measure_until_tomorrow(NOW) == timedelta(hours=4, minutes=10)


def test_codes_are_compared_whole_and_in_any_case() -> None:
    table = CodeTable({Verdict.ALARM: "a.* b", Verdict.PERMANENT: "bb"})
    found = [table.find(code) for code in ("A.x", "b", "bb", "xb")]
    assert found == [Verdict.ALARM, Verdict.ALARM, Verdict.PERMANENT, None]


@pytest.mark.parametrize("signature", ["v3", "v1"])
def test_aliyun_is_asked_for_a_number_on_its_day_in_china(signature: str) -> None:
    sent = AcceptedMessage("b1", "138 0000 0000", datetime(2023, 11, 14, 16, 0, tzinfo=UTC))
    vendor = make_vendor("aliyun", signature=signature)
    request = vendor.build_receipt_request(sent, VendorCall(NOW, "n"))
    content = request.body.decode() if signature == "v1" else urlsplit(request.url).query
    asked = {name: values[0] for name, values in parse_qs(content).items()}
    action = asked.get("Action") or request.headers["x-acs-action"]
    assert action == "QuerySendDetails"
    wanted = {"PhoneNumber": "13800000000", "SendDate": "20231115", "BizId": "b1"}
    assert asked.items() >= wanted.items()
