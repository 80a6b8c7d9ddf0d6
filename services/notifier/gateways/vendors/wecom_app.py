"""Messages of an application of WeCom (企业微信) to a person.

Sources: developer.work.weixin.qq.com (path/90454, 91770). A repeat within `duplicate_for` is not
delivered again: this is the one Chinese gateway that recognises it.
"""

from datetime import timedelta
from typing import ClassVar, Literal
from urllib.parse import urlencode

from pydantic import Field
from typing_extensions import override

from services.notifier.domain.limits import Limits, parse_rate
from services.notifier.domain.message import Message
from services.notifier.domain.verdicts import CodeTable, Reading, Verdict
from services.notifier.gateways.exchange import Token, VendorAnswer, VendorCall, VendorRequest
from services.notifier.gateways.vendors.base import (
    HttpUrl,
    HttpVendor,
    Secret,
    Text,
    UnsendableError,
    cut_bytes,
    encode_json,
    join_text,
    quote_strictly,
)
from services.notifier.gateways.vendors.bodies import read_object, read_unclear
from shared.schemas.rules import Channel

_LONGEST = 2048  # bytes of a text
_DAY = 86_400  # seconds; a longer life of a token is none that it has


class WecomApp(HttpVendor):
    """A WeCom application.

    Attributes:
        users: which user a contact's address is; an address that is not listed is the user's id.
        duplicate_for: seconds in which the same message is not delivered again.
    """

    CODES: ClassVar = CodeTable(
        {
            Verdict.TOKEN_ENDED: "40001 40014 42001",
            Verdict.THROTTLED: "45009 45033",
            Verdict.TRANSIENT: "-1",
            Verdict.UNAUTHORISED: "40013 41004",
            Verdict.BAD_ADDRESS: "81013 60111 40003",
            Verdict.PERMANENT: "44004 45002 40008",
            Verdict.ALARM: "60020 48001 48002 40056 301002",
        }
    )
    LIMITS: ClassVar = Limits(number=(parse_rate("30/min"), parse_rate("1000/h")))

    vendor: Literal["wecom-app"]
    channel: Channel = Channel.WECOM
    spread: int = Field(default=10, ge=0, le=50)
    url: HttpUrl = "https://qyapi.weixin.qq.com"
    corp_id: Text
    corp_secret: Secret
    agent_id: int
    users: dict[str, str] = Field(default={}, max_length=100_000)
    duplicate_for: int = Field(default=14400, ge=1, le=14400)

    @override
    def build_token_request(self, call: VendorCall) -> VendorRequest:
        """A token is valid for two hours."""
        del call
        query = urlencode(
            {"corpid": self.corp_id, "corpsecret": self.corp_secret.get_secret_value()}
        )
        return VendorRequest(f"{self.url.rstrip('/')}/cgi-bin/gettoken?{query}", method="GET")

    @override
    def read_token(self, answer: VendorAnswer) -> Token | Reading:
        """`access_token` and `expires_in` in seconds."""
        fields = read_object(answer)
        if fields is None or "errcode" not in fields:
            return read_unclear(answer)
        token, seconds = fields.get("access_token"), fields.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int) or not 0 < seconds <= _DAY:
            reading = self.judge_code(fields["errcode"], fields.get("errmsg", ""))
            ended = reading.verdict in {Verdict.TOKEN_ENDED, Verdict.FAILED}
            return Reading(Verdict.UNAUTHORISED, reading.detail) if ended else reading
        return Token(token, timedelta(seconds=seconds))

    @override
    def build_request(self, message: Message, call: VendorCall) -> VendorRequest:
        """JSON with a check of repeats."""
        user = self.users.get(message.address, message.address)
        if not user or "|" in user or user == "@all":
            raise UnsendableError("no user of WeCom")
        body = {
            "touser": user,
            "msgtype": "text",
            "agentid": self.agent_id,
            "text": {"content": cut_bytes(join_text(message), _LONGEST)},
            "enable_duplicate_check": 1,
            "duplicate_check_interval": self.duplicate_for,
        }
        token = quote_strictly(call.token)
        return VendorRequest(
            f"{self.url.rstrip('/')}/cgi-bin/message/send?access_token={token}",
            encode_json(body),
            {"content-type": "application/json"},
        )

    @override
    def read_answer(self, answer: VendorAnswer, message: Message) -> Reading:
        """`errcode` 0 can still list our user as invalid."""
        fields = read_object(answer)
        if fields is None or "errcode" not in fields:
            return read_unclear(answer)
        if str(fields["errcode"]) != "0":
            return self.judge_code(fields["errcode"], fields.get("errmsg", ""))
        user = self.users.get(message.address, message.address).lower()
        for name in ("invaliduser", "unlicenseduser"):
            if user in str(fields.get(name) or "").lower().split("|"):
                return Reading(Verdict.BAD_ADDRESS, name)
        return Reading(Verdict.ACCEPTED, message_id=str(fields.get("msgid") or ""))
