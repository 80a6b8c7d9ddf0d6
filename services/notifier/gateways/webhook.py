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

from services.notifier.gateways.signing import signature
from services.notifier.message import Accepted, Message, Outcome, Refusal, Refused, Unknown
from services.notifier.policy.http_answers import Words, judge_answer
from services.notifier.policy.vocabulary import canonical
from services.notifier.rendering.wording import clean
from shared.errors import CuibanError

_ANSWER_LIMIT = 64 * 1024
_SHORT = 120
"""Characters of an answer that are kept."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where short messages go, and how answers are read.

    Attributes:
        url: may hold credentials, so it is never shown.
        keys: for the signature; none means unsigned.
        success: values of `code`, `errcode`, `status` and the like that mean success.
        permanent: values of them that no later attempt can mend.
    """

    url: str = field(repr=False)
    keys: tuple[bytes, ...] = field(repr=False)
    success: frozenset[str]
    permanent: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse an address that can't be posted to."""
        try:
            parts = urlsplit(self.url)
            fit = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:  # brackets, or a port that is none
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
            frozenset(map(canonical, endpoint.success)),
            frozenset(map(canonical, endpoint.permanent)),
        )
        self._concurrency = concurrency
        seconds = timeout / timedelta(seconds=1)
        self._timeout = ClientTimeout(total=seconds, sock_connect=seconds / 2)
        self._now = now
        self._session: ClientSession | None = None

    async def send(self, message: Message) -> Outcome:
        """Offer a short message once. `now` is the machine's: verifiers check the timestamp."""
        session = self._session or self._open()
        moment = self._now()
        body = _body(message, moment)
        stamp, name = int(moment.timestamp()), str(message.notification_id)
        headers = {
            "content-type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(stamp),
        }
        if self._endpoint.keys:
            headers["webhook-signature"] = signature(self._endpoint.keys, name, stamp, body)
        try:
            async with session.post(
                self._endpoint.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                if (answer := await _whole(response)) is None:
                    return Unknown("answered more than any gateway would")
                found = _tidy(judge_answer(response.status, answer, name, self._words))
                if isinstance(found, Refused) and found.reason is Refusal.BUSY:
                    return replace(found, retry_after=retry_after(response.headers, moment))
                return found
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            return Refused(Refusal.UNREACHABLE, permanent=False, detail=type(error).__name__)
        except (ClientError, TimeoutError, OSError) as error:
            return Unknown(type(error).__name__)

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


async def _whole(response: ClientResponse) -> bytes | None:
    """The body, in however many parts it comes; None when it is a giant one.

    A refusal is told by its status: of its body, what can be read is enough.
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
    """`outcome` with short words of the gateway's; what no database could hold does not get in."""
    if isinstance(outcome, Accepted):
        return Accepted(_tidied(outcome.gateway_message_id))
    return replace(outcome, detail=_tidied(outcome.detail))


def _tidied(said: str) -> str:
    return clean(said[: 10 * _SHORT])[:_SHORT]


def _body(message: Message, now: datetime) -> bytes:
    data = {
        "to": message.address,
        "text": message.content.text,
        "unit": message.unit,
        "notification_id": str(message.notification_id),
    }
    told = {"type": "cuiban.sms", "timestamp": now.isoformat(), "data": data}
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The Retry-After header (RFC 9110, 10.2.3): seconds or a date; None when it says nothing."""
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
