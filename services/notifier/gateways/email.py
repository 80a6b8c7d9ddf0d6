"""E-mail over SMTP, on a pool of long-lived connections.

SMTP has no idempotency key. If a connection is lost after DATA, it is unknown whether the server
accepted the mail. The mail is then sent again with the same Message-ID, by which a reader or a
server can recognise the repeat.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from services.notifier.domain.bounce_marks import BounceMarks
from services.notifier.domain.message import (
    Message,
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
    Refusal,
)
from services.notifier.domain.smtp_answers import SmtpCommand, judge_reply
from services.notifier.gateways.mime import encode_domain, encode_mail, is_sendable, parse_sender
from shared.errors import CuibanError
from shared.messages.wording import clean
from shared.tls import ReloadingContext, TlsFiles

_CLOSING, _DONE, _FORWARD, _GO_ON = 421, 250, 251, 354
_NO_REPLY = -1  # aiosmtplib's code for a line that is not an SMTP reply
_SHORT = 200
"""Characters of a reply that are kept; a reply may have any length."""
_NO_TLS = (
    "the server offers no STARTTLS; CUIBAN_SMTP_STARTTLS=when-offered, or in the file of gateways "
    "`security: starttls-when-offered`, would send without it"
)
_NO_UTF8 = "the mail server offers no SMTPUTF8 for this address"


class _InsecureError(Exception):
    """TLS is required, and the server offers none."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server. `starttls` None: use TLS when the server offers it."""

    host: str
    port: int
    tls: bool
    starttls: bool | None
    user: str | None
    password: str | None = field(repr=False)
    ca_file: Path | None = None


def parse_smtp_url(url: str, starttls: str = "auto", ca_file: Path | None = None) -> SmtpServer:
    """The server that `smtp://` or `smtps://` names.

    `starttls` is `always`, `when-offered`, `never`, or `auto`: always where there is a password,
    else when offered.

    Raises:
        CuibanError: the URL is not valid. Its text does not contain the URL, which may contain a
            password.
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
    """Sends mail. Each task that sends takes its own connection from the pool."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        mail_from: str,
        timeout: timedelta,
        now: Callable[[], datetime],
        name: str = "smtp",
        bounces: BounceMarks | None = None,
        bounce_address: str = "",
    ) -> None:
        """Without `bounce_address` the sender of the envelope is that of `mail_from`."""
        self.name = name
        self._server = server
        self._mail_from = mail_from
        try:
            sender = parse_sender(mail_from)[1]
        except ValueError as error:
            raise CuibanError(f"CUIBAN_MAIL_FROM can't be used: {error}.") from error
        self._sender, self._domain = sender, sender.rpartition("@")[2]
        self._bounces, self._bounce_address = bounces, bounce_address
        self._timeout = timeout / timedelta(seconds=1)
        self._now = now
        self._idle: list[SMTP] = []
        self._context = ReloadingContext(TlsFiles(ca_file=server.ca_file, with_system=True))

    async def send(self, message: Message) -> Outcome:
        """Send a mail once; if a pooled connection has died meanwhile, on a new one."""
        if not is_sendable(message.address):
            return MessageRefused(
                Refusal.BAD_ADDRESS, permanent=True, detail="not an e-mail address"
            )
        message = replace(message, address=encode_domain(message.address))
        offer = self._make_offer(message.notification_id)
        raw = encode_mail(
            message,
            mail_from=self._mail_from,
            sent_at=self._now(),
            message_id=offer.message_id,
        )
        try:
            async with asyncio.timeout(self._timeout):
                return await self._send(offer, message.address, raw)
        except _InsecureError:
            return MessageRefused(Refusal.INSECURE, permanent=False, detail=_NO_TLS)
        except SMTPResponseException as error:
            if error.code == _NO_REPLY:
                return offer.judge_loss("an answer that is no reply")
            await self._reset(offer, error.code)
            login = isinstance(error, SMTPAuthenticationError)
            command = SmtpCommand.LOGIN if login else offer.command
            refused = judge_reply(command, error.code, error.message.replace(message.address, "…"))
            return replace(refused, detail=clean(refused.detail[: 10 * _SHORT])[:_SHORT])
        except (SMTPException, OSError, ValueError) as error:
            return offer.judge_loss(type(error).__name__)
        finally:
            if offer.client:  # not returned to the pool: its state is unknown
                offer.client.close()

    def _make_offer(self, notification_id: UUID) -> "_Offer":
        """Message-ID and sender of the envelope, marked where bounces are read."""
        if self._bounces is None:
            return _Offer(f"<{notification_id}@{self._domain}>", self._sender)
        mark = self._bounces.make(notification_id)
        sender = mark.to_address(self._bounce_address) if self._bounce_address else self._sender
        return _Offer(mark.to_message_id(self._domain), sender)

    async def _send(self, offer: "_Offer", address: str, raw: bytes) -> Outcome:
        while self._idle:
            offer.client = self._idle.pop()
            try:
                return await self._offer(offer, offer.client, address, raw)
            except (SMTPException, OSError) as error:
                stale = getattr(error, "code", _CLOSING) == _CLOSING
                if offer.command is SmtpCommand.END or not stale:
                    raise
                offer.client.close()
        offer.command = SmtpCommand.CONNECT
        offer.client = self._make_client()
        await self._connect(offer.client)
        return await self._offer(offer, offer.client, address, raw)

    async def _offer(
        self, offer: "_Offer", client: SMTP, address: str, raw: bytes
    ) -> MessageAccepted | MessageRefused:
        """Send by MAIL, RCPT and DATA. A loss before the text is a refusal, after it unknown."""
        offer.command = SmtpCommand.MAIL
        # Not by `mail`, `rcpt` and `data`, which would parse the addresses and search the bytes
        # again for each mail; `is_sendable` and `encode_mail` have checked both.
        parameters = [b"FROM:<%s>" % offer.sender.encode()]
        if not address.isascii():
            if not client.supports_extension("smtputf8"):
                self._give_back(offer)
                return MessageRefused(Refusal.BAD_ADDRESS, permanent=True, detail=_NO_UTF8)
            parameters.append(b"SMTPUTF8")
        _require_reply(_DONE, await client.execute_command(b"MAIL", *parameters, timeout=None))
        offer.command = SmtpCommand.RCPT
        _require_reply(
            _DONE,
            await client.execute_command(b"RCPT", b"TO:<%s>" % address.encode(), timeout=None),
        )
        offer.command = SmtpCommand.DATA
        _require_reply(_GO_ON, await client.execute_command(b"DATA", timeout=None))
        offer.command = SmtpCommand.END
        if client.protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        client.protocol.write(raw + b".\r\n")
        _require_reply(_DONE, await client.protocol.read_response())
        self._give_back(offer)
        return MessageAccepted(offer.message_id)

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

    def _make_client(self) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls,
            start_tls=False,  # `_connect` starts it, and explains a failure
            timeout=self._timeout,
            tls_context=self._context,
        )

    async def _connect(self, client: SMTP) -> None:
        """Connect, start TLS and log in; where TLS is required no password is sent before."""
        server = self._server
        await client.connect()
        await client.ehlo()
        if not server.tls and server.starttls is not False:
            if client.supports_extension("starttls"):
                await client.starttls(tls_context=self._context)
                await client.ehlo()  # RFC 3207, 4.2: what the server said before does not count
            elif server.starttls:
                raise _InsecureError
        if server.user is not None:
            await client.login(server.user, server.password or "")

    async def _reset(self, offer: "_Offer", code: int) -> None:
        """Return the connection to the pool after a reply that refuses only this mail."""
        if offer.client and offer.command is not SmtpCommand.CONNECT and code != _CLOSING:
            with suppress(SMTPException, OSError):
                await offer.client.rset(timeout=1)
                self._give_back(offer)


@dataclass(slots=True)
class _Offer:
    """The progress of one mail, and its connection."""

    message_id: str
    sender: str
    command: SmtpCommand = SmtpCommand.CONNECT
    client: SMTP | None = None

    def judge_loss(self, how: str) -> MessageRefused | OutcomeUnknown:
        """The outcome when the connection is lost, or too slow, at the present command."""
        match self.command:
            case SmtpCommand.CONNECT | SmtpCommand.LOGIN:
                return MessageRefused(Refusal.UNREACHABLE, permanent=False, detail=how)
            case SmtpCommand.MAIL | SmtpCommand.RCPT | SmtpCommand.DATA:
                return MessageRefused(Refusal.BUSY, permanent=False, detail=f"{how} before DATA")
            case SmtpCommand.END:
                return OutcomeUnknown(f"{how} after DATA")


def _require_reply(code: int, response: SMTPResponse) -> None:
    """Raise unless the reply has `code` (251 answers RCPT too: the server will forward)."""
    if response.code != code and not (code == _DONE and response.code == _FORWARD):
        raise SMTPResponseException(response.code, response.message)
