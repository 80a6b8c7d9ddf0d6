"""An SMS gateway by Standard Webhooks."""

from base64 import b64decode
from collections.abc import Iterable
from datetime import UTC, datetime
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

_TOLERANCE = 300  # seconds


class SimulatedWebhook(SimulatedVendor):
    """Any path; a repeat of `webhook-id` is not delivered again."""

    NAME = "webhook"
    CREDENTIALS: ClassVar = {"keys": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    SECRETS: ClassVar = frozenset({"keys", "url"})
    RECOGNISES = True
    HAS_NUMBERS = False

    @override
    def read(self, incoming: Incoming) -> Offered | Reply:
        keys = str(self.credentials.get("keys") or "").replace(",", " ").split()
        if keys and not _is_signed(keys, incoming):
            return _answer(401, "bad signature", 401)
        content = incoming.read_json().get("data")
        if not isinstance(content, dict) or not content.get("to"):
            return _answer(400, "data.to is missing", 400)
        key = incoming.headers.get("webhook-id", "")
        return Offered((str(content["to"]),), str(content.get("text", "")), key)

    @override
    def accept(self, offered: Offered, message_id: str, refused: Iterable[str] = ()) -> Reply:
        return Reply.of({"code": 0, "message_id": message_id})

    @override
    def refuse(self, why: Refusing, offered: Offered) -> Reply:
        if why is Refusing.THROTTLED:
            return _answer(429, "too many")
        return _answer(5001, "not accepted")


def _is_signed(keys: list[str], incoming: Incoming) -> bool:
    headers = incoming.headers
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not name or not stamp.isdecimal():
        return False
    age = incoming.now - datetime.fromtimestamp(int(stamp[:11]), UTC)
    if abs(age.total_seconds()) > _TOLERANCE:
        return False
    text = f"{name}.{stamp}.".encode() + incoming.body
    valid = [f"v1,{compute_hmac(b64decode(key.removeprefix('whsec_')), text)}" for key in keys]
    offered = headers.get("webhook-signature", "").split()
    return any(is_same(each, other) for each in valid for other in offered)


def _answer(code: int, text: str, status: int = 200) -> Reply:
    return Reply.of({"code": code, "message": text}, status)
