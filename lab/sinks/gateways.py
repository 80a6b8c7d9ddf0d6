"""The two gateways that the sinks imitate, an SMTP server and an SMS gateway, with faults.

The SMS gateway follows Standard Webhooks (https://www.standardwebhooks.com): the signature is
verified as the specification says, with a tolerance of five minutes.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from functools import lru_cache
from typing import Final, get_args
from urllib.parse import unquote

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from lab.sinks.signatures import has_valid_signature
from lab.sinks.store import Channel, ReceivedMessage, Store
from shared.clock import Clock, read_machine_time
from shared.errors import CuibanError

MODES: Final = (
    "ok",
    "refuse",
    "reject",
    "hang",
    "slow",
    "late",
    "drop",
    "false-success",
    "answer",
    "proxy",
)
WITHHELD = {"drop", "late", "proxy"}
DEFAULT_DELAY = 1000  # milliseconds, when no delay is given
_MAIL_ANSWERS = {403: "550 5.7.1 the recipient does not want this", 410: "550 5.1.6 it has moved"}
"""SMTP replies for HTTP statuses that have an equivalent; for others the reply is 451."""
NO_REPLY = "accepted, but the mailbox is full"  # without a code: no valid reply (RFC 5321, 4.2)

logger = logging.getLogger(__name__)


@dataclass
class Faults:
    """The present mode of each gateway.

    - `refuse`: a temporary error; `reject`: a permanent one.
    - `hang`: no answer until the mode changes, then the connection is closed.
    - `slow`: waits, then takes the message.
    - `late`: takes the message, then waits before it answers.
    - `drop`: takes the message and closes the connection without an answer.
    - `false-success`: an answer that looks like a success, but is none.
    - `answer:403`: refuses with that status.
    - `proxy:502`: takes the message, but a proxy answers with that status.
    """

    modes: dict[Channel, str] = field(default_factory=lambda: {"email": "ok", "sms": "ok"})
    delays: dict[Channel, float] = field(default_factory=lambda: {"email": 0.0, "sms": 0.0})
    statuses: dict[Channel, int] = field(default_factory=lambda: {"email": 0, "sms": 0})
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def change(self, wanted: dict[str, object]) -> None:
        """Set modes, as in `{"email": "slow:500", "sms": "ok"}`; requests that hang are closed.

        Raises:
            CuibanError: there is no such channel or mode.
        """
        parsed: dict[Channel, tuple[str, float]] = {}
        for channel in get_args(Channel):
            if channel not in wanted:
                continue
            mode, _, after = str(wanted[channel]).partition(":")
            if mode not in MODES or (after and not after.isdecimal()):
                raise CuibanError(f"{channel} can't be {wanted[channel]!r}; modes: {MODES}.")
            if mode in {"answer", "proxy"} and int(after or 0) not in range(400, 600):
                raise CuibanError(f"{channel}: {mode} needs an HTTP status, as {mode}:502.")
            parsed[channel] = mode, int(after or DEFAULT_DELAY) / 1000
        if unknown := wanted.keys() - set(get_args(Channel)):
            raise CuibanError(f"There is no channel {sorted(unknown)}.")
        for channel, (mode, delay) in parsed.items():
            self.modes[channel], self.delays[channel] = mode, delay
            self.statuses[channel] = round(delay * 1000)
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_while_hanging(self, channel: Channel) -> None:
        """Return as soon as the channel's mode is not `hang`."""
        while self.modes[channel] == "hang":
            await self._changed.wait()


@dataclass
class Gateways:
    """The state that both gateways share."""

    """What both gateways share."""

    store: Store
    faults: Faults
    clock: Clock
    keys: Sequence[bytes]
    offered: dict[Channel, int] = field(default_factory=lambda: {"email": 0, "sms": 0})

    def read_clocks(self) -> tuple[str, str]:
        """The machine's time and the office's time, as ISO 8601."""
        return read_machine_time().isoformat(), self.clock.now().isoformat()


class MailHandler:
    """The SMTP gateway: takes every mail unless a fault is set."""

    def __init__(self, gateways: Gateways) -> None:
        self._gateways = gateways

    async def handle_DATA(  # noqa: N802 - aiosmtpd names it
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take a mail and return the SMTP reply."""
        gateways, faults = self._gateways, self._gateways.faults
        gateways.offered["email"] += 1
        match faults.modes["email"]:
            case "refuse":
                return "451 4.3.0 try again later"
            case "reject":
                return "550 5.1.1 not accepted"
            case "hang":
                await faults.wait_while_hanging("email")
                _abort(server)
                return "421 closing"
            case "false-success":
                return NO_REPLY
            case "answer":
                status = faults.statuses["email"]
                ident = self._make_message(bytes(envelope.original_content or b""), envelope).ident
                gateways.store.refuse("email", ident, status)
                return _MAIL_ANSWERS.get(status, "451 4.3.2 not now")
            case "slow":
                await asyncio.sleep(faults.delays["email"])
            case _:
                pass
        mode = faults.modes["email"]
        raw = bytes(envelope.original_content or b"")
        message = self._make_message(raw, envelope, answered=mode not in WITHHELD)
        await gateways.store.add(message)
        if mode in {"drop", "proxy"}:  # SMTP has no proxy: the answer is lost as with `drop`
            _abort(server)
        if mode == "late":  # this coroutine is cancelled here when the sender disconnects
            await asyncio.sleep(faults.delays["email"])
            gateways.store.mark_answered(message)
        return "250 2.0.0 taken"

    def _make_message(
        self, raw: bytes, envelope: Envelope, *, answered: bool = True
    ) -> ReceivedMessage:
        head, _, _ = raw.partition(b"\r\n\r\n")  # parsing the body too would cost ten times as much
        headers = BytesHeaderParser().parsebytes(head)
        received, shown = self._gateways.read_clocks()
        return ReceivedMessage(
            channel="email",
            ident=str(headers.get("Message-ID", "")).strip(),
            unit=decode_header_text(str(headers.get("X-Cuiban-Unit", ""))),
            sender=str(envelope.mail_from or ""),
            recipient=", ".join(envelope.rcpt_tos),
            subject=decode_header_text(str(headers.get("Subject", ""))),
            text="",
            received=received,
            shown=shown,
            headers="{}",
            raw=raw,
            answered=answered,
        )


def _abort(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


async def take_sms(gateways: Gateways, request: web.Request) -> web.StreamResponse:
    """Answer `POST /sms`: 200 with code 0 once the message is stored."""
    faults = gateways.faults
    gateways.offered["sms"] += 1
    match faults.modes["sms"]:
        case "refuse":
            return _answer_error(503, "busy")
        case "reject":
            return _answer_error(400, "not accepted")
        case "false-success":
            return web.json_response({"code": 5001, "message": "balance is not enough"})
        case "answer":
            status = faults.statuses["sms"]
            gateways.store.refuse("sms", request.headers.get("webhook-id", ""), status)
            return _answer_error(status, "the gateway was told to answer so")
        case "hang":
            await faults.wait_while_hanging("sms")
            return _cut_off(request)
        case "slow":
            await asyncio.sleep(faults.delays["sms"])
        case _:
            pass
    return await _keep_sms(gateways, request, mode=faults.modes["sms"])


async def _keep_sms(gateways: Gateways, request: web.Request, *, mode: str) -> web.StreamResponse:
    body = await request.read()
    if gateways.keys and not has_valid_signature(gateways.keys, request, body):
        return _answer_error(401, "bad signature")
    try:
        content = json.loads(body)["data"]
        to, text, unit = str(content["to"]), str(content["text"]), str(content.get("unit", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return _answer_error(400, "the body is no message: data.to and data.text are needed")
    ident = request.headers.get("webhook-id", "")
    received, shown = gateways.read_clocks()
    message = ReceivedMessage(
        channel="sms",
        ident=ident,
        unit=unit,
        sender="",
        recipient=to,
        subject="",
        text=text,
        received=received,
        shown=shown,
        headers=json.dumps(dict(request.headers)),
        raw=body,
        answered=mode not in WITHHELD,
    )
    await gateways.store.add(message)
    if mode == "late":
        await asyncio.sleep(gateways.faults.delays["sms"])
        if request.transport is not None and not request.transport.is_closing():
            gateways.store.mark_answered(message)
    if mode == "drop":
        return _cut_off(request)
    if mode == "proxy":
        return _answer_error(gateways.faults.statuses["sms"], "bad gateway")
    return web.json_response({"code": 0, "message_id": f"sink-{ident}"})


def _answer_error(status: int, message: str) -> web.Response:
    return web.json_response({"code": status, "message": message}, status=status)


def _cut_off(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@lru_cache(maxsize=4096)
def decode_header_text(header: str) -> str:
    """The text of a header with RFC 2047 words and percent escapes decoded."""
    try:
        text = str(make_header(decode_header(header)))
    except (HeaderParseError, LookupError, ValueError):
        text = header
    text = unquote(text, errors="strict") if "%" in text and _has_escapes(text) else text
    return " ".join(text.split())


def _has_escapes(text: str) -> bool:
    try:
        return unquote(text, errors="strict") != text
    except UnicodeDecodeError:
        return False
