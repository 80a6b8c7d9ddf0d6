"""WeCom: a group robot, and an application that writes to a person."""

import hashlib
from collections.abc import Iterable
from typing import ClassVar

from typing_extensions import override

from lab.simulator.protocol import Incoming, Offered, Refusing, Reply, SimulatedVendor, is_same

_LONGEST = 2048  # bytes of a text
_CODES = {Refusing.FAILING: 45002, Refusing.THROTTLED: 45009, Refusing.BAD_NUMBER: 81013}


class SimulatedWecomRobot(SimulatedVendor):
    """`?key=…`, at any path."""

    NAME = "wecom-robot"
    CREDENTIALS: ClassVar = {"key": "simulated-robot"}
    SECRETS: ClassVar = frozenset({"key"})
    HAS_NUMBERS = False

    @override
    def read(self, incoming: Incoming) -> Offered | Reply:
        if not is_same(self.credentials["key"], incoming.parameters.get("key", "")):
            return _fail(93000, "invalid webhook url")
        return _read_text(incoming, ())

    @override
    def accept(self, offered: Offered, message_id: str, refused: Iterable[str] = ()) -> Reply:
        return _fail(0, "ok")

    @override
    def refuse(self, why: Refusing, offered: Offered) -> Reply:
        return _fail(_CODES[why], "simulated")


class SimulatedWecomApp(SimulatedVendor):
    """`/cgi-bin/gettoken` and `/cgi-bin/message/send`."""

    NAME = "wecom-app"
    CREDENTIALS: ClassVar = {
        "corp_id": "wwsimulated",
        "corp_secret": "simulated-secret",
        "agent_id": 1000002,
    }
    SECRETS: ClassVar = frozenset({"corp_secret"})
    BY_NUMBER = True
    RECOGNISES = True
    ended_tokens = 0
    """How many tokens were ended before their time."""

    @override
    def read(self, incoming: Incoming) -> Offered | Reply:
        fields = incoming.parameters
        if incoming.path.endswith("/cgi-bin/gettoken"):
            if fields.get("corpid") != self.credentials["corp_id"]:
                return _fail(40013, "invalid corpid")
            if not is_same(self.credentials["corp_secret"], fields.get("corpsecret", "")):
                return _fail(40001, "invalid credential")
            token = {"access_token": self._make_token(), "expires_in": 7200}
            return Reply.of({"errcode": 0, "errmsg": "ok", **token})
        if not is_same(self._make_token(), fields.get("access_token", "")):
            return _fail(40014, "invalid access_token")
        content = incoming.read_json()
        users = tuple(filter(None, str(content.get("touser") or "").split("|")))
        if not users:
            return _fail(81013, "user & party & tag all invalid")
        return _read_text(incoming, users, keyed=content.get("enable_duplicate_check") == 1)

    def _make_token(self) -> str:
        text = f"{self.credentials['corp_secret']} {self.ended_tokens}"
        return hashlib.sha256(text.encode()).hexdigest()

    @override
    def accept(self, offered: Offered, message_id: str, refused: Iterable[str] = ()) -> Reply:
        invalid = "|".join(refused)
        answer = {"errcode": 0, "errmsg": "ok", "invaliduser": invalid, "msgid": message_id}
        return Reply.of(answer)

    @override
    def refuse(self, why: Refusing, offered: Offered) -> Reply:
        return _fail(_CODES[why], "simulated")


def _read_text(
    incoming: Incoming, users: tuple[str, ...], *, keyed: bool = False
) -> Offered | Reply:
    content = incoming.read_json()
    text = content.get("text")
    if content.get("msgtype") != "text" or not isinstance(text, dict) or not text.get("content"):
        return _fail(40008, "invalid message type")
    written = str(text["content"])
    if len(written.encode()) > _LONGEST:
        return _fail(45002, "content size out of limit")
    mentioned = tuple(map(str, text.get("mentioned_mobile_list") or ()))
    key = hashlib.sha256(f"{users}{written}".encode()).hexdigest() if keyed else ""
    return Offered(users or mentioned or ("group",), written, key)


def _fail(code: int, text: str) -> Reply:
    return Reply.of({"errcode": code, "errmsg": text})
