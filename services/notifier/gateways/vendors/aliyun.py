"""Aliyun SMS: SendSms and QuerySendDetails of version 2017-05-25.

Sources: help.aliyun.com, the pages on SendSms, QuerySendDetails, error codes and receipts (2593177,
159972, 44335); overtrue/easy-sms (AliyunGateway).
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from services.notifier.domain.limits import Limits, parse_rate
from services.notifier.domain.message import Message
from services.notifier.domain.retry import WhenUnknown
from services.notifier.domain.verdicts import CodeTable, Reading, Verdict
from services.notifier.gateways.exchange import (
    AcceptedMessage,
    Receipt,
    TextReply,
    VendorAnswer,
    VendorCall,
    VendorRequest,
)
from services.notifier.gateways.vendors.aliyun_signing import AliyunDoor, build_signed_request
from services.notifier.gateways.vendors.base import (
    HttpUrl,
    Secret,
    Text,
    encode_json,
    find_mobile,
    get_mobile,
)
from services.notifier.gateways.vendors.bodies import (
    get_objects,
    parse_json,
    read_object,
    read_unclear,
)
from services.notifier.gateways.vendors.parameters import Parameters, TemplateVendor
from services.notifier.gateways.vendors.pulling import CHINA, PullingVendor
from services.notifier.gateways.vendors.replies import ReplyingVendor

_GONE = ("INVALID_NUMBER", "MOBILE_NOT_ON_SERVICE", "MOBILE_IN_BLACK", "USER_REJECT")
"""Codes of receipts after which Aliyun asks not to send to the number again."""
_FAILED, _DELIVERED = "2", "3"
"""`SendStatus` of QuerySendDetails; 1 is in flight."""


class Aliyun(TemplateVendor, ReplyingVendor, PullingVendor):
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
        """SendSms. `OutId` comes back in receipts."""
        values = {name: self.fill(each, message) for name, each in self.parameters.items()}
        fields = {
            "PhoneNumbers": get_mobile(message),
            "SignName": self.sign_name,
            "TemplateCode": self.template,
            "TemplateParam": encode_json(values).decode(),
            "OutId": str(message.notification_id),
        }
        return build_signed_request(self._get_door(), "SendSms", fields, call)

    def _get_door(self) -> AliyunDoor:
        secret = self.access_key_secret.get_secret_value()
        return AliyunDoor(self.url, self.access_key_id, secret, self.region, self.signature)

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
    def build_receipt_request(self, sent: AcceptedMessage, call: VendorCall) -> VendorRequest:
        """QuerySendDetails: of one number, one day in China and one `BizId`."""
        fields = {
            "PhoneNumber": find_mobile(sent.address),
            "BizId": sent.message_id,
            "SendDate": sent.sent_at.astimezone(CHINA).strftime("%Y%m%d"),
            "PageSize": "10",
            "CurrentPage": "1",
        }
        return build_signed_request(self._get_door(), "QuerySendDetails", fields, call)

    @override
    def read_receipt_answer(
        self, answer: VendorAnswer, sent: AcceptedMessage
    ) -> Receipt | Reading | None:
        """A list of what was sent to the number under the `BizId`."""
        fields = read_object(answer)
        if fields is None or not (code := fields.get("Code")):
            return read_unclear(answer)
        if code != "OK":
            return self.judge_code(code, fields.get("Message", ""))
        details = fields.get("SmsSendDetailDTOs")
        listed = details.get("SmsSendDetailDTO") if isinstance(details, dict) else None
        for each in get_objects(listed):
            status = str(each.get("SendStatus"))
            if status in {_FAILED, _DELIVERED}:
                error = str(each.get("ErrCode") or "")
                return Receipt(sent.message_id, sent.address, status == _DELIVERED, error)
        return None

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
