"""DingTalk: a group robot, and the work notices of 专有钉钉."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import parse_qsl

from typing_extensions import override

from lab.simulator.protocol import (
    Incoming,
    Offered,
    Refusing,
    Reply,
    SimulatedVendor,
    compute_hmac,
    is_same,
)

_HOUR = timedelta(hours=1)
_LONGEST = 20_000  # bytes of a body
_LONGEST_NOTICE = 2048  # bytes of `msg`
_CODES = {Refusing.FAILING: 400105, Refusing.THROTTLED: 130101, Refusing.BAD_NUMBER: 400105}


class SimulatedDingtalkRobot(SimulatedVendor):
    """`?access_token=…&timestamp=…&sign=…`, at any path."""

    NAME = "dingtalk-robot"
    CREDENTIALS: ClassVar = {"access_token": "simulated-token", "secret": "SECsimulated"}
    SECRETS: ClassVar = frozenset({"access_token", "secret"})
    HAS_NUMBERS = False

    @override
    def read(self, incoming: Incoming) -> Offered | Reply:
        fields = incoming.parameters
        if not is_same(self.credentials["access_token"], fields.get("access_token", "")):
            return _fail(300001, "token is not exist")
        if (secret := self.credentials.get("secret")) and not _is_signed(
            secret, fields, incoming.now
        ):
            return _fail(310000, "sign not match")
        content = incoming.read_json()
        text = content.get("text")
        if len(incoming.body) > _LONGEST or not isinstance(text, dict) or not text.get("content"):
            return _fail(400105, "unsupported message")
        at = content.get("at")
        mobiles = at.get("atMobiles") if isinstance(at, dict) else None
        return Offered(tuple(map(str, mobiles or ["group"])), str(text["content"]))

    @override
    def accept(self, offered: Offered, message_id: str, refused: Iterable[str] = ()) -> Reply:
        return _fail(0, "ok")

    @override
    def refuse(self, why: Refusing, offered: Offered) -> Reply:
        return _fail(_CODES[why], "simulated")


def _is_signed(secret: str, fields: dict[str, str], now: datetime) -> bool:
    stamp = fields.get("timestamp", "")
    if not stamp.isdecimal():
        return False
    if abs(datetime.fromtimestamp(int(stamp[:14]) / 1000, UTC) - now) > _HOUR:
        return False
    expected = compute_hmac(secret.encode(), f"{stamp}\n{secret}".encode())
    return is_same(expected, fields.get("sign", ""))


def _fail(code: int, text: str) -> Reply:
    return Reply.of({"errcode": code, "errmsg": text})


class SimulatedDingtalkGovernment(SimulatedVendor):
    """`/message/workNotification`; a repeated `bizMsgId` is refused as a duplicate."""

    NAME = "dingtalk-government"
    CREDENTIALS: ClassVar = {
        "app_key": "simulated-app",
        "app_secret": "simulated-secret",
        "tenant_id": "1",
    }
    SECRETS: ClassVar = frozenset({"app_secret"})
    RECOGNISES = True
    HAS_NUMBERS = False

    @override
    def read(self, incoming: Incoming) -> Offered | Reply:
        if not incoming.path.endswith("/message/workNotification"):
            return _answer(code="404", text="no such api", status=404)
        if not self._is_signed(incoming):
            return _answer(code="InvalidSignature", text="simulated", status=401)
        fields = incoming.parameters
        try:
            text = json.loads(fields.get("msg", ""))["text"]["content"]
        except (ValueError, KeyError, TypeError):
            return _answer(code="InvalidParameter", text="msg")
        if len(fields["msg"].encode()) > _LONGEST_NOTICE or not fields.get("receiverIds"):
            return _answer(code="InvalidParameter", text="msg or receiverIds")
        return Offered(
            tuple(fields["receiverIds"].split(",")), str(text), fields.get("bizMsgId", "")
        )

    def _is_signed(self, incoming: Incoming) -> bool:
        headers = incoming.headers
        if headers.get("apikey") != self.credentials["app_key"]:
            return False
        stamp, nonce = (headers.get(f"x-hmac-auth-{name}", "") for name in ("timestamp", "nonce"))
        try:
            instant = datetime.fromisoformat(stamp)
        except ValueError:
            return False
        if instant.tzinfo is None or abs(instant - incoming.now) > _HOUR or self.is_repeated(nonce):
            return False
        pairs = sorted(parse_qsl(incoming.body.decode("utf-8", "replace"), keep_blank_values=True))
        listed = "&".join(f"{name}={value}" for name, value in pairs)
        path = "/message/workNotification"
        text = f"{incoming.method}\n{stamp}\n{nonce}\n{path}\n{listed}"
        expected = compute_hmac(self.credentials["app_secret"].encode(), text.encode())
        return is_same(expected, headers.get("x-hmac-auth-signature", ""))

    @override
    def accept(self, offered: Offered, message_id: str, refused: Iterable[str] = ()) -> Reply:
        return _answer(code="0", text="OK", message_id=message_id)

    @override
    def refuse(self, why: Refusing, offered: Offered) -> Reply:
        code = "Throttling" if why is Refusing.THROTTLED else "InvalidParameter"
        return _answer(code=code, text="simulated")

    @override
    def refuse_repeat(self, offered: Offered, message_id: str) -> Reply:
        return _answer(code="Duplicate", text="bizMsgId 重复")


def _answer(*, code: str, text: str, status: int = 200, message_id: str = "") -> Reply:
    success = code == "0"
    content = {
        "success": success,
        "responseCode": code,
        "responseMessage": text,
        "data": {"msgId": message_id} if success else None,
    }
    return Reply.of({"success": success, "content": content, "bizErrorCode": code}, status)
