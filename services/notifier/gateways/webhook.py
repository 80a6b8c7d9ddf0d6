"""SMS through an HTTP gateway: one signed JSON POST, with the notification's id as its key.

HTTP 200 is not success by itself: the gateways that units use put the result into the body.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
from services.notifier.rendering.wording import clean
from shared.errors import CuibanError

_ANSWER_LIMIT = 64 * 1024
_VERDICTS = ("code", "errcode", "status")
_IDS = ("gateway_message_id", "message_id", "msgid", "msgGroup", "id")
_LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
_SHORT = 120


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where short messages go, and how answers are read.

    Attributes:
        url: may hold credentials, so it is never shown.
        keys: for the signature; none means unsigned.
        success: values of `code`, `errcode`, `status` that mean success, in lower case.
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
                if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                    return _refused(response, moment)
                if (answer := await _whole(response)) is None:
                    return _failure("answered more than any gateway would", permanent=False)
                return self._answered(response.content_type, answer, name)
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

    def _answered(self, content_type: str, answer: bytes, name: str) -> Outcome:
        try:
            said = json.loads(answer) if answer.strip() else {}
        except (ValueError, RecursionError):  # also a text that is no UTF-8, or nested without end
            if content_type == "text/html":  # a proxy's or a portal's page
                return _failure("answered with a page", permanent=False)
            return Accepted(name)
        if not isinstance(said, dict):
            return Accepted(name)
        if str(said.get("success", True)).lower() not in {"true", "1"}:
            return _failure(f"success: {said['success']}", permanent=self._lasting(said))
        for key in _VERDICTS:
            if key in said and str(said[key]).lower() not in self._endpoint.success:
                return _failure(f"{key}: {said[key]}", permanent=self._lasting(said))
        return Accepted(_id_in(said) or name)

    def _lasting(self, said: Mapping[str, object]) -> bool:
        values = {str(said[key]).lower() for key in (*_VERDICTS, "rspcod") if key in said}
        return bool(values & self._endpoint.permanent)


async def _whole(response: ClientResponse) -> bytes | None:
    """The body, in however many parts it comes; None when it is a giant one."""
    answer = bytearray()
    async for part in response.content.iter_any():
        answer += part
        if len(answer) > _ANSWER_LIMIT:
            return None
    return bytes(answer)


def _refused(response: ClientResponse, now: datetime) -> Refused:
    """What a status outside 2xx means, whatever the body says."""
    status, detail = response.status, f"HTTP {response.status}"
    if status == HTTPStatus.GONE:
        return Refused(Refusal.GONE, permanent=False, detail=detail)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        # Our key or our place in its allow-list is wrong: no message is to blame for it.
        return Refused(Refusal.UNAUTHORISED, permanent=False, detail=detail)
    if 400 <= status < 500 and status not in _LATER:  # noqa: PLR2004 - HTTP 4xx
        return Refused(Refusal.REJECTED, permanent=True, detail=detail)
    wish = retry_after(response.headers, now)
    return Refused(Refusal.BUSY, permanent=False, detail=detail, retry_after=wish)


def _body(message: Message, now: datetime) -> bytes:
    data = {
        "to": message.address,
        "text": message.content.text,
        "unit": message.unit,
        "notification_id": str(message.notification_id),
    }
    told = {"type": "cuiban.sms", "timestamp": now.isoformat(), "data": data}
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")


def _failure(detail: str, *, permanent: bool) -> Refused:
    said = clean(detail[: 10 * _SHORT])[:_SHORT]  # what no database could hold does not get in
    return Refused(Refusal.ANSWERED_FAILURE, permanent=permanent, detail=said)


def _id_in(said: Mapping[str, object]) -> str:
    inner = said.get("data")
    places: Sequence[Mapping[str, object]] = [said, inner] if isinstance(inner, dict) else [said]
    found = (place[key] for place in places for key in _IDS if place.get(key))
    names = (str(name) for name in found if isinstance(name, str | int))
    return clean(next(names, "")[:_SHORT])


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
