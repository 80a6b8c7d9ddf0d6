"""云MAS."""

import hashlib
import json
from base64 import b64decode
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from typing_extensions import override

from lab.simulator.protocol import Incoming, Offered, Refusing, Reply, SimulatedVendor, is_same

_MOST_NUMBERS = 5000


class SimulatedMas(SimulatedVendor):
    """`/sms/norsubmit` and `/sms/tmpsubmit`."""

    NAME = "mas"
    CREDENTIALS: ClassVar = {
        "ec_name": "模拟单位",
        "ap_id": "simulator",
        "secret": "mas-secret",
        "sign": "SIGN01",
    }
    SECRETS: ClassVar = frozenset({"secret"})
    HAS_RECEIPTS = True

    @override
    def read(self, incoming: Incoming) -> Offered | Reply:
        try:
            fields = json.loads(b64decode(incoming.body, validate=True))
        except ValueError:
            return _fail("InvalidMessage")
        if not isinstance(fields, dict) or not incoming.path.endswith("submit"):
            return _fail("InvalidMessage")
        numbers = tuple(str(fields.get("mobiles", "")).split(","))
        if code := self._check(fields, numbers):
            return _fail(code)
        return Offered(numbers, str(fields.get("content", fields.get("params", ""))))

    def _check(self, fields: dict[str, Any], numbers: tuple[str, ...]) -> str:
        """The code of what is wrong; empty when nothing is."""
        own = (self.credentials["ec_name"], self.credentials["ap_id"])
        wrong = {
            "InvalidUsrOrPwd": (fields.get("ecName"), fields.get("apId")) != own,
            "NoSignId": not fields.get("sign"),
            "IllegalMac": not is_same(self._compute_mac(fields), str(fields.get("mac", ""))),
            "TooManyMobiles": len(numbers) > _MOST_NUMBERS,
            "InvalidMobile": not all(number.isdigit() for number in numbers),
        }
        return next((code for code, is_wrong in wrong.items() if is_wrong), "")

    def _compute_mac(self, fields: dict[str, Any]) -> str:
        names = ["ecName", "apId", "", "mobiles", "content", "sign", "addSerial"]
        if "templateId" in fields:
            names = ["ecName", "apId", "", "templateId", "mobiles", "params", "sign", "addSerial"]
        parts = [
            str(fields.get(name, "")) if name else self.credentials["secret"] for name in names
        ]
        return hashlib.md5("".join(parts).encode()).hexdigest()  # noqa: S324 - the protocol

    @override
    def accept(self, offered: Offered, message_id: str, refused: Iterable[str] = ()) -> Reply:
        return Reply.of({"msgGroup": message_id, "rspcod": "success", "success": True})

    @override
    def refuse(self, why: Refusing, offered: Offered) -> Reply:
        codes = {Refusing.BAD_NUMBER: "InvalidMobile", Refusing.FAILING: "InvalidMessage"}
        return _fail(codes.get(why, "SystemBusy"))

    @override
    def make_receipt(self, number: str, message_id: str, now: datetime) -> Reply:
        stamp = now.strftime("%Y%m%d%H%M%S")
        return Reply.of(
            {
                "msgGroup": message_id,
                "mobile": number,
                "reportStatus": "CM:0000",
                "errorCode": "DELIVRD",
                "submitDate": stamp,
                "receiveDate": stamp,
            }
        )

    @override
    def make_text_reply(self, number: str, text: str, now: datetime) -> Reply:
        stamp = now.strftime("%Y%m%d%H%M%S%f")
        return Reply.of({"mobile": number, "smsContent": text, "sendTime": stamp, "addSerial": ""})


def _fail(code: str) -> Reply:
    return Reply.of({"msgGroup": "", "rspcod": code, "success": False})
