"""What an HTTP gateway's answer means: bodies in the shape of the platforms' own."""

import json

import pytest

from services.notifier.domain.http_answers import Words, judge_answer
from services.notifier.domain.message import (
    Blame,
    MessageAccepted,
    MessageRefused,
    OutcomeUnknown,
    Refusal,
)
from services.notifier.domain.vocabulary import normalise
from services.notifier.settings import NotifierSettings

DEFAULT = NotifierSettings.model_fields["sms_success"].default
WORDS = Words(frozenset(map(normalise, DEFAULT)))
MESSAGE, RATE, GATEWAY, SUSPECTED = Blame.MESSAGE, Blame.RATE, Blame.GATEWAY, Blame.SUSPECTED


def judge(body, status=200, words=WORDS):
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return judge_answer(status, raw, "name", words)


def tencent(code: str) -> dict:
    return {"Response": {"SendStatusSet": [{"SerialNo": "s1", "Code": code}], "RequestId": "r"}}


def tencent_error(code: str) -> dict:
    return {"Response": {"Error": {"Code": code, "Message": "why"}, "RequestId": "r"}}


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"", "name"),
        (b" \r\n", "name"),
        (b"ok", "name"),
        (b"OK\n", "name"),
        (b"0", "name"),
        (b"true", "name"),
        ({}, "name"),
        ([], "name"),
        ({"id": 5}, "5"),
        ({"code": None, "id": "1"}, "1"),
        ({"success": None, "id": "1"}, "1"),
        ({"code": 0.0}, "name"),
        ({"code": " 0 "}, "name"),
        ({"code": "0000", "id": "1"}, "1"),
        ({"code": 201}, "name"),
        ({"status": "queued", "id": "1", "error_code": None}, "1"),
        ({"status": "Accepted", "errors": []}, "name"),
        ({"code": 0, "error": None, "data": {"messageId": "m"}}, "m"),
        ({"code": 200, "result": 1}, "name"),
        ({"success": "true", "rspcod": "success", "msgGroup": "g1"}, "g1"),
        ({"success": True, "rspcod": "success", "mgsGroup": "g1"}, "g1"),
        ({"Code": "OK", "Message": "OK", "BizId": "b^0", "RequestId": "r"}, "b^0"),
        (tencent("Ok"), "s1"),
        (
            {"code": "000000", "result": [{"smsMsgId": "h1", "status": "000000"}]},
            "h1",
        ),
        ({"errcode": 0, "errmsg": "ok"}, "name"),
        ({"StatusCode": 0, "code": 0, "msg": "success"}, "name"),
    ],
)
def test_it_is_accepted(body: object, name: str) -> None:
    assert judge(body) == MessageAccepted(name)


@pytest.mark.parametrize(
    ("body", "blame", "permanent"),
    [
        # 云MAS
        ({"success": False, "rspcod": "IllegalMac"}, SUSPECTED, False),
        ({"success": "false", "rspcod": "NOT_WHITE_IP"}, SUSPECTED, False),
        ({"success": False, "rspcod": "InvalidUsrOrPwd"}, SUSPECTED, False),
        ({"success": False, "rspcod": "InvalidMobile"}, MESSAGE, True),
        ({"success": False, "rspcod": "NobodyKnows"}, MESSAGE, False),
        # Aliyun
        ({"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发分钟级流控"}, RATE, False),
        ({"Code": "Throttling.User", "Message": "Request was denied"}, RATE, False),
        ({"Code": "isp.SYSTEM_ERROR", "Message": "系统错误"}, RATE, False),
        ({"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "号码非法"}, MESSAGE, True),
        ({"Code": "isv.SMS_SIGNATURE_ILLEGAL", "Message": "签名不合法"}, SUSPECTED, False),
        ({"Code": "isv.AMOUNT_NOT_ENOUGH", "Message": "余额不足"}, SUSPECTED, False),
        ({"Code": "SignatureDoesNotMatch"}, SUSPECTED, False),
        # Tencent
        (tencent("LimitExceeded.PhoneNumberDailyLimit"), RATE, False),
        (tencent("FailedOperation.PhoneNumberInBlacklist"), MESSAGE, True),
        (tencent("FailedOperation.ContainSensitiveWord"), MESSAGE, True),
        (tencent("FailedOperation.InsufficientBalanceInSmsPackage"), SUSPECTED, False),
        (tencent_error("RequestLimitExceeded"), RATE, False),
        (tencent_error("AuthFailure.SignatureFailure"), SUSPECTED, False),
        (tencent_error("InternalError.Timeout"), RATE, False),
        # Huawei
        ({"code": "E000000", "description": "System error"}, RATE, False),
        ({"code": "E000110", "description": "clock"}, SUSPECTED, False),
        # robots
        ({"errcode": 130101, "errmsg": "send too fast"}, RATE, False),
        ({"errcode": 310000, "errmsg": "sign not match"}, SUSPECTED, False),
        ({"errcode": 45009, "errmsg": "api freq out of limit"}, RATE, False),
        ({"code": 11232, "msg": "too many request"}, RATE, False),
        ({"code": 19022, "msg": "Ip Not Allowed"}, SUSPECTED, False),
        ({"status": 1111, "wait": 5, "punish": "deny"}, MESSAGE, False),
        # words where the code is the platform's own
        ({"code": 1007, "msg": "发送频率超限"}, RATE, False),
        ({"code": 1008, "msg": "账户余额不足"}, SUSPECTED, False),
        ({"code": 1009, "msg": "号码已退订"}, MESSAGE, True),
        ({"code": 17}, MESSAGE, False),
        ({"code": 200, "success": False}, MESSAGE, False),
        ({"error": "rate limit exceeded"}, RATE, False),
    ],
)
def test_it_is_refused_and_tells_whose_fault_it_is(
    body: object, blame: Blame, permanent: bool
) -> None:
    found = judge(body)
    assert isinstance(found, MessageRefused)
    assert (found.blame, found.permanent) == (blame, permanent)


@pytest.mark.parametrize(
    "body",
    [
        b'{"code":0,"id":"1',
        '{"code":0,"msg":"成功"}'.encode("gbk"),
        b"<?xml version='1.0'?><response><code>0</code></response>",
        b"<html><title>login</title></html>",
        b"ERROR:14",
        b"1,202312260901",
        b"null",
        b'"what"',
        b"[1, 2]",
        b"[" * 60_000,
        {"error": {"code": "X-17", "detail": {"at": "gate"}}},
        {"code": 0, "error": {"message": "queue gone"}},
        {"errors": [{"field": "to"}]},
        {"status": "perhaps"},
        {"success": {"count": 1}},
        tencent_error("SomethingNew"),
    ],
    ids=range(16),
)
def test_what_is_not_understood_is_neither_success_nor_refusal(body: object) -> None:
    assert isinstance(judge(body), OutcomeUnknown)


@pytest.mark.parametrize("status", [500, 502, 504, 507, 520, 524, 302, 303, 409])
def test_a_status_that_may_come_after_the_gateway_took_it_is_unknown(status: int) -> None:
    assert judge(b"", status) == OutcomeUnknown(f"HTTP {status}")
    assert isinstance(judge({"code": 0}, status), OutcomeUnknown)


@pytest.mark.parametrize(
    ("status", "body", "reason", "blame"),
    [
        (400, b"", Refusal.REJECTED, MESSAGE),
        (422, {"error": {"what": "to"}}, Refusal.REJECTED, MESSAGE),
        (400, {"Code": "Throttling.User"}, Refusal.BUSY, RATE),
        (400, {"code": "E000000"}, Refusal.BUSY, RATE),
        (400, {"Code": "isv.SMS_TEMPLATE_ILLEGAL"}, Refusal.REFUSES_US, SUSPECTED),
        (401, b"", Refusal.UNAUTHORISED, GATEWAY),
        (403, b"", Refusal.FORBIDDEN, SUSPECTED),
        (403, {"code": 403, "message": "bad signature"}, Refusal.FORBIDDEN, SUSPECTED),
        (403, {"code": 403, "message": "号码已退订"}, Refusal.REJECTED, MESSAGE),
        (404, b"<html>", Refusal.REFUSES_US, SUSPECTED),
        (308, b"", Refusal.REFUSES_US, SUSPECTED),
        (410, b"", Refusal.GONE, SUSPECTED),
        (408, b"", Refusal.BUSY, RATE),
        (429, b"", Refusal.BUSY, RATE),
        (503, b"", Refusal.BUSY, RATE),
    ],
)
def test_a_status_tells_whose_fault_it_is(
    status: int, body: object, reason: Refusal, blame: Blame
) -> None:
    found = judge(body, status)
    assert isinstance(found, MessageRefused)
    assert (found.reason, found.blame) == (reason, blame)
    assert found.permanent is (reason is Refusal.REJECTED)


def test_the_words_of_one_gateway_beat_the_usual_ones() -> None:
    words = Words(frozenset({"1"}), frozenset({"7", "illegalmac"}))
    assert judge({"code": 1}, words=words) == MessageAccepted("name")
    assert judge({"code": 0}, words=words) == MessageRefused(
        Refusal.ANSWERED_FAILURE, permanent=False, detail="code: 0"
    )
    for body in ({"code": "07"}, {"success": False, "rspcod": "IllegalMac"}):
        found = judge(body, words=words)
        assert isinstance(found, MessageRefused)
        assert (found.reason, found.permanent) == (Refusal.ANSWERED_FAILURE, True)
