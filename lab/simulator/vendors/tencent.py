"""Tencent Cloud SMS."""

import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar
from uuid import uuid4

from typing_extensions import override

from lab.simulator.protocol import (
    Incoming,
    Offered,
    Refusing,
    Reply,
    SimulatedVendor,
    hash_sha256,
    is_same,
)

_TOLERANCE = 300  # seconds
_MOST_NUMBERS = 200


class SimulatedTencent(SimulatedVendor):
    """SendSms at `/`."""

    NAME = "tencent"
    CREDENTIALS: ClassVar = {
        "secret_id": "AKIDsimulated",
        "secret_key": "simulated-key",
        "sdk_app_id": "1400006666",
        "sign_name": "政务公开",
        "template": "1110",
    }
    SECRETS: ClassVar = frozenset({"secret_key"})
    BY_NUMBER = True
    HAS_RECEIPTS = True

    @override
    def read(self, incoming: Incoming) -> Offered | Reply:
        if refused := self._check_signature(incoming):
            return refused
        if incoming.headers.get("x-tc-action") != "SendSms":
            return _fail("InvalidAction")
        fields = incoming.read_json()
        numbers = fields.get("PhoneNumberSet")
        if not isinstance(numbers, list) or not numbers:
            return _fail("MissingParameter")
        if len(numbers) > _MOST_NUMBERS:
            return _fail("LimitExceeded.PhoneNumberCountLimit")
        if not fields.get("SmsSdkAppId") or not fields.get("TemplateId"):
            return _fail("MissingParameter")
        texts = fields.get("TemplateParamSet") or []
        key = str(fields.get("SessionContext") or "")
        return Offered(tuple(map(str, numbers)), " ".join(map(str, texts)), key)

    def _check_signature(self, incoming: Incoming) -> Reply | None:
        headers = incoming.headers
        match = re.fullmatch(
            r"TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/(\w+)/tc3_request, ?"
            r"SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]+)",
            headers.get("authorization", ""),
        )
        stamp = headers.get("x-tc-timestamp", "")
        if match is None or not stamp.isdecimal():
            return _fail("AuthFailure.InvalidAuthorization")
        secret_id, day, service, names, signature = match.groups()
        if secret_id != self.credentials["secret_id"]:
            return _fail("AuthFailure.SecretIdNotFound")
        instant = datetime.fromtimestamp(int(stamp[:11]), UTC)
        if abs((incoming.now - instant).total_seconds()) > _TOLERANCE:
            return _fail("AuthFailure.SignatureExpire")
        signed = names.split(";")
        if not {"content-type", "host"} <= set(signed) or day != f"{instant:%Y-%m-%d}":
            return _fail("AuthFailure.SignatureFailure")
        listed = "".join(f"{name}:{headers.get(name, '').strip().lower()}\n" for name in signed)
        body_hash = hash_sha256(incoming.body)
        canonical = f"{incoming.method}\n/\n\n{listed}\n{names}\n{body_hash}"
        scope = f"{day}/{service}/tc3_request"
        text = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{hash_sha256(canonical.encode())}"
        key = b"TC3" + self.credentials["secret_key"].encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), "sha256").digest()
        expected = hmac.new(key, text.encode(), "sha256").hexdigest()
        return None if is_same(expected, signature) else _fail("AuthFailure.SignatureFailure")

    @override
    def accept(self, offered: Offered, message_id: str, refused: Iterable[str] = ()) -> Reply:
        refused = set(refused)
        return _answer(
            offered,
            {
                number: "InvalidParameterValue.IncorrectPhoneNumber" if number in refused else "Ok"
                for number in offered.numbers
            },
            message_id,
        )

    @override
    def refuse(self, why: Refusing, offered: Offered) -> Reply:
        codes = {
            Refusing.FAILING: "FailedOperation.ContainSensitiveWord",
            Refusing.THROTTLED: "LimitExceeded.PhoneNumberThirtySecondLimit",
            Refusing.BAD_NUMBER: "InvalidParameterValue.IncorrectPhoneNumber",
        }
        return _answer(offered, dict.fromkeys(offered.numbers, codes[why]), "")

    @override
    def make_receipt(self, number: str, message_id: str, now: datetime) -> Reply:
        report = {
            "user_receive_time": now.strftime("%Y-%m-%d %H:%M:%S"),
            "nationcode": "86",
            "mobile": number.removeprefix("+86"),
            "report_status": "SUCCESS",
            "errmsg": "DELIVRD",
            "description": "用户短信送达成功",
            "sid": message_id,
        }
        return Reply.of([report])

    @override
    def make_text_reply(self, number: str, text: str, now: datetime) -> Reply:
        return Reply.of(
            {
                "extend": "01",
                "mobile": number.removeprefix("+86"),
                "nationcode": "86",
                "sign": self.credentials["sign_name"],
                "text": text,
                "time": int(now.timestamp()),
            }
        )


def _answer(offered: Offered, codes: dict[str, str], message_id: str) -> Reply:
    statuses = [
        {
            "SerialNo": message_id if code == "Ok" else "",
            "PhoneNumber": number,
            "Fee": int(code == "Ok"),
            "SessionContext": offered.key,
            "Code": code,
            "Message": "send success" if code == "Ok" else "simulated",
            "IsoCode": "CN",
        }
        for number, code in codes.items()
    ]
    return Reply.of({"Response": {"SendStatusSet": statuses, "RequestId": str(uuid4())}})


def _fail(code: str) -> Reply:
    error = {"Code": code, "Message": f"simulated: {code}"}
    return Reply.of({"Response": {"Error": error, "RequestId": str(uuid4())}})
