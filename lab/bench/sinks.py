"""Gateways that answer at once: `python -m lab.bench.sinks SMTP_PORT HTTP_PORT`.

As little as a server of SMTP and of HTTP can do, so that what is measured is the sender. They keep
nothing but who was written to and when: `GET /arrivals` tells it, a line for each message, and
`GET /count` how many there were.
"""

import asyncio
import re
import sys
import time
from typing import cast

import uvloop
from typing_extensions import override

from lab.stack.processes import HOST

_arrivals: list[tuple[bytes, float]] = []
"""Recipient, and seconds since the epoch."""
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
_TO = re.compile(rb'"to": *"([^"]*)"')
_ACCEPTED = b'{"code": 0}'


class _Buffered(asyncio.Protocol):
    """Gathers bytes, and takes whole commands or requests off them."""

    def __init__(self) -> None:
        self.seen = bytearray()
        self.transport: asyncio.WriteTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's is no subclass
        self.greet()

    @override
    def data_received(self, data: bytes) -> None:
        self.seen += data
        while self.take():
            pass

    def say(self, answer: bytes) -> None:
        if self.transport:
            self.transport.write(answer)

    def greet(self) -> None:
        """Speak first, where the protocol asks for it."""

    def take(self) -> bool:
        """Answer the first whole thing; False when none is there."""
        raise NotImplementedError


class Mail(_Buffered):
    """SMTP: takes every mail."""

    def __init__(self) -> None:
        super().__init__()
        self._recipient = b""
        self._in_data = False

    @override
    def greet(self) -> None:
        self.say(b"220 sink\r\n")

    @override
    def take(self) -> bool:
        end = self.seen.find(b"\r\n.\r\n" if self._in_data else b"\r\n")
        if end < 0:
            return False
        if self._in_data:
            del self.seen[: end + 5]
            self._in_data = False
            _arrivals.append((self._recipient, time.time()))
            self.say(b"250 2.0.0 taken\r\n")
            return True
        line = bytes(self.seen[:end])
        del self.seen[: end + 2]
        self._command(line)
        return True

    def _command(self, line: bytes) -> None:
        match line[:4].upper():
            case b"DATA":
                self._in_data = True
                self.say(b"354 go on\r\n")
            case b"RCPT":
                self._recipient = line.partition(b"<")[2].rstrip(b">")
                self.say(b"250 ok\r\n")
            case b"EHLO":
                self.say(b"250-sink\r\n250 8BITMIME\r\n")
            case b"QUIT":
                self.say(b"221 bye\r\n")
                if self.transport:
                    self.transport.close()
            case _:
                self.say(b"250 ok\r\n")


class Http(_Buffered):
    """HTTP/1.1: accepts every POST as a short message, and tells of arrivals."""

    @override
    def take(self) -> bool:
        end = self.seen.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self.seen[:end])
        found = _LENGTH.search(head)
        whole = end + 4 + (int(found[1]) if found else 0)
        if len(self.seen) < whole:
            return False
        body = bytes(self.seen[end + 4 : whole])
        del self.seen[:whole]
        if head.startswith(b"GET /count"):
            self._answer(b"%d" % len(_arrivals))
        elif head.startswith(b"GET /arrivals"):
            self._answer(b"\n".join(b"%s %.6f" % arrival for arrival in _arrivals))
        else:
            to = _TO.search(body)
            _arrivals.append((to[1] if to else b"", time.time()))
            self._answer(_ACCEPTED)
        return True

    def _answer(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self.say(head % len(body) + body)


async def serve(smtp: int, http: int) -> None:
    """Serve both until the process is ended."""
    loop = asyncio.get_running_loop()
    await loop.create_server(Mail, HOST, smtp, backlog=512)
    await loop.create_server(Http, HOST, http, backlog=512)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
