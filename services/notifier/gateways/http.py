"""What gateways over HTTP have in common: one request, and its answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
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

from services.notifier.domain.message import (
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
    Refusal,
)
from services.notifier.gateways.exchange import VendorAnswer, VendorRequest
from shared.messages.wording import clean
from shared.tls import ReloadingContext, TlsFiles

_ANSWER_LIMIT = 64 * 1024
_SHORT = 120
"""Characters of an answer that are kept."""


class HttpClient:
    """Makes requests to one vendor. The connections stay open between messages.

    `ca_file` holds authorities to trust beside the system's.

    Raises:
        CertificateError: `ca_file` can't be used.
    """

    def __init__(
        self, *, concurrency: int, timeout: timedelta, ca_file: Path | None = None
    ) -> None:
        self._concurrency = concurrency
        self._tls = (
            ReloadingContext(TlsFiles(ca_file=ca_file, with_system=True)) if ca_file else True
        )
        seconds = timeout / timedelta(seconds=1)
        self._timeout = ClientTimeout(total=seconds, sock_connect=seconds / 2)
        self._session: ClientSession | None = None

    async def send(self, request: VendorRequest) -> VendorAnswer | MessageRefused | OutcomeUnknown:
        """Make a request once. Every error is an outcome; only cancellation is raised."""
        session = self._session or self._open()
        try:
            async with session.request(
                request.method,
                request.url,
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
            ) as response:
                if (body := await _read_body(response)) is None:
                    return OutcomeUnknown("answered more than any gateway would")
                headers = {name.lower(): value for name, value in response.headers.items()}
                return VendorAnswer(response.status, body, headers)
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
            connector=TCPConnector(limit=self._concurrency, keepalive_timeout=30, ssl=self._tls),
            cookie_jar=DummyCookieJar(),
            timeout=self._timeout,
            headers={"user-agent": "cuiban"},
        )
        return self._session


def is_http_url(url: str) -> bool:
    """Whether `url` is an absolute address of HTTP or HTTPS."""
    try:
        parts = urlsplit(url)
        return bool(parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0)
    except ValueError:  # brackets, or an invalid port
        return False


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


def tidy(outcome: Outcome) -> Outcome:
    """`outcome` with the gateway's texts cut short, and cleaned of what PostgreSQL can't store."""
    if isinstance(outcome, MessageAccepted):
        return MessageAccepted(_shorten(outcome.gateway_message_id))
    return replace(outcome, detail=_shorten(outcome.detail))


def _shorten(answer: str) -> str:
    return clean(answer[: 10 * _SHORT])[:_SHORT]


def parse_retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Retry-After (RFC 9110, 10.2.3): seconds or a date; None if invalid. Names in lower case."""
    written = headers.get("retry-after", "").strip()
    if written.isascii() and written.isdigit():
        return timedelta(seconds=min(int(written[:9]), 10**7))
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta(0))
