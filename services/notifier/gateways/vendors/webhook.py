"""An SMS gateway by Standard Webhooks 1.0.0: one signed JSON POST, with the notification's id.

Source: github.com/standard-webhooks/standard-webhooks. The id is the same in each attempt, so the
gateway recognises a repeat.
"""

import json
from datetime import datetime
from functools import lru_cache
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, SecretStr
from typing_extensions import override

from services.notifier.domain.http_answers import Words, judge_answer
from services.notifier.domain.message import Message, Outcome
from services.notifier.domain.vocabulary import SUCCESS, normalise
from services.notifier.gateways.exchange import (
    Push,
    Receipt,
    VendorAnswer,
    VendorCall,
    VendorRequest,
)
from services.notifier.gateways.http import is_http_url
from services.notifier.gateways.signing import parse_keys, sign, verify
from services.notifier.gateways.vendors.base import HttpVendor, Secret
from services.notifier.gateways.vendors.bodies import get_objects, parse_json
from shared.errors import CuibanError


def _check_keys(secret: SecretStr) -> SecretStr:
    try:
        parse_keys(secret.get_secret_value())
    except CuibanError as error:
        raise ValueError(f"密钥写作 whsec_ 加 base64。{error.hint}") from error
    return secret


def _check_secret_url(secret: SecretStr) -> SecretStr:
    if not is_http_url(secret.get_secret_value()):
        raise ValueError("须是 http:// 或 https:// 开头的地址。It is an address of HTTP or HTTPS.")
    return secret


class Webhook(HttpVendor):
    """A gateway by Standard Webhooks.

    Attributes:
        url: may contain a key, so it is a secret.
        keys: `whsec_…`; two of them while a key is rotated: both sign.
        success: values of `code`, `errcode`, `status` and the like that mean success.
        permanent: values of them that mean that no later attempt can succeed.
    """

    SIGNED: ClassVar = False
    """Only with keys."""

    vendor: Literal["webhook"]
    url: Annotated[Secret, AfterValidator(_check_secret_url)]
    keys: Annotated[Secret, AfterValidator(_check_keys)] | None = None
    concurrency: int = Field(default=32, ge=1, le=500)
    success: tuple[str, ...] = SUCCESS
    permanent: tuple[str, ...] = ()

    @override
    def build_request(self, message: Message, call: VendorCall) -> VendorRequest:
        """The timestamp is the machine's: the gateway checks it."""
        body = _build_body(message, call.now)
        stamp, name = int(call.now.timestamp()), str(message.notification_id)
        headers = {
            "content-type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(stamp),
        }
        if self.keys and (keys := _parse_keys(self.keys.get_secret_value())):
            headers["webhook-signature"] = sign(keys, name, stamp, body)
        return VendorRequest(self.url.get_secret_value(), body, headers)

    @override
    def read_answer(self, answer: VendorAnswer, message: Message) -> Outcome:
        """By the words that most platforms use: their own protocol is not known here."""
        words = _make_words(self.success, self.permanent)
        return judge_answer(answer.status, answer.body, str(message.notification_id), words)

    @override
    def is_genuine(self, push: Push) -> bool:
        """Signed as our messages are, with one of the same keys; without keys nothing is signed."""
        keys = _parse_keys(self.keys.get_secret_value()) if self.keys else ()
        return not keys or verify(keys, push.headers, push.body, push.at)

    @override
    def read_receipts(self, body: bytes) -> list[Receipt]:
        """An event whose `data` is a report, or a list of them, as `POST /v1/receipts` has it."""
        content = parse_json(body)
        reports = content.get("data", content) if isinstance(content, dict) else content
        return [
            Receipt(
                str(each["gateway_message_id"]),
                str(each.get("to") or ""),
                each["state"] == "delivered",
                str(each.get("detail") or ""),
            )
            for each in get_objects(reports)
            if each.get("gateway_message_id") and each.get("state") in ("delivered", "failed")
        ]


_parse_keys = lru_cache(maxsize=8)(parse_keys)
"""Read once, not for each message."""


@lru_cache(maxsize=8)
def _make_words(success: tuple[str, ...], permanent: tuple[str, ...]) -> Words:
    return Words(frozenset(map(normalise, success)), frozenset(map(normalise, permanent)))


def _build_body(message: Message, now: datetime) -> bytes:
    content = {
        "to": message.address,
        "text": message.content.text,
        "unit": message.unit,
        "notification_id": str(message.notification_id),
    }
    event = {"type": "cuiban.sms", "timestamp": now.isoformat(), "data": content}
    return json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")
