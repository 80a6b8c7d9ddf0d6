"""Real gateways on this machine that misbehave on demand."""

import asyncio
import json
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as SmtpEnvelope


@dataclass
class MailSink:
    """A real SMTP server. `answers` are given to the next mails instead of 250."""

    mails: list[Mail] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    drops: int = 0
    hang: asyncio.Event = field(default_factory=asyncio.Event)
    hangs: int = 0
    refused_recipients: set[str] = field(default_factory=set)
    connections: int = 0
    url: str = ""
    port: int = 0
    _server: asyncio.Server | None = None

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds it by this name
        self, server: SMTP, session: Session, envelope: SmtpEnvelope, address: str, options: Any
    ) -> str:
        if address in self.refused_recipients:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd finds it by this name
        self, server: SMTP, session: Session, envelope: SmtpEnvelope
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(message_from_bytes(bytes(envelope.content or b"")))
        self.senders.append(str(envelope.mail_from))
        if self.hangs:
            self.hangs -= 1
            await self.hang.wait()
        if self.drops:
            self.drops -= 1
            assert server.transport is not None
            server.transport.abort()
        return "250 OK"

    @property
    def ids(self) -> list[str]:
        return [mail["Message-ID"] for mail in self.mails]

    @property
    def subjects(self) -> list[str]:
        return [str(make_header(decode_header(mail["Subject"]))) for mail in self.mails]

    def _make_session(self) -> SMTP:
        self.connections += 1
        return SMTP(self, enable_SMTPUTF8=False)

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._make_session, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"smtp://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        self.hang.set()


@dataclass
class SmsSink:
    """A real HTTP server. `answers` are given to the next posts instead of success."""

    posts: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    hangs: int = 0
    hang: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    port: int = 0
    bodies: list[bytes] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    async def _post(self, request: web.Request) -> web.Response:
        raw = await request.read()
        if self.answers:
            return self.answers.pop(0)
        self.bodies.append(raw)
        self.posts.append((dict(request.headers), json.loads(raw)))
        if self.hangs:
            self.hangs -= 1
            await self.hang.wait()
        return web.json_response({"code": 0, "message_id": f"m{len(self.posts)}"})

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/sms", self._post)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}/sms"

    async def stop(self) -> None:
        self.hang.set()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None
