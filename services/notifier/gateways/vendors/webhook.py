"""SMS through an HTTP gateway: one signed JSON POST, with the notification's id as its key."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.notifier.domain.http_answers import Words
from services.notifier.domain.message import Message, Outcome
from services.notifier.domain.vocabulary import normalise
from services.notifier.gateways.http import HttpClient, is_http_url
from services.notifier.gateways.signing import sign
from shared.errors import CuibanError


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An SMS gateway's address, and how its answers are read.

    Attributes:
        url: may contain credentials, so it is never shown.
        keys: for the signature; none means unsigned.
        success: values of `code`, `errcode`, `status` and the like that mean success.
        permanent: values of them that mean that no later attempt can succeed.
    """

    url: str = field(repr=False)
    keys: tuple[bytes, ...] = field(repr=False)
    success: frozenset[str]
    permanent: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a URL that is not valid."""
        if not is_http_url(self.url):
            raise CuibanError("CUIBAN_SMS_URL can't be read.", "Write it like https://host/path.")


class WebhookGateway:
    """Posts short messages."""

    name = "webhook"

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        concurrency: int,
        timeout: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._keys = endpoint.keys
        self._now = now
        words = Words(
            frozenset(map(normalise, endpoint.success)),
            frozenset(map(normalise, endpoint.permanent)),
        )
        self._client = HttpClient(
            endpoint.url, words, concurrency=concurrency, timeout=timeout, now=now
        )

    async def send(self, message: Message) -> Outcome:
        """Send a short message once. The timestamp is the machine's: the gateway checks it."""
        moment = self._now()
        body = _build_body(message, moment)
        stamp, name = int(moment.timestamp()), str(message.notification_id)
        headers = {
            "content-type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(stamp),
        }
        if self._keys:
            headers["webhook-signature"] = sign(self._keys, name, stamp, body)
        return await self._client.post(name, body, headers)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()


def _build_body(message: Message, now: datetime) -> bytes:
    content = {
        "to": message.address,
        "text": message.content.text,
        "unit": message.unit,
        "notification_id": str(message.notification_id),
    }
    event = {"type": "cuiban.sms", "timestamp": now.isoformat(), "data": content}
    return json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")
