"""A group robot of DingTalk (钉钉).

Sources: dromara/SMS4J (DingTalkBuilder), client code with recorded answers, and the issues about
"sign not match": the signature is escaped once.
"""

from datetime import timedelta
from typing import Any, ClassVar, Literal
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
    cut_bytes,
    encode_json,
    find_mobile,
    join_text,
    sign_base64,
)
from services.notifier.gateways.vendors.bodies import read_object, read_unclear
from shared.schemas.rules import Channel

_LONGEST = 18_000  # bytes of a text; 20,000 of the whole body
_BLOCKED = timedelta(minutes=10)
"""A robot that sent more than 20 messages in a minute is blocked for up to ten."""


class DingtalkRobot(HttpVendor):
    """A DingTalk robot. `secret` is that of 加签; a robot with a keyword alone has none."""

    CODES: ClassVar = CodeTable(
        {
            Verdict.THROTTLED: "130101 410100",
            Verdict.NEXT_DAY: "90030",
            Verdict.TRANSIENT: "-1",
            Verdict.UNAUTHORISED: "310000 300001 300005 400101",
            Verdict.PERMANENT: "400106 40035 43004 400105 400402",
            Verdict.ALARM: "400013 400102",
        }
    )
    LIMITS: ClassVar = Limits(total=(parse_rate("20/min"),))

    vendor: Literal["dingtalk-robot"]
    channel: Channel = Channel.DINGTALK
    spread: int = Field(default=10, ge=0, le=50)
    url: HttpUrl = "https://oapi.dingtalk.com/robot/send"
    access_token: Secret
    secret: Secret | None = None

    @override
    def build_request(self, message: Message, call: VendorCall) -> VendorRequest:
        """JSON; token, time in milliseconds and signature are in the address."""
        query = {"access_token": self.access_token.get_secret_value()}
        if self.secret:
            stamp = str(int(call.now.timestamp() * 1000))
            query |= {"timestamp": stamp, "sign": sign(self.secret.get_secret_value(), stamp)}
        text = {"content": cut_bytes(join_text(message), _LONGEST)}
        body: dict[str, Any] = {"msgtype": "text", "text": text}
        if mobile := find_mobile(message.address):
            body["at"] = {"atMobiles": [mobile], "isAtAll": False}
        return VendorRequest(
            f"{self.url}?{urlencode(query)}",
            encode_json(body),
            {"content-type": "application/json; charset=utf-8"},
        )

    @override
    def read_answer(self, answer: VendorAnswer, message: Message) -> Reading:
        """The status is 200 also for errors. An answer about too many messages has other fields."""
        del message
        fields = read_object(answer)
        if fields is not None and "punish" in fields:
            return Reading(Verdict.THROTTLED, f"punish: {fields['punish']}", wait=_BLOCKED)
        if fields is None or "errcode" not in fields:
            return read_unclear(answer)
        if str(fields["errcode"]) == "0":
            return Reading(Verdict.ACCEPTED)
        reading = self.judge_code(fields["errcode"], fields.get("errmsg", ""))
        if reading.verdict is Verdict.THROTTLED:
            return Reading(reading.verdict, reading.detail, wait=_BLOCKED)
        return reading


def sign(secret: str, stamp: str) -> str:
    """The signature 加签: the secret is the key, and is in the text too."""
    return sign_base64(secret, f"{stamp}\n{secret}")
