"""E-mail over SMTP, on a pool of long-lived connections.

SMTP has no idempotency key. A connection lost after DATA leaves it open whether the server took
the mail; the mail is then offered again with the same Message-ID, so that a reader or a server
can tell the repeat.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from services.notifier.gateways.mime import mail_bytes, sendable, sender_of
from services.notifier.message import Accepted, Message, Outcome, Refusal, Refused, Unknown
from services.notifier.rendering.wording import clean
from shared.errors import CuibanError

_PERMANENT = range(500, 600)
_CLOSING, _DONE, _FORWARD, _GO_ON = 421, 250, 251, 354
_NO_REPLY = -1  # aiosmtplib's code for a line that is no SMTP reply
_SHORT = 200


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail goes. `starttls` is None for: when the server offers it."""

    host: str
    port: int
    tls: bool
    starttls: bool | None
    user: str | None
    password: str | None
    ca_file: Path | None = None


def smtp_server(url: str, starttls: str = "auto", ca_file: Path | None = None) -> SmtpServer:
    """The server that `smtp://` or `smtps://` names.

    Raises:
        CuibanError: the URL can't be read. It does not repeat the URL, which may hold a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise CuibanError(
            "CUIBAN_SMTP_URL can't be read.",
            "Write it like smtp://user:password@mail.example:587 or smtps://mail.example.",
        )
    tls = parts.scheme == "smtps"
    return SmtpServer(
        host=parts.hostname,
        port=port or (465 if tls else 25),
        tls=tls,
        starttls=False if tls else {"auto": None, "always": True, "never": False}[starttls],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        ca_file=ca_file,
    )


class EmailGateway:
    """Sends mail. Each task that sends takes a connection of its own from the pool."""

    name = "smtp"

    def __init__(
        self,
        server: SmtpServer,
        *,
        mail_from: str,
        timeout: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._server = server
        self._mail_from = mail_from
        try:
            sender = sender_of(mail_from)[1]
        except ValueError as error:
            raise CuibanError(f"CUIBAN_MAIL_FROM can't be used: {error}.") from error
        self._from = b"FROM:<%s>" % sender.encode()
        self._domain = sender.rpartition("@")[2]
        self._timeout = timeout / timedelta(seconds=1)
        self._now = now
        self._idle: list[SMTP] = []
        self._context = ssl.create_default_context()
        if server.ca_file:
            try:
                self._context.load_verify_locations(server.ca_file)
            except OSError as error:  # no such file, or no certificate in it
                raise CuibanError(f"CUIBAN_SMTP_CA_FILE can't be used: {error}.") from error

    async def send(self, message: Message) -> Outcome:
        """Offer a mail once; on a connection that rested and died, on a fresh one instead."""
        if not sendable(message.address):
            return Refused(Refusal.BAD_ADDRESS, permanent=True, detail="not an e-mail address")
        raw = mail_bytes(message, mail_from=self._mail_from, sent_at=self._now())
        offer = _Offer(f"<{message.notification_id}@{self._domain}>")
        try:
            async with asyncio.timeout(self._timeout):
                return await self._send(offer, message.address, raw)
        except SMTPAuthenticationError as error:
            return Refused(Refusal.UNAUTHORISED, permanent=False, detail=f"SMTP {error.code}")
        except SMTPResponseException as error:
            if error.code == _NO_REPLY:
                return offer.lost("an answer that is no reply")
            await self._reset(offer, error.code)
            return _answered(offer, error, message.address)
        except (SMTPException, OSError, ValueError) as error:
            return offer.lost(type(error).__name__)
        finally:
            if offer.client:  # not given back to the pool: its state is not known
                offer.client.close()

    async def _send(self, offer: "_Offer", address: str, raw: bytes) -> Outcome:
        while self._idle:
            offer.client = self._idle.pop()
            try:
                return await self._offer(offer, offer.client, address, raw)
            except (SMTPException, OSError) as error:
                stale = getattr(error, "code", _CLOSING) == _CLOSING
                if offer.step is _Step.OFFERED or not stale:
                    raise
                offer.client.close()
        offer.step = _Step.CONNECTING
        offer.client = self._client()
        await offer.client.connect()
        return await self._offer(offer, offer.client, address, raw)

    async def _offer(self, offer: "_Offer", client: SMTP, address: str, raw: bytes) -> Accepted:
        """Three commands; what is lost before DATA was not offered, what is lost after may be."""
        offer.step = _Step.ADDRESSING
        # Straight to the protocol: `mail`, `rcpt` and `data` would parse the addresses and search
        # the bytes anew for each mail; `sendable` and `mail_bytes` have made sure of both.
        _must(_DONE, await client.execute_command(b"MAIL", self._from, timeout=None))
        _must(
            _DONE,
            await client.execute_command(b"RCPT", b"TO:<%s>" % address.encode(), timeout=None),
        )
        _must(_GO_ON, await client.execute_command(b"DATA", timeout=None))
        offer.step = _Step.OFFERED
        if client.protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        client.protocol.write(raw + b".\r\n")
        _must(_DONE, await client.protocol.read_response())
        self._give_back(offer)
        return Accepted(offer.message_id)

    def _give_back(self, offer: "_Offer") -> None:
        if offer.client:
            self._idle.append(offer.client)
            offer.client = None

    async def close(self) -> None:
        """Say QUIT on every idle connection."""
        while self._idle:
            client = self._idle.pop()
            try:
                await client.quit(timeout=1)
            except (SMTPException, OSError):
                client.close()

    def _client(self) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls,
            start_tls=server.starttls,
            username=server.user,
            password=server.password,
            timeout=self._timeout,
            tls_context=self._context,
        )

    async def _reset(self, offer: "_Offer", code: int) -> None:
        """Keep a connection whose server only said no to this mail."""
        if offer.client and offer.step is not _Step.CONNECTING and code != _CLOSING:
            with suppress(SMTPException, OSError):
                await offer.client.rset(timeout=1)
                self._give_back(offer)


class _Step(Enum):
    CONNECTING = "connecting"
    ADDRESSING = "addressing"
    OFFERED = "offered"


@dataclass(slots=True)
class _Offer:
    """How far one offer has come, and the connection that it holds."""

    message_id: str
    step: _Step = _Step.CONNECTING
    client: SMTP | None = None

    def lost(self, how: str) -> Refused | Unknown:
        """What it means that the connection was lost, or too slow, just now."""
        match self.step:
            case _Step.CONNECTING:
                return Refused(Refusal.UNREACHABLE, permanent=False, detail=how)
            case _Step.ADDRESSING:
                return Refused(Refusal.BUSY, permanent=False, detail=f"{how} before DATA")
            case _Step.OFFERED:
                return Unknown(f"{how} after DATA")


def _must(code: int, response: SMTPResponse) -> None:
    """Raise unless the server gave this answer (251 is one to RCPT: it will forward)."""
    if response.code != code and not (code == _DONE and response.code == _FORWARD):
        raise SMTPResponseException(response.code, response.message)


def _answered(offer: _Offer, error: SMTPResponseException, address: str) -> Refused:
    """What a reply of 4yz or 5yz means; 421 announces that the server hangs up."""
    if offer.step is _Step.CONNECTING:
        return Refused(Refusal.UNREACHABLE, permanent=False, detail=f"SMTP {error.code}")
    permanent = error.code in _PERMANENT
    said = clean(error.message.replace(address, "…"))[:_SHORT]  # servers send any bytes
    return Refused(
        Refusal.REJECTED if permanent else Refusal.BUSY,
        permanent=permanent,
        detail=f"SMTP {error.code} {said}",
    )
