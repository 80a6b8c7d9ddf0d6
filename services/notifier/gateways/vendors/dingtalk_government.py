"""Work notices of 专有钉钉, the DingTalk of governments (浙政钉 and others).

Sources: published clients of its gateway and SDK (the X-Hmac-Auth headers, `/message/
workNotification`). The vendor's own pages were not read; the codes of its answers are not known, so
texts are read for a repeat.
"""

from datetime import timedelta, timezone
from typing import ClassVar, Literal
from urllib.parse import urlencode

from pydantic import Field
from typing_extensions import override

from services.notifier.domain.limits import Limits, parse_rate
from services.notifier.domain.message import Message
from services.notifier.domain.verdicts import CodeTable, Reading, Verdict
from services.notifier.gateways.exchange import VendorAnswer, VendorCall, VendorRequest
from services.notifier.gateways.vendors.base import (
    HttpUrl,
    HttpVendor,
    Secret,
    Text,
    UnsendableError,
    cut_bytes,
    encode_json,
    join_text,
    sign_base64,
)
from services.notifier.gateways.vendors.bodies import read_object, read_unclear
from shared.schemas.rules import Channel

_PATH = "/message/workNotification"
_LONGEST = 1900  # bytes of a text; 2,048 of the whole `msg`
_CHINA = timezone(timedelta(hours=8))


class DingtalkGovernment(HttpVendor):
    """专有钉钉.

    Attributes:
        url: of the region, such as `https://openplatform.dg-work.cn`.
        users: which receiver a contact's address is; one that is not listed is the receiver's id.
    """

    CODES: ClassVar = CodeTable(
        {
            Verdict.UNAUTHORISED: "InvalidSignature* InvalidAccessKey* *Unauthorized* 401",
            Verdict.THROTTLED: "*Throttl* *RateLimit* 429",
            Verdict.TRANSIENT: "*SystemError* *ServiceUnavailable*",
        }
    )
    LIMITS: ClassVar = Limits(number=(parse_rate("100/d"),), same_text=(parse_rate("1/d"),))

    vendor: Literal["dingtalk-government"]
    channel: Channel = Channel.DINGTALK
    url: HttpUrl
    app_key: Text
    app_secret: Secret
    tenant_id: Text
    users: dict[str, str] = Field(default={}, max_length=100_000)

    @override
    def build_request(self, message: Message, call: VendorCall) -> VendorRequest:
        """A form; `bizMsgId` is the key by which a repeat is refused."""
        receiver = self.users.get(message.address, message.address)
        if not receiver or "," in receiver:
            raise UnsendableError("no receiver of 专有钉钉")
        text = {"content": cut_bytes(join_text(message), _LONGEST)}
        form = {
            "bizMsgId": str(message.notification_id),
            "msg": encode_json({"msgtype": "text", "text": text}).decode(),
            "receiverIds": receiver,
            "tenantId": self.tenant_id,
        }
        stamp = call.now.astimezone(_CHINA).isoformat(timespec="milliseconds")
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "apikey": self.app_key,
            "x-hmac-auth-timestamp": stamp,
            "x-hmac-auth-version": "1.0",
            "x-hmac-auth-nonce": call.nonce,
            "x-hmac-auth-signature": sign(
                self.app_secret.get_secret_value(), stamp, call.nonce, form
            ),
        }
        body = urlencode(form, errors="replace").encode()
        return VendorRequest(f"{self.url.rstrip('/')}{_PATH}", body, headers)

    @override
    def read_answer(self, answer: VendorAnswer, message: Message) -> Reading:
        """`success` outside and in `content`; a repeat of our own id was accepted before."""
        del message
        fields = read_object(answer)
        if fields is None or "success" not in fields:
            return read_unclear(answer)
        content = fields.get("content")
        inner = content if isinstance(content, dict) else {}
        if fields["success"] is True and inner.get("success") is not False:
            answered = inner.get("data")
            message_id = answered.get("msgId") if isinstance(answered, dict) else ""
            return Reading(Verdict.ACCEPTED, message_id=str(message_id or ""))
        code = inner.get("responseCode") or fields.get("bizErrorCode") or fields.get("errorCode")
        text = str(inner.get("responseMessage") or fields.get("errorMsg") or "")
        if "重复" in text or "duplicate" in text.lower():
            return Reading(Verdict.DUPLICATE, text)
        return self.judge_code(code, text)


def sign(secret: str, stamp: str, nonce: str, form: dict[str, str]) -> str:
    """HMAC-SHA256 in base64 over method, time, nonce, path and the sorted, unescaped form."""
    listed = "&".join(f"{name}={form[name]}" for name in sorted(form))
    return sign_base64(secret, f"POST\n{stamp}\n{nonce}\n{_PATH}\n{listed}")
