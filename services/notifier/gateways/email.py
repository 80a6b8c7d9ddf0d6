"""E-mail over SMTP, on a pool of long-lived connections.

SMTP has no idempotency key. A connection lost after DATA leaves it open whether the server took
the mail; the mail is then offered again with the same Message-ID, so that a reader or a server
can tell the repeat.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
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
from services.notifier.policy.smtp_answers import Stage, judge_reply
from services.notifier.rendering.wording import clean
from shared.errors import CuibanError

_CLOSING, _DONE, _FORWARD, _GO_ON = 421, 250, 251, 354
_NO_REPLY = -1  # aiosmtplib's code for a line that is no SMTP reply
_SHORT = 200
"""Characters of a reply that are kept; servers send any bytes."""
_NO_TLS = "the server offers no STARTTLS; CUIBAN_SMTP_STARTTLS=when-offered would send without it"


class _InsecureError(Exception):
    """TLS is required, and the server offers none."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail goes. `starttls` is None for: when the server offers it."""

    host: str
    port: int
    tls: bool
    starttls: bool | None
    user: str | None
    password: str | None = field(repr=False)
    ca_file: Path | None = None


def smtp_server(url: str, starttls: str = "auto", ca_file: Path | None = None) -> SmtpServer:
    """The server that `smtp://` or `smtps://` names.

    `starttls` is `always`, `when-offered`, `never`, or `auto`: always where there is a password,
    else when offered.

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
    if starttls == "auto":
        starttls = "always" if parts.username else "when-offered"
    return SmtpServer(
        host=parts.hostname,
        port=port or (465 if tls else 25),
        tls=tls,
        starttls=False if tls else {"when-offered": None, "always": True, "never": False}[starttls],
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
        except _InsecureError:
            return Refused(Refusal.INSECURE, permanent=False, detail=_NO_TLS)
        except SMTPResponseException as error:
            if error.code == _NO_REPLY:
                return offer.lost("an answer that is no reply")
            await self._reset(offer, error.code)
            stage = Stage.LOGIN if isinstance(error, SMTPAuthenticationError) else offer.stage
            found = judge_reply(stage, error.code, error.message.replace(message.address, "…"))
            return replace(found, detail=clean(found.detail[: 10 * _SHORT])[:_SHORT])
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
                if offer.stage is Stage.END or not stale:
                    raise
                offer.client.close()
        offer.stage = Stage.CONNECT
        offer.client = self._client()
        await self._connect(offer.client)
        return await self._offer(offer, offer.client, address, raw)

    async def _offer(self, offer: "_Offer", client: SMTP, address: str, raw: bytes) -> Accepted:
        """Three commands; what is lost before DATA was not offered, what is lost after may be."""
        offer.stage = Stage.MAIL
        # Straight to the protocol: `mail`, `rcpt` and `data` would parse the addresses and search
        # the bytes anew for each mail; `sendable` and `mail_bytes` have made sure of both.
        _must(_DONE, await client.execute_command(b"MAIL", self._from, timeout=None))
        offer.stage = Stage.RCPT
        _must(
            _DONE,
            await client.execute_command(b"RCPT", b"TO:<%s>" % address.encode(), timeout=None),
        )
        offer.stage = Stage.DATA
        _must(_GO_ON, await client.execute_command(b"DATA", timeout=None))
        offer.stage = Stage.END
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
            start_tls=False,  # done in `_connect`, which tells why it can't be
            timeout=self._timeout,
            tls_context=self._context,
        )

    async def _connect(self, client: SMTP) -> None:
        """Connect, begin TLS and log in; no password leaves before TLS where that is required."""
        server = self._server
        await client.connect()
        if not server.tls and server.starttls is not False:
            await client.ehlo()
            if client.supports_extension("starttls"):
                await client.starttls(tls_context=self._context)
            elif server.starttls:
                raise _InsecureError
        if server.user is not None:
            await client.login(server.user, server.password or "")

    async def _reset(self, offer: "_Offer", code: int) -> None:
        """Keep a connection whose server only said no to this mail."""
        if offer.client and offer.stage is not Stage.CONNECT and code != _CLOSING:
            with suppress(SMTPException, OSError):
                await offer.client.rset(timeout=1)
                self._give_back(offer)


@dataclass(slots=True)
class _Offer:
    """How far one offer has come, and the connection that it holds."""

    message_id: str
    stage: Stage = Stage.CONNECT
    client: SMTP | None = None

    def lost(self, how: str) -> Refused | Unknown:
        """What it means that the connection was lost, or too slow, just now."""
        match self.stage:
            case Stage.CONNECT | Stage.LOGIN:
                return Refused(Refusal.UNREACHABLE, permanent=False, detail=how)
            case Stage.MAIL | Stage.RCPT | Stage.DATA:
                return Refused(Refusal.BUSY, permanent=False, detail=f"{how} before DATA")
            case Stage.END:
                return Unknown(f"{how} after DATA")


def _must(code: int, response: SMTPResponse) -> None:
    """Raise unless the server gave this answer (251 is one to RCPT: it will forward)."""
    if response.code != code and not (code == _DONE and response.code == _FORWARD):
        raise SMTPResponseException(response.code, response.message)
