"""A group robot of Feishu."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

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
_LONGEST = 20 * 1024  # bytes of a body


class SimulatedFeishuRobot(SimulatedVendor):
    """A path that ends with the token."""

    NAME = "feishu-robot"
    CREDENTIALS: ClassVar = {"token": "simulated-token", "secret": "simulated-secret"}
    SECRETS: ClassVar = frozenset({"token", "secret"})
    HAS_NUMBERS = False

    @override
    def read(self, incoming: Incoming) -> Offered | Reply:
        if not is_same(self.credentials["token"], incoming.path.rpartition("/")[2]):
            return _answer(19001, "param invalid: incoming webhook access token invalid")
        content = incoming.read_json()
        stamp, signature = (str(content.get(name, "")) for name in ("timestamp", "sign"))
        if (secret := self.credentials.get("secret")) and not _is_signed(
            secret, stamp, signature, incoming.now
        ):
            return _answer(19021, "sign match fail or timestamp is not within one hour")
        inner = content.get("content")
        text = inner.get("text") if isinstance(inner, dict) else None
        if content.get("msg_type") != "text" or not text or len(incoming.body) > _LONGEST:
            return _answer(9499, "Bad Request")
        return Offered(("group",), str(text))

    @override
    def accept(self, offered: Offered, message_id: str, refused: Iterable[str] = ()) -> Reply:
        return _answer(0, "success")

    @override
    def refuse(self, why: Refusing, offered: Offered) -> Reply:
        if why is Refusing.THROTTLED:
            return _answer(11232, "frequency limited psm")
        return _answer(9499, "Bad Request")


def _is_signed(secret: str, stamp: str, signature: str, now: datetime) -> bool:
    if not stamp.isdecimal() or abs(datetime.fromtimestamp(int(stamp[:11]), UTC) - now) > _HOUR:
        return False
    return is_same(compute_hmac(f"{stamp}\n{secret}".encode(), b""), signature)


def _answer(code: int, text: str) -> Reply:
    return Reply.of({"code": code, "msg": text, "data": {}})
