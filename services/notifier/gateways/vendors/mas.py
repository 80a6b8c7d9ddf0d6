"""China Mobile 云MAS: short messages as base64 of JSON, with an MD5 over the fields.

Sources: the clients dromara/SMS4J (MasUtils) and overtrue/easy-sms (YidongmasblackGateway). They
differ in three points, which are settings here: the address, whether `secretKey` is in the body,
and the content type.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

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
    remove_signature,
)
from services.notifier.gateways.vendors.bodies import get_objects, read_object, read_unclear
from services.notifier.gateways.vendors.parameters import Template, TemplateVendor
from services.notifier.gateways.vendors.pushes import decode_push
from services.notifier.gateways.vendors.replies import ReplyingVendor, name_reply

_OF_REPLY = ("mobile", "smsContent", "sendTime", "addSerial")


class Mas(TemplateVendor, ReplyingVendor):
    """云MAS.

    Attributes:
        url: of the contract, such as `https://…/sms/norsubmit`, with a template `…/sms/tmpsubmit`.
        sign: the code of the signature, not its text.
        template: the id of a template; without it the text is sent as it is.
        keep_signature: whether 【…】 is left in the text, for a contract that does not add it.
    """

    CODES: ClassVar = CodeTable(
        {
            Verdict.UNAUTHORISED: "IllegalMac InvalidUsrOrPwd",
            Verdict.ALARM: "IllegalSignId NoSignId NOT_WHITE_IP TooManyMobiles",
            Verdict.BAD_ADDRESS: "InvalidMobile",
            Verdict.PERMANENT: "InvalidMessage",
        }
    )

    vendor: Literal["mas"]
    when_unknown: WhenUnknown = WhenUnknown.HOLD
    url: HttpUrl
    ec_name: Text
    ap_id: Text
    secret: Secret
    sign: Text
    add_serial: str = ""
    template: str = ""
    parameters: tuple[Template, ...] = Field(default=("{text}",), max_length=20)
    secret_in_body: bool = True
    content_type: Literal["text/plain", "application/json"] = "text/plain"
    keep_signature: bool = False

    @override
    def list_parameters(self) -> Sequence[str]:
        """Those of the template."""
        return self.parameters if self.template else ()

    @override
    def build_request(self, message: Message, call: VendorCall) -> VendorRequest:
        """Base64 of JSON."""
        del call
        text = message.content.text
        mobiles = get_mobile(message)
        fields = {"ecName": self.ec_name, "apId": self.ap_id, "mobiles": mobiles}
        if self.template:
            params = [self.fill(each, message) for each in self.parameters] or [""]
            written = json.dumps(params, ensure_ascii=False, separators=(",", ":"))
            fields |= {"templateId": self.template, "params": written}
            signed = f"{self.template}{mobiles}{written}"
        else:
            fields["content"] = text if self.keep_signature else remove_signature(text)
            signed = f"{mobiles}{fields['content']}"
        fields |= {"sign": self.sign, "addSerial": self.add_serial, "mac": self._sign(signed)}
        if self.secret_in_body:
            fields["secretKey"] = self.secret.get_secret_value()
        return VendorRequest(
            self.url, b64encode(encode_json(fields)), {"content-type": self.content_type}
        )

    def _sign(self, middle: str) -> str:
        """MD5 of the fields without separators, as the protocol has it."""
        secret = self.secret.get_secret_value()
        whole = f"{self.ec_name}{self.ap_id}{secret}{middle}{self.sign}{self.add_serial}"
        return hashlib.md5(whole.encode("utf-8", "replace")).hexdigest()  # noqa: S324 - the protocol

    @override
    def read_answer(self, answer: VendorAnswer, message: Message) -> Reading:
        """`success` is a boolean or a text, and the id is `msgGroup` or `mgsGroup`."""
        del message
        fields = read_object(answer)
        if fields is None or "success" not in fields:
            return read_unclear(answer)
        if str(fields["success"]).lower() == "true":
            message_id = fields.get("msgGroup") or fields.get("mgsGroup") or ""
            return Reading(Verdict.ACCEPTED, message_id=str(message_id))
        return self.judge_code(fields.get("rspcod", ""))

    @override
    def read_receipts(self, body: bytes) -> list[Receipt]:
        """Reports come as JSON, as base64 of JSON, or as a form, depending on the contract."""
        return [
            Receipt(
                str(each["msgGroup"]),
                str(each.get("mobile") or each.get("mobiles") or ""),
                _is_delivered(each),
                str(each.get("errorCode") or each.get("reportStatus") or ""),
            )
            for each in get_objects(decode_push(body))
            if each.get("msgGroup")
        ]

    @override
    def read_replies(self, body: bytes) -> list[TextReply]:
        """In the forms of reports: number, text and time; there is no id."""
        return [
            TextReply(
                name_reply(each.get(name) for name in _OF_REPLY),
                str(each.get("mobile") or ""),
                str(each["smsContent"]),
            )
            for each in get_objects(decode_push(body))
            if each.get("smsContent") is not None
        ]


def _is_delivered(report: dict[str, Any]) -> bool | None:
    status, code = str(report.get("reportStatus", "")), str(report.get("errorCode", ""))
    if code == "DELIVRD" and status in {"CM:0000", ""}:
        return True
    return None if status in {"CM:3000", "CM:9999"} else False
