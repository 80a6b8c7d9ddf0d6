"""Tencent Cloud SMS: SendSms of version 2021-01-11, signed by TC3-HMAC-SHA256.

Sources: cloud.tencent.com, the pages on the signature V3, SendSms, error codes and callbacks
(382/38778, 382/40536, 409/55981, 382/40659); overtrue/easy-sms (QcloudGateway).
"""

import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field
from typing_extensions import override

from services.notifier.domain.message import Message
from services.notifier.domain.retry import WhenUnknown
from services.notifier.domain.verdicts import CodeTable, Reading, Verdict
from services.notifier.gateways.exchange import (
    Receipt,
    TextReply,
    VendorAnswer,
    VendorCall,
    VendorRequest,
)
from services.notifier.gateways.vendors.base import (
    HttpUrl,
    Secret,
    Text,
    encode_json,
    get_mobile,
    hash_hex,
)
from services.notifier.gateways.vendors.bodies import (
    get_objects,
    parse_json,
    read_object,
    read_unclear,
)
from services.notifier.gateways.vendors.parameters import Template, TemplateVendor
from services.notifier.gateways.vendors.replies import ReplyingVendor, name_reply

_JSON = "application/json; charset=utf-8"
_SERVICE = "sms"

_OF_REPLY = ("nationcode", "mobile", "text", "time", "extend")


class Tencent(TemplateVendor, ReplyingVendor):
    """Tencent Cloud SMS. `parameters`: the template's variables by position."""

    CODES: ClassVar = CodeTable(
        {
            Verdict.THROTTLED: """RequestLimitExceeded* LimitExceeded.DeliveryFrequencyLimit
                LimitExceeded.PhoneNumberThirtySecondLimit
                LimitExceeded.PhoneNumberOneHourLimit""",
            Verdict.NEXT_DAY: """LimitExceeded.PhoneNumberDailyLimit
                LimitExceeded.PhoneNumberSameContentDailyLimit LimitExceeded.AppDailyLimit""",
            Verdict.TRANSIENT: "InternalError*",
            Verdict.BAD_ADDRESS: "InvalidParameterValue.IncorrectPhoneNumber",
            Verdict.PERMANENT: """FailedOperation.ContainSensitiveWord
                FailedOperation.PhoneNumberInBlacklist FailedOperation.PhoneNumberOnBlacklist""",
            Verdict.UNAUTHORISED: "AuthFailure*",
            Verdict.ALARM: """FailedOperation.InsufficientBalanceInSmsPackage
                FailedOperation.SignatureIncorrectOrUnapproved
                FailedOperation.TemplateIncorrectOrUnapproved UnauthorizedOperation*
                InvalidParameterValue.SdkAppIdNotExist MissingParameter*
                InvalidParameterValue.TemplateParameter* LimitExceeded.PhoneNumberCountLimit""",
        }
    )

    vendor: Literal["tencent"]
    when_unknown: WhenUnknown = WhenUnknown.HOLD
    url: HttpUrl = "https://sms.tencentcloudapi.com/"
    secret_id: Text
    secret_key: Secret
    sdk_app_id: Text
    sign_name: Text
    template: Text
    parameters: tuple[Template, ...] = Field(default=("{text}",), max_length=20)
    region: str = "ap-guangzhou"

    @override
    def list_parameters(self) -> Sequence[str]:
        """Those of the template."""
        return self.parameters

    @override
    def build_request(self, message: Message, call: VendorCall) -> VendorRequest:
        """`SessionContext` comes back in the answer; it is no key against repeats."""
        body = encode_json(
            {
                "PhoneNumberSet": [f"+86{get_mobile(message)}"],
                "SmsSdkAppId": self.sdk_app_id,
                "SignName": self.sign_name,
                "TemplateId": self.template,
                "TemplateParamSet": [self.fill(each, message) for each in self.parameters],
                "SessionContext": str(message.notification_id),
            }
        )
        host = urlsplit(self.url).netloc.rpartition("@")[2]
        day = call.now.astimezone(UTC)
        signature = sign_tc3(self.secret_key.get_secret_value(), body, host, day)
        scope = f"{day:%Y-%m-%d}/{_SERVICE}/tc3_request"
        headers = {
            "authorization": f"TC3-HMAC-SHA256 Credential={self.secret_id}/{scope}, "
            f"SignedHeaders=content-type;host, Signature={signature}",
            "content-type": _JSON,
            "host": host,
            "x-tc-action": "SendSms",
            "x-tc-version": "2021-01-11",
            "x-tc-region": self.region,
            "x-tc-timestamp": str(int(day.timestamp())),
        }
        return VendorRequest(f"{self.url.rstrip('/')}/", body, headers)

    @override
    def read_answer(self, answer: VendorAnswer, message: Message) -> Reading:
        """The status is 200 also for errors; of an accepted request each number has its own."""
        response = (read_object(answer) or {}).get("Response")
        if not isinstance(response, dict):
            return read_unclear(answer)
        if isinstance(error := response.get("Error"), dict):
            return self.judge_code(error.get("Code", ""), error.get("Message", ""))
        mobile = get_mobile(message)
        for each in get_objects(response.get("SendStatusSet")):
            if str(each.get("PhoneNumber", "")).endswith(mobile):
                if str(each.get("Code")).lower() == "ok":
                    return Reading(Verdict.ACCEPTED, message_id=str(each.get("SerialNo") or ""))
                return self.judge_code(each.get("Code"), each.get("Message", ""))
        return read_unclear(answer)

    @override
    def read_receipts(self, body: bytes) -> list[Receipt]:
        """A list of objects."""
        return [
            Receipt(
                str(each["sid"]),
                str(each.get("mobile") or ""),
                each.get("report_status") == "SUCCESS",
                str(each.get("errmsg") or ""),
            )
            for each in get_objects(parse_json(body))
            if each.get("sid")
        ]

    @override
    def read_replies(self, body: bytes) -> list[TextReply]:
        """One object: number, text and time; there is no id."""
        return [
            TextReply(
                name_reply(each.get(name) for name in _OF_REPLY),
                str(each.get("mobile") or ""),
                str(each["text"]),
            )
            for each in get_objects(parse_json(body))
            if "text" in each and "sid" not in each
        ]


def sign_tc3(secret: str, body: bytes, host: str, now: datetime) -> str:
    """The TC3 signature of a POST of JSON, in hexadecimal digits."""
    headers = f"content-type:{_JSON}\nhost:{host}\n"
    canonical = "\n".join(["POST", "/", "", headers, "content-type;host", hash_hex(body)])
    day = f"{now:%Y-%m-%d}"
    text = "\n".join(
        [
            "TC3-HMAC-SHA256",
            str(int(now.timestamp())),
            f"{day}/{_SERVICE}/tc3_request",
            hash_hex(canonical.encode()),
        ]
    )
    key = f"TC3{secret}".encode()
    for part in (day, _SERVICE, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()
