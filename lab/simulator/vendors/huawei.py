"""Huawei Cloud SMS."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import urlencode

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

_TOLERANCE = timedelta(minutes=10)


class SimulatedHuawei(SimulatedVendor):
    """`/sms/batchSendSms/v1`. Both forms of the digest are accepted: contracts differ."""

    NAME = "huawei"
    CREDENTIALS: ClassVar = {
        "app_key": "simulated-app",
        "app_secret": "simulated-secret",
        "sender": "8823",
        "template": "t1",
    }
    SECRETS: ClassVar = frozenset({"app_secret"})
    BY_NUMBER = True
    HAS_RECEIPTS = True

    @override
    def read(self, incoming: Incoming) -> Offered | Reply:
        if not incoming.path.endswith("/sms/batchSendSms/v1"):
            return _fail("E000620", 404)
        if refused := self._check_digest(incoming):
            return refused
        fields = incoming.parameters
        if not fields.get("from") or not fields.get("to") or not fields.get("templateId"):
            return _fail("E000112", 400)
        return Offered(
            tuple(fields["to"].split(",")),
            fields.get("templateParas", ""),
            fields.get("extend", ""),
            fields.get("statusCallback", ""),
        )

    def _check_digest(self, incoming: Incoming) -> Reply | None:
        if not incoming.headers.get("authorization", "").startswith('WSSE realm="SDP"'):
            return _fail("E000101", 401)
        written = dict(re.findall(r'(\w+)="([^"]*)"', incoming.headers.get("x-wsse", "")))
        if written.get("Username") != self.credentials["app_key"]:
            return _fail("E000104", 401)
        nonce, created = written.get("Nonce", ""), written.get("Created", "")
        digest = hashlib.sha256(f"{nonce}{created}{self.credentials['app_secret']}".encode())
        forms = (digest.digest(), digest.hexdigest().encode())
        offered = written.get("PasswordDigest", "")
        if not any(is_same(b64encode(form).decode(), offered) for form in forms):
            return _fail("E000105", 401)
        try:
            instant = datetime.strptime(created, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            return _fail("E000110", 401)
        if abs(instant - incoming.now) > _TOLERANCE or self.is_repeated(nonce):
            return _fail("E000110", 401)
        return None

    @override
    def accept(self, offered: Offered, message_id: str, refused: Iterable[str] = ()) -> Reply:
        refused = set(refused)
        return _answer(offered, refused, "E200028", message_id)

    @override
    def refuse(self, why: Refusing, offered: Offered) -> Reply:
        codes = {
            Refusing.FAILING: "E200033",
            Refusing.THROTTLED: "E200030",
            Refusing.BAD_NUMBER: "E200028",
        }
        return _answer(offered, set(offered.numbers), codes[why], "")

    @override
    def make_receipt(self, number: str, message_id: str, now: datetime) -> Reply:
        form = {
            "smsMsgId": message_id,
            "total": "1",
            "sequence": "1",
            "status": "DELIVRD",
            "source": "1",
            "updateTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "to": number,
        }
        return Reply(urlencode(form).encode(), content_type=FORM)


def _answer(offered: Offered, refused: set[str], code: str, message_id: str) -> Reply:
    result = [
        {
            "originTo": number,
            "createTime": "2026-01-01T00:00:00Z",
            "from": "8823",
            "smsMsgId": "" if number in refused else message_id,
            "status": code if number in refused else "000000",
        }
        for number in offered.numbers
    ]
    whole = "E200037" if refused else "000000"
    return Reply.of({"code": whole, "description": "simulated", "result": result})


def _fail(code: str, status: int) -> Reply:
    return Reply.of({"code": code, "description": f"simulated: {code}"}, status)
