"""Aliyun SMS: SendSms of version 2017-05-25, signed by V3 (ACS3) or, on older clouds, by RPC V1.

Sources: help.aliyun.com, the pages on the V3 signature, SendSms, error codes and receipts (2593177,
159972, 44335); overtrue/easy-sms (AliyunGateway).
"""

import hmac
from collections.abc import Sequence
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field
from typing_extensions import override

from services.notifier.domain.limits import Limits, parse_rate
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
    quote_strictly,
    sign_base64,
)
from services.notifier.gateways.vendors.bodies import (
    get_objects,
    parse_json,
    read_object,
    read_unclear,
)
from services.notifier.gateways.vendors.parameters import Parameters, TemplateVendor
from services.notifier.gateways.vendors.replies import ReplyingVendor

_ACTION, _VERSION = "SendSms", "2017-05-25"
_GONE = ("INVALID_NUMBER", "MOBILE_NOT_ON_SERVICE", "MOBILE_IN_BLACK", "USER_REJECT")
"""Codes of receipts after which Aliyun asks not to send to the number again."""
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


class Aliyun(TemplateVendor, ReplyingVendor):
    """Aliyun SMS.

    Attributes:
        parameters: the template's variables, each with a text such as `{unit}`.
        signature: `v1` for a private cloud that does not know V3.
    """

    CODES: ClassVar = CodeTable(
        {
            Verdict.THROTTLED: "Throttling* isv.BUSINESS_LIMIT_CONTROL",
            Verdict.NEXT_DAY: "isv.DAY_LIMIT_CONTROL isv.MONTH_LIMIT_CONTROL",
            Verdict.TRANSIENT: "isp.SYSTEM_ERROR ServiceUnavailable* InternalError",
            Verdict.BAD_ADDRESS: "isv.MOBILE_NUMBER_ILLEGAL",
            Verdict.PERMANENT: """isv.SMS_CONTENT_ILLEGAL isv.BLACK_KEY_CONTROL_LIMIT
                isv.PARAM_LENGTH_LIMIT isv.PARAM_NOT_SUPPORT_URL""",
            Verdict.UNAUTHORISED: """SignatureDoesNotMatch* IncompleteSignature*
                InvalidAccessKeyId* InvalidTimeStamp* SignatureNonceUsed*""",
            Verdict.ALARM: """isv.OUT_OF_SERVICE isv.AMOUNT_NOT_ENOUGH isv.ACCOUNT_*
                isv.SMS_SIGNATURE_ILLEGAL isv.SMS_SIGN_ILLEGAL isv.SIGN_STATE_ILLEGAL
                isv.SMS_TEMPLATE_ILLEGAL isv.TEMPLATE_MISSING_PARAMETERS isv.INVALID_PARAMETERS
                isv.INVALID_JSON_PARAM isv.DENY_IP_RANGE isp.RAM_PERMISSION_DENY
                isv.PRODUCT_UN_SUBSCRIPT isv.EXTEND_CODE_ERROR Forbidden* Missing*""",
        }
    )
    LIMITS: ClassVar = Limits(number=(parse_rate("50/24h"),))

    vendor: Literal["aliyun"]
    when_unknown: WhenUnknown = WhenUnknown.HOLD
    url: HttpUrl = "https://dysmsapi.aliyuncs.com/"
    access_key_id: Text
    access_key_secret: Secret
    sign_name: Text
    template: Text
    parameters: Parameters = Field(default={"content": "{text}"})
    region: str = "cn-hangzhou"
    signature: Literal["v3", "v1"] = "v3"
    gone: tuple[str, ...] = Field(default=_GONE, max_length=100)

    @override
    def list_parameters(self) -> Sequence[str]:
        """Those of the template."""
        return tuple(self.parameters.values())

    @override
    def build_request(self, message: Message, call: VendorCall) -> VendorRequest:
        """V3 has its parameters in the address, V1 in a form. `OutId` comes back in receipts."""
        values = {name: self.fill(each, message) for name, each in self.parameters.items()}
        fields = {
            "PhoneNumbers": get_mobile(message),
            "SignName": self.sign_name,
            "TemplateCode": self.template,
            "TemplateParam": encode_json(values).decode(),
            "OutId": str(message.notification_id),
        }
        secret = self.access_key_secret.get_secret_value()
        if self.signature == "v1":
            fields |= {
                "AccessKeyId": self.access_key_id,
                "Action": _ACTION,
                "Version": _VERSION,
                "RegionId": self.region,
                "Format": "JSON",
                "SignatureMethod": "HMAC-SHA1",
                "SignatureVersion": "1.0",
                "SignatureNonce": call.nonce,
                "Timestamp": call.now.strftime(_INSTANT),
            }
            fields["Signature"] = sign_rpc(secret, fields)
            form = {"content-type": "application/x-www-form-urlencoded"}
            return VendorRequest(self.url, make_query(fields).encode(), form)
        headers = {
            "host": urlsplit(self.url).netloc.rpartition("@")[2],
            "x-acs-action": _ACTION,
            "x-acs-content-sha256": hash_hex(b""),
            "x-acs-date": call.now.strftime(_INSTANT),
            "x-acs-signature-nonce": call.nonce,
            "x-acs-version": _VERSION,
        }
        query = make_query(fields)
        signature = sign_v3(secret, query, headers)
        headers["authorization"] = (
            f"ACS3-HMAC-SHA256 Credential={self.access_key_id},"
            f"SignedHeaders={';'.join(sorted(headers))},Signature={signature}"
        )
        return VendorRequest(f"{self.url.rstrip('/')}/?{query}", b"", headers)

    @override
    def read_answer(self, answer: VendorAnswer, message: Message) -> Reading:
        """`Code` is OK or an error, also where the status is 4xx."""
        del message
        fields = read_object(answer)
        if fields is None or not (code := fields.get("Code")):
            return read_unclear(answer)
        if code == "OK":
            return Reading(Verdict.ACCEPTED, message_id=str(fields.get("BizId") or ""))
        return self.judge_code(code, fields.get("Message", ""))

    @override
    def read_receipts(self, body: bytes) -> list[Receipt]:
        """SmsReport: a list of objects."""
        return [
            Receipt(
                str(each["biz_id"]),
                str(each.get("phone_number") or ""),
                str(each.get("success")).lower() == "true",
                str(each.get("err_code") or ""),
            )
            for each in get_objects(parse_json(body))
            if each.get("biz_id")
        ]

    @override
    def read_replies(self, body: bytes) -> list[TextReply]:
        """SmsUp: a list of objects; `sequence_id` names each."""
        return [
            TextReply(
                str(each["sequence_id"]),
                str(each.get("phone_number") or ""),
                str(each.get("content") or ""),
            )
            for each in get_objects(parse_json(body))
            if each.get("sequence_id") is not None and "content" in each
        ]


def make_query(fields: dict[str, str]) -> str:
    """The fields in the order of their names, escaped by RFC 3986."""
    return "&".join(
        f"{quote_strictly(key)}={quote_strictly(fields[key])}" for key in sorted(fields)
    )


def sign_rpc(secret: str, fields: dict[str, str]) -> str:
    """The signature V1 of a POST: HMAC-SHA1 in base64, with `&` after the key."""
    text = f"POST&{quote_strictly('/')}&{quote_strictly(make_query(fields))}"
    return sign_base64(f"{secret}&", text, "sha1")


def sign_v3(secret: str, query: str, headers: dict[str, str]) -> str:
    """The signature V3 of a POST without a body: HMAC-SHA256 in hexadecimal digits."""
    names = sorted(headers)
    listed = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    canonical = "\n".join(
        ["POST", "/", query, listed, ";".join(names), headers["x-acs-content-sha256"]]
    )
    text = f"ACS3-HMAC-SHA256\n{hash_hex(canonical.encode())}"
    return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()
