"""Gateways that answer at once: `python -m lab.bench.world.sinks SMTP_PORT HTTP_PORT`.

They do as little as an SMTP and an HTTP server can do, so that only the sender is measured. They
store only the recipient and the time of each message: `GET /arrivals` returns them, one per line,
and `GET /count` their number.
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
"""Recipient, and arrival in seconds since the epoch."""
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
_TO = re.compile(rb'"to": *"([^"]*)"')
_ACCEPTED = b'{"code": 0}'


class _BufferedConnection(asyncio.Protocol):
    """Collects bytes, and takes complete commands or requests from them."""

    def __init__(self) -> None:
        self.seen = bytearray()
        self.transport: asyncio.WriteTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's is no subclass
        self.greet()

    @override
    def data_received(self, chunk: bytes) -> None:
        self.seen += chunk
        while self.take():
            pass

    def send(self, answer: bytes) -> None:
        if self.transport:
            self.transport.write(answer)

    def greet(self) -> None:
        """Send the first message, where the protocol requires one from the server."""

    def take(self) -> bool:
        """Answer the first complete command or request; False when there is none."""
        raise NotImplementedError


class SmtpConnection(_BufferedConnection):
    """SMTP: accepts every mail."""

    def __init__(self) -> None:
        super().__init__()
        self._recipient = b""
        self._in_data = False

    @override
    def greet(self) -> None:
        self.send(b"220 sink\r\n")

    @override
    def take(self) -> bool:
        end = self.seen.find(b"\r\n.\r\n" if self._in_data else b"\r\n")
        if end < 0:
            return False
        if self._in_data:
            del self.seen[: end + 5]
            self._in_data = False
            _arrivals.append((self._recipient, time.time()))
            self.send(b"250 2.0.0 taken\r\n")
            return True
        line = bytes(self.seen[:end])
        del self.seen[: end + 2]
        self._answer_command(line)
        return True

    def _answer_command(self, line: bytes) -> None:
        match line[:4].upper():
            case b"DATA":
                self._in_data = True
                self.send(b"354 go on\r\n")
            case b"RCPT":
                self._recipient = line.partition(b"<")[2].rstrip(b">")
                self.send(b"250 ok\r\n")
            case b"EHLO":
                self.send(b"250-sink\r\n250 8BITMIME\r\n")
            case b"QUIT":
                self.send(b"221 bye\r\n")
                if self.transport:
                    self.transport.close()
            case _:
                self.send(b"250 ok\r\n")


class HttpConnection(_BufferedConnection):
    """HTTP/1.1: accepts every POST as a short message, and lists the arrivals."""

    @override
    def take(self) -> bool:
        end = self.seen.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self.seen[:end])
        length = _LENGTH.search(head)
        request_end = end + 4 + (int(length[1]) if length else 0)
        if len(self.seen) < request_end:
            return False
        body = bytes(self.seen[end + 4 : request_end])
        del self.seen[:request_end]
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
        self.send(head % len(body) + body)


async def serve(smtp: int, http: int) -> None:
    """Serve SMTP and HTTP until the process is ended."""
    loop = asyncio.get_running_loop()
    await loop.create_server(SmtpConnection, HOST, smtp, backlog=512)
    await loop.create_server(HttpConnection, HOST, http, backlog=512)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
