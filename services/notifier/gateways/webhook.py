"""SMS through an HTTP gateway: one signed JSON POST, with the notification's id as its key."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)

from services.notifier.domain.http_answers import Words, judge_answer
from services.notifier.domain.message import (
    Message,
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
    Refusal,
)
from services.notifier.domain.vocabulary import normalise
from services.notifier.gateways.signing import sign
from services.notifier.rendering.wording import clean
from shared.errors import CuibanError

_ANSWER_LIMIT = 64 * 1024
_SHORT = 120
"""Characters of an answer that are kept."""


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
        try:
            parts = urlsplit(self.url)
            fit = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:  # brackets, or an invalid port
            fit = False
        if not fit:
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
        self._endpoint = endpoint
        self._words = Words(
            frozenset(map(normalise, endpoint.success)),
            frozenset(map(normalise, endpoint.permanent)),
        )
        self._concurrency = concurrency
        seconds = timeout / timedelta(seconds=1)
        self._timeout = ClientTimeout(total=seconds, sock_connect=seconds / 2)
        self._now = now
        self._session: ClientSession | None = None

    async def send(self, message: Message) -> Outcome:
        """Send a short message once. The timestamp is the machine's: the gateway checks it."""
        session = self._session or self._open()
        moment = self._now()
        body = _build_body(message, moment)
        stamp, name = int(moment.timestamp()), str(message.notification_id)
        headers = {
            "content-type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(stamp),
        }
        if self._endpoint.keys:
            headers["webhook-signature"] = sign(self._endpoint.keys, name, stamp, body)
        try:
            async with session.post(
                self._endpoint.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                if (answer := await _read_body(response)) is None:
                    return OutcomeUnknown("answered more than any gateway would")
                outcome = _tidy(judge_answer(response.status, answer, name, self._words))
                if isinstance(outcome, MessageRefused) and outcome.reason is Refusal.BUSY:
                    return replace(outcome, retry_after=parse_retry_after(response.headers, moment))
                return outcome
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            return MessageRefused(Refusal.UNREACHABLE, permanent=False, detail=type(error).__name__)
        except (ClientError, TimeoutError, OSError) as error:
            return OutcomeUnknown(type(error).__name__)

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session:
            await session.close()

    def _open(self) -> ClientSession:
        self._session = ClientSession(
            connector=TCPConnector(limit=self._concurrency, keepalive_timeout=30),
            cookie_jar=DummyCookieJar(),
            timeout=self._timeout,
            headers={"user-agent": "cuiban"},
        )
        return self._session


async def _read_body(response: ClientResponse) -> bytes | None:
    """The whole body; None when it is longer than `_ANSWER_LIMIT`.

    For a refusal the status decides, so a part of its body is enough.
    """
    refused = response.status >= HTTPStatus.MULTIPLE_CHOICES
    answer = bytearray()
    try:
        async for part in response.content.iter_any():
            answer += part
            if len(answer) > _ANSWER_LIMIT:
                return b"" if refused else None
    except (ClientError, OSError):
        if not refused:
            raise
    return bytes(answer)


def _tidy(outcome: Outcome) -> Outcome:
    """`outcome` with the gateway's texts cut short, and cleaned of what PostgreSQL can't store."""
    if isinstance(outcome, MessageAccepted):
        return MessageAccepted(_shorten(outcome.gateway_message_id))
    return replace(outcome, detail=_shorten(outcome.detail))


def _shorten(answer: str) -> str:
    return clean(answer[: 10 * _SHORT])[:_SHORT]


def _build_body(message: Message, now: datetime) -> bytes:
    content = {
        "to": message.address,
        "text": message.content.text,
        "unit": message.unit,
        "notification_id": str(message.notification_id),
    }
    event = {"type": "cuiban.sms", "timestamp": now.isoformat(), "data": content}
    return json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")


def parse_retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The Retry-After header (RFC 9110, 10.2.3): seconds or a date; None if invalid."""
    written = headers.get("Retry-After", "").strip()
    if written.isascii() and written.isdigit():
        return timedelta(seconds=min(int(written[:9]), 10**7))
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta(0))
