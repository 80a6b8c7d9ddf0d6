"""A real IMAP server in this process (pymap), with one mailbox in memory."""

import asyncio
import imaplib
import ssl
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from proxyprotocol.noop import ProxyProtocolNoop
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import Config, DictBackend
from pymap.imap import IMAPServer

USER, PASSWORD = "bounces", "the-password"
Result = TypeVar("Result")


@dataclass
class ImapMailbox:
    """The mailbox, as another client of the same server sees it."""

    port: int

    async def put(self, *mails: bytes) -> None:
        """Let mails arrive."""

        def append(client: imaplib.IMAP4) -> None:
            for mail in mails:
                client.append("INBOX", "", "", mail)

        await self._use(append)

    async def list_flags(self) -> list[set[str]]:
        """The flags of each mail, in the order of arrival."""

        def read(client: imaplib.IMAP4) -> list[set[str]]:
            client.select("INBOX", readonly=True)
            _, answer = client.fetch("1:*", "(FLAGS)")
            lines = [each for each in answer if isinstance(each, bytes)]
            return [
                {flag.decode() for flag in imaplib.ParseFlags(line)} - {r"\Recent"}
                for line in lines
            ]

        return await self._use(read)

    async def _use(self, use: Callable[[imaplib.IMAP4], Result]) -> Result:
        def run() -> Result:
            client = imaplib.IMAP4("127.0.0.1", self.port, timeout=60)
            client.login(USER, PASSWORD)
            result = use(client)
            client.logout()
            return result

        return await asyncio.to_thread(run)


@asynccontextmanager
async def serve_mailbox(
    *, offers_starttls: ssl.SSLContext | None = None, context: ssl.SSLContext | None = None
) -> AsyncIterator[ImapMailbox]:
    """A server with an empty mailbox.

    Args:
        offers_starttls: with it a login needs STARTTLS.
        context: for TLS from the beginning.
    """
    more: dict[str, Any] = {"ssl_context": offers_starttls} if offers_starttls else {}
    backend, config = await DictBackend.init(
        Namespace(
            host="127.0.0.1", port=0, debug=False, cert=None, key=None,
            tls=bool(offers_starttls), proxy_protocol=None, passlib_cfg=None,
            demo_data=False, demo_user=USER, demo_password=PASSWORD,
        ),
        proxy_protocol=ProxyProtocolNoop(),
        **more,
    )  # fmt: skip
    assert isinstance(config, Config)
    config.apply_context()
    serve = ProxyProtocolReader(config.proxy_protocol).get_callback(
        IMAPServer(backend.login, config)
    )
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield ImapMailbox(server.sockets[0].getsockname()[1])
