"""Aliyun SMS, with both of its signatures."""

import hmac
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

from typing_extensions import override

from lab.simulator.protocol import (
    Incoming,
    Offered,
    Refusing,
    Reply,
    SimulatedVendor,
    compute_hmac,
    escape,
    hash_sha256,
    is_same,
)

_TOLERANCE = timedelta(minutes=15)
_MOST_NUMBERS = 1000
_REMEMBERED = 10_000
"""Messages whose receipts can be asked for."""
_DELIVERED = {"SendStatus": 3, "ErrCode": "DELIVERED"}


class SimulatedAliyun(SimulatedVendor):
    """SendSms and QuerySendDetails at `/`.

    Attributes:
        asked: the `BizId`s that the latter was asked about.
        told: what it tells of each, if not the usual.
    """

    NAME = "aliyun"
    CREDENTIALS: ClassVar = {
        "access_key_id": "simulated-id",
        "access_key_secret": "simulated-secret",
        "sign_name": "政务公开",
        "template": "SMS_1",
    }
    SECRETS: ClassVar = frozenset({"access_key_secret"})
    HAS_RECEIPTS = True

    def __init__(self, credentials: Mapping[str, Any] | None = None) -> None:
        super().__init__(credentials)
        self._accepted: dict[str, str] = {}
        self.asked: set[str] = set()
        self.told: dict[str, object] = {}

    @override
    def read(self, incoming: Incoming) -> Offered | Reply:
        authorization = incoming.headers.get("authorization", "")
        if authorization.startswith("ACS3-HMAC-SHA256 "):
            refused = self._check_v3(incoming, authorization)
            action = incoming.headers.get("x-acs-action")
        else:
            refused = self._check_v1(incoming)
            action = incoming.parameters.get("Action")
        if refused:
            return refused
        if action == "QuerySendDetails":
            return self._tell_details(incoming.parameters)
        if action != "SendSms":
            return _fail("InvalidAction.NotFound", 404)
        return _read_message(incoming.parameters)

    def _tell_details(self, fields: dict[str, str]) -> Reply:
        """What became of a message: in flight at the first question, then delivered."""
        if not re.fullmatch(r"\d{8}", fields.get("SendDate", "")):
            return _fail("isv.INVALID_PARAMETERS", 200)
        name = fields.get("BizId", "")
        usual = _DELIVERED if name in self.asked else {"SendStatus": 1}
        self.asked.add(name)
        number = self._accepted.get(name)
        details = [{"PhoneNum": number, **(self.told or usual)}] if number else []
        answer = {"Code": "OK", "Message": "OK", "RequestId": str(uuid4())}
        listed = {"SmsSendDetailDTOs": {"SmsSendDetailDTO": details}}
        return Reply.of({**answer, **listed, "TotalCount": len(details)})

    def _check_v3(self, incoming: Incoming, authorization: str) -> Reply | None:
        parts = dict(re.findall(r"(\w+)=([^,\s]+)", authorization.partition(" ")[2]))
        if parts.get("Credential") != self.credentials["access_key_id"]:
            return _fail("InvalidAccessKeyId.NotFound", 404)
        headers, names = incoming.headers, parts.get("SignedHeaders", "").split(";")
        body_hash = headers.get("x-acs-content-sha256", "")
        if not is_same(hash_sha256(incoming.body), body_hash):
            return _fail("SignatureDoesNotMatch")
        pairs = sorted((escape(name), escape(value)) for name, value in incoming.query)
        canonical = "\n".join(
            [
                incoming.method,
                "/",
                "&".join(f"{name}={value}" for name, value in pairs),
                "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in names),
                ";".join(names),
                body_hash,
            ]
        )
        text = f"ACS3-HMAC-SHA256\n{hash_sha256(canonical.encode())}"
        key = self.credentials["access_key_secret"].encode()
        expected = hmac.new(key, text.encode(), "sha256").hexdigest()
        if not is_same(expected, parts.get("Signature", "")):
            return _fail("SignatureDoesNotMatch")
        return self._check_time(
            headers.get("x-acs-date", ""), headers.get("x-acs-signature-nonce", ""), incoming.now
        )

    def _check_v1(self, incoming: Incoming) -> Reply | None:
        fields = incoming.parameters
        if "AccessKeyId" not in fields:
            return _fail("MissingAccessKeyId")
        if fields["AccessKeyId"] != self.credentials["access_key_id"]:
            return _fail("InvalidAccessKeyId.NotFound", 404)
        signature = fields.pop("Signature", "")
        query = "&".join(f"{escape(name)}={escape(fields[name])}" for name in sorted(fields))
        text = f"{incoming.method}&%2F&{escape(query)}"
        key = f"{self.credentials['access_key_secret']}&".encode()
        if not is_same(compute_hmac(key, text.encode(), "sha1"), signature):
            return _fail("SignatureDoesNotMatch")
        return self._check_time(
            fields.get("Timestamp", ""), fields.get("SignatureNonce", ""), incoming.now
        )

    def _check_time(self, written: str, nonce: str, now: datetime) -> Reply | None:
        try:
            instant = datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            return _fail("InvalidTimeStamp.Format")
        if abs(instant - now) > _TOLERANCE:
            return _fail("InvalidTimeStamp.Expired")
        if not nonce or self.is_repeated(nonce):
            return _fail("SignatureNonceUsed")
        return None

    @override
    def accept(self, offered: Offered, message_id: str, refused: Iterable[str] = ()) -> Reply:
        self._accepted[message_id] = offered.numbers[0]
        if len(self._accepted) > _REMEMBERED:
            del self._accepted[next(iter(self._accepted))]
        return Reply.of(
            {"Message": "OK", "RequestId": str(uuid4()), "Code": "OK", "BizId": message_id}
        )

    @override
    def refuse(self, why: Refusing, offered: Offered) -> Reply:
        match why:
            case Refusing.FAILING:
                return _fail("isv.SMS_CONTENT_ILLEGAL", 200)
            case Refusing.THROTTLED:
                return _fail("isv.BUSINESS_LIMIT_CONTROL", 200)
            case Refusing.BAD_NUMBER:
                return _fail("isv.MOBILE_NUMBER_ILLEGAL", 200)

    @override
    def make_receipt(self, number: str, message_id: str, now: datetime) -> Reply:
        stamp = now.strftime("%Y-%m-%d %H:%M:%S")
        report = {
            "phone_number": number,
            "send_time": stamp,
            "report_time": stamp,
            "success": True,
            "err_code": "DELIVERED",
            "err_msg": "用户接收成功",
            "sms_size": "1",
            "biz_id": message_id,
        }
        return Reply.of([report])

    @override
    def make_text_reply(self, number: str, text: str, now: datetime) -> Reply:
        reply = {
            "phone_number": number,
            "send_time": now.strftime("%Y-%m-%d %H:%M:%S"),
            "content": text,
            "sign_name": self.credentials["sign_name"],
            "dest_code": "12345",
            "sequence_id": int(now.timestamp() * 1_000_000),
        }
        return Reply.of([reply])


def _read_message(fields: dict[str, str]) -> Offered | Reply:
    numbers = tuple(filter(None, fields.get("PhoneNumbers", "").split(",")))
    if not numbers or not fields.get("SignName") or not fields.get("TemplateCode"):
        return _fail("isv.INVALID_PARAMETERS", 200)
    if len(numbers) > _MOST_NUMBERS:
        return _fail("isv.MOBILE_COUNT_OVER_LIMIT", 200)
    if not all(number.lstrip("+").isdigit() for number in numbers):
        return _fail("isv.MOBILE_NUMBER_ILLEGAL", 200)
    written = fields.get("TemplateParam", "")
    try:
        json.loads(written or "{}")
    except ValueError:
        return _fail("isv.INVALID_JSON_PARAM", 200)
    return Offered(numbers, written, fields.get("OutId", ""))


def _fail(code: str, status: int = 400) -> Reply:
    answer = {"RequestId": str(uuid4()), "Code": code, "Message": f"simulated: {code}"}
    return Reply.of(answer | {"HostId": "dysmsapi.aliyuncs.com"}, status)
