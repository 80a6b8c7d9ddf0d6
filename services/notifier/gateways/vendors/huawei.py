"""Huawei Cloud SMS: batchSendSms, with a WSSE header.

Sources: support.huaweicloud.com, the pages on batchSendSms and status reports; dromara/SMS4J
(HuaweiBuilder) and overtrue/easy-sms (HuaweiGateway). These two differ in the digest: the raw bytes
or their hexadecimal text in base64; that is a setting here.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from typing import ClassVar, Literal
from urllib.parse import parse_qs, urlencode

from pydantic import Field
from typing_extensions import override

from services.notifier.domain.limits import Limits, parse_rate
from services.notifier.domain.message import Message
from services.notifier.domain.retry import WhenUnknown
from services.notifier.domain.verdicts import CodeTable, Reading, Verdict
from services.notifier.gateways.exchange import Receipt, VendorAnswer, VendorCall, VendorRequest
from services.notifier.gateways.vendors.base import (
    HttpUrl,
    Secret,
    Text,
    encode_json,
    get_mobile,
)
from services.notifier.gateways.vendors.bodies import get_objects, read_object, read_unclear
from services.notifier.gateways.vendors.parameters import Template, TemplateVendor

_AUTHORIZATION = 'WSSE realm="SDP",profile="UsernameToken",type="Appkey"'
_WAITING = {"ACCEPTD", "UNKNOWN"}


class Huawei(TemplateVendor):
    """Huawei Cloud SMS.

    Attributes:
        url: the access address of the application.
        sender: the number of the channel.
        signature: the signature's text, for a channel that needs one.
        status_callback: where reports are pushed; empty where the application's setting counts.
    """

    CODES: ClassVar = CodeTable(
        {
            Verdict.TRANSIENT: "E000000 E000503",
            Verdict.UNAUTHORISED: "E000101 E000102 E000103 E000104 E000105 E000106 E000110",
            Verdict.THROTTLED: "E000040 E200030 E200031",
            Verdict.BAD_ADDRESS: "E200028",
            Verdict.PERMANENT: "E200015 E200033",
            Verdict.ALARM: "E000112 E000510 E000620 E000623 E000629 E200029 E200040",
        }
    )
    LIMITS: ClassVar = Limits(
        number=(parse_rate("15/min"), parse_rate("50/24h")),
        same_text=(parse_rate("2/59s"), parse_rate("5/59min")),
    )

    vendor: Literal["huawei"]
    when_unknown: WhenUnknown = WhenUnknown.HOLD
    url: HttpUrl
    app_key: Text
    app_secret: Secret
    sender: Text
    template: Text
    parameters: tuple[Template, ...] = Field(default=("{text}",), max_length=20)
    signature: str = ""
    status_callback: str = ""
    digest: Literal["raw", "hex"] = "raw"

    @override
    def list_parameters(self) -> Sequence[str]:
        """Those of the template."""
        return self.parameters

    @override
    def build_request(self, message: Message, call: VendorCall) -> VendorRequest:
        """A form; `extend` comes back in reports."""
        form = {
            "from": self.sender,
            "to": f"+86{get_mobile(message)}",
            "templateId": self.template,
            "templateParas": encode_json(
                [self.fill(each, message) for each in self.parameters]
            ).decode(),
            "extend": str(message.notification_id),
        }
        optional = {"statusCallback": self.status_callback, "signature": self.signature}
        form |= {name: value for name, value in optional.items() if value}
        created = call.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        digest = make_digest(
            self.app_secret.get_secret_value(), call.nonce, created, as_hex=self.digest == "hex"
        )
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "authorization": _AUTHORIZATION,
            "x-wsse": f'UsernameToken Username="{self.app_key}",PasswordDigest="{digest}",'
            f'Nonce="{call.nonce}",Created="{created}"',
        }
        return VendorRequest(
            f"{self.url.rstrip('/')}/sms/batchSendSms/v1",
            urlencode(form, errors="replace").encode(),
            headers,
        )

    @override
    def read_answer(self, answer: VendorAnswer, message: Message) -> Reading:
        """`000000` accepts the request, and `result` has a status for each number."""
        fields = read_object(answer)
        if fields is None or not (code := fields.get("code")):
            return read_unclear(answer)
        mobile = get_mobile(message)
        for each in get_objects(fields.get("result")):
            if str(each.get("originTo", "")).endswith(mobile):
                if each.get("status") == "000000":
                    return Reading(Verdict.ACCEPTED, message_id=str(each.get("smsMsgId") or ""))
                return self.judge_code(each.get("status"), fields.get("description", ""))
        if code == "000000":
            return read_unclear(answer)
        return self.judge_code(code, fields.get("description", ""))

    @override
    def read_receipts(self, body: bytes) -> list[Receipt]:
        """A form."""
        form = {
            name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()
        }
        message_id, status = form.get("smsMsgId"), form.get("status", "")
        if not message_id:
            return []
        delivered = None if status in _WAITING else status == "DELIVRD"
        return [Receipt(message_id, form.get("to", ""), delivered, status)]


def make_digest(secret: str, nonce: str, created: str, *, as_hex: bool = False) -> str:
    """PasswordDigest: base64 of SHA-256 over nonce, time and secret."""
    digest = hashlib.sha256(f"{nonce}{created}{secret}".encode())
    return b64encode(digest.hexdigest().encode() if as_hex else digest.digest()).decode()
