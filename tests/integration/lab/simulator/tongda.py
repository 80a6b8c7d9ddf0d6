"""通达云短信, an invented vendor, by `tongda_api.md` alone: it knows no declaration."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from urllib.parse import parse_qsl

from typing_extensions import override

from lab.simulator.protocol import (
    FORM,
    Incoming,
    Offered,
    Refusing,
    Reply,
    SimulatedVendor,
    is_same,
)

KEY = "tongda-key"
_CODES = {Refusing.FAILING: 1999, Refusing.THROTTLED: 1201, Refusing.BAD_NUMBER: 1301}
_TOLERANCE = 300  # seconds


class Tongda(SimulatedVendor):
    """The vendor's side."""

    NAME = "tongda"
    CREDENTIALS: ClassVar = {"account": "gongkai", "key": KEY}
    SECRETS: ClassVar = frozenset({"key"})
    RECOGNISES = True
    HAS_RECEIPTS = True

    @override
    def read(self, incoming: Incoming) -> Offered | Reply:
        if incoming.method != "POST" or incoming.path != "/v3/message/submit":
            return Reply(b"no such page", 404, "text/plain")
        if not incoming.headers.get("content-type", "").startswith(FORM):
            return _answer(1999)
        fields = dict(parse_qsl(incoming.body.decode(), strict_parsing=True))
        account, phone, stamp = (fields.get(name, "") for name in ("account", "phone", "time"))
        if account != self.credentials["account"]:
            return _answer(1402)
        text = f"{account}{phone}{stamp}{KEY}".encode()
        signature = hashlib.md5(text).hexdigest().upper()  # noqa: S324 - as the vendor invented it
        if not is_same(signature, fields.get("sign", "")) or not _is_now(stamp, incoming.now):
            return _answer(1401)
        if not phone.isdigit():
            return _answer(1300)
        return Offered((phone,), fields.get("content", ""), fields.get("requestNo", ""))

    @override
    def accept(self, offered: Offered, message_id: str, refused: Iterable[str] = ()) -> Reply:
        return _answer(0, message_id)

    @override
    def refuse(self, why: Refusing, offered: Offered) -> Reply:
        return _answer(_CODES[why])

    @override
    def refuse_repeat(self, offered: Offered, message_id: str) -> Reply:
        return _answer(1203, message_id)

    @override
    def make_receipt(self, number: str, message_id: str, now: datetime) -> Reply:
        report = {"no": message_id, "phone": number, "stat": "0", "code": "DELIVRD"}
        return Reply.of({"reports": [report]})


def _is_now(stamp: str, now: datetime) -> bool:
    return stamp.isdigit() and abs(int(stamp) / 1000 - now.timestamp()) <= _TOLERANCE


def _answer(status: int, number: str = "") -> Reply:
    told = {"no": number} if number else {}
    return Reply.of({"resp": {"status": status, "desc": "simulated", **told}})


def sign_push(body: bytes, now: datetime) -> dict[str, str]:
    """The headers of a push of status reports."""
    stamp = str(int(now.timestamp()))
    digest = hmac.new(KEY.encode(), stamp.encode() + body, "sha256").digest()
    return {"x-td-time": stamp, "x-td-sign": b64encode(digest).decode()}
