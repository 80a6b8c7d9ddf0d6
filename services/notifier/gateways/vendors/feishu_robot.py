"""A group robot of Feishu (飞书).

Source: open.larkoffice.com, the page on custom bots. The signature's key is what is the text at
DingTalk, its text is empty, and the time is in seconds.
"""

from base64 import b64encode
from hmac import digest
from typing import Any, ClassVar, Literal

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
    cut_bytes,
    encode_json,
    join_text,
    quote_strictly,
)
from services.notifier.gateways.vendors.bodies import read_object, read_unclear
from shared.schemas.rules import Channel

_LONGEST = 18_000  # bytes of a text; 20 KB of the whole body


class FeishuRobot(HttpVendor):
    """A Feishu robot. `token` ends its address; `secret` is that of 签名校验, if it is on."""

    CODES: ClassVar = CodeTable(
        {
            Verdict.THROTTLED: "11232",
            Verdict.UNAUTHORISED: "19021 19001",
            Verdict.ALARM: "19022 19007",
            Verdict.PERMANENT: "9499 19024",
        }
    )
    LIMITS: ClassVar = Limits(total=(parse_rate("5/s"), parse_rate("100/min")))

    vendor: Literal["feishu-robot"]
    channel: Channel = Channel.FEISHU
    spread: int = Field(default=10, ge=0, le=50)
    url: HttpUrl = "https://open.feishu.cn/open-apis/bot/v2/hook"
    token: Secret
    secret: Secret | None = None

    @override
    def build_request(self, message: Message, call: VendorCall) -> VendorRequest:
        """JSON with time and signature."""
        body: dict[str, Any] = {
            "msg_type": "text",
            "content": {"text": cut_bytes(join_text(message), _LONGEST)},
        }
        if self.secret:
            stamp = str(int(call.now.timestamp()))
            body |= {"timestamp": stamp, "sign": sign(self.secret.get_secret_value(), stamp)}
        token = quote_strictly(self.token.get_secret_value())
        headers = {"content-type": "application/json; charset=utf-8"}
        return VendorRequest(f"{self.url.rstrip('/')}/{token}", encode_json(body), headers)

    @override
    def read_answer(self, answer: VendorAnswer, message: Message) -> Reading:
        """`code` or, of older robots, `StatusCode`; 9499 is too many, or a body that is wrong."""
        del message
        fields = read_object(answer) or {}
        code = fields.get("code", fields.get("StatusCode"))
        if code is None:
            return read_unclear(answer)
        if str(code) == "0":
            return Reading(Verdict.ACCEPTED)
        text = str(fields.get("msg") or fields.get("StatusMessage") or "")
        if "too many request" in text.lower():
            return Reading(Verdict.THROTTLED, f"{code}: {text}")
        return self.judge_code(code, text)


def sign(secret: str, stamp: str) -> str:
    """The signature 签名校验."""
    return b64encode(digest(f"{stamp}\n{secret}".encode(), b"", "sha256")).decode()
