"""A group robot of WeCom (企业微信).

Sources: developer.work.weixin.qq.com (path/91770, 99398) and client code. 政务微信 has its own
host, so the address is a setting. The key in the address is the secret.
"""

from typing import ClassVar, Literal

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
    find_mobile,
    join_text,
    quote_strictly,
)
from services.notifier.gateways.vendors.bodies import read_object, read_unclear
from shared.schemas.rules import Channel

_LONGEST = 2048  # bytes of a text


class WecomRobot(HttpVendor):
    """A WeCom robot; the contact is mentioned by the mobile number."""

    CODES: ClassVar = CodeTable(
        {
            Verdict.THROTTLED: "45009 45033",
            Verdict.TRANSIENT: "-1",
            Verdict.UNAUTHORISED: "93000",
            Verdict.PERMANENT: "44004 40008 45002",
            Verdict.ALARM: "60020 48001",
        }
    )
    LIMITS: ClassVar = Limits(total=(parse_rate("20/min"),))

    vendor: Literal["wecom-robot"]
    channel: Channel = Channel.WECOM
    spread: int = Field(default=10, ge=0, le=50)
    url: HttpUrl = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
    key: Secret

    @override
    def build_request(self, message: Message, call: VendorCall) -> VendorRequest:
        """JSON; the limit counts bytes."""
        del call
        text: dict[str, object] = {"content": cut_bytes(join_text(message), _LONGEST)}
        if mobile := find_mobile(message.address):
            text["mentioned_mobile_list"] = [mobile]
        key = quote_strictly(self.key.get_secret_value())
        body = encode_json({"msgtype": "text", "text": text})
        return VendorRequest(f"{self.url}?key={key}", body, {"content-type": "application/json"})

    @override
    def read_answer(self, answer: VendorAnswer, message: Message) -> Reading:
        """The status is 200 also for errors; a robot's messages have no id and no receipts."""
        del message
        fields = read_object(answer)
        if fields is None or "errcode" not in fields:
            return read_unclear(answer)
        if str(fields["errcode"]) == "0":
            return Reading(Verdict.ACCEPTED)
        return self.judge_code(fields["errcode"], fields.get("errmsg", ""))
