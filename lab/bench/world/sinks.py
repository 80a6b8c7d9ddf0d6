"""Gateways that answer at once: `python -m lab.bench.world.sinks SMTP_PORT HTTP_PORT`.

They do as little as an SMTP and an HTTP server can do, so that only the sender is measured. Of each
message they store recipient, time, path and idempotency key: `GET /arrivals` lists recipients and
times, `GET /offers` recipients, times, paths and keys, one per line, and `GET /count` has their
number. Posts to a path that begins with `/dead` are taken and never answered, and not counted.
`GET /hold?N` withholds the answers from the Nth message on, until `GET /release`. `GET /delay?MS`
answers later.
"""

import asyncio
import re
import sys
import time
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import uvloop
from typing_extensions import override

from lab.stack.processes import HOST


class _Arrival(NamedTuple):
    """A message; `at` is in seconds since the epoch. Path and key are those of a POST."""

    recipient: bytes
    at: float
    path: bytes = b"-"
    key: bytes = b"-"


@dataclass
class _Behaviour:
    """How the HTTP server answers.

    Attributes:
        held_from: the number of the message from which on answers are withheld; None for none.
        held: the connections that wait for an answer.
        delay: seconds until an answer.
    """

    held_from: int | None = None
    held: list["HttpConnection"] = field(default_factory=list)
    delay: float = 0.0


_arrivals: list[_Arrival] = []
_behaviour = _Behaviour()
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
_TO = re.compile(rb'"to": *"([^"]*)"')
_KEY = re.compile(rb"(?i)\r\nwebhook-id: *([^\r]*)")
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
        if self.transport and not self.transport.is_closing():  # its client may have been killed
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
            _arrivals.append(_Arrival(self._recipient, time.time()))
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
        verb, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0]
        if verb == b"GET":
            self._answer(_answer_get(*path.partition(b"?")[::2]))
        elif not path.startswith(b"/dead"):
            self._take_message(head, path, body)
        return True

    def _take_message(self, head: bytes, path: bytes, body: bytes) -> None:
        to, key = _TO.search(body), _KEY.search(head)
        recipient, name = to[1] if to else b"", key[1] if key else b"-"
        _arrivals.append(_Arrival(recipient, time.time(), path, name))
        if _behaviour.held_from is not None and len(_arrivals) >= _behaviour.held_from:
            _behaviour.held.append(self)
        elif _behaviour.delay:
            asyncio.get_running_loop().call_later(_behaviour.delay, self.accept)
        else:
            self.accept()

    def accept(self) -> None:
        """Answer that the message is accepted."""
        self._answer(_ACCEPTED)

    def _answer(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self.send(head % len(body) + body)


def _answer_get(what: bytes, value: bytes) -> bytes:
    """The answer to a GET, which may change how messages are answered."""
    match what:
        case b"/count":
            return b"%d" % len(_arrivals)
        case b"/arrivals":
            return b"\n".join(b"%s %.6f" % (each.recipient, each.at) for each in _arrivals)
        case b"/offers":
            return b"\n".join(b"%s %.6f %s %s" % each for each in _arrivals)
        case b"/hold":
            _behaviour.held_from = int(value)
        case b"/release":
            _behaviour.held_from, held, _behaviour.held = None, _behaviour.held, []
            for connection in held:
                connection.accept()
        case b"/delay":
            _behaviour.delay = int(value) / 1000
        case _:
            pass
    return b""


async def serve(smtp: int, http: int) -> None:
    """Serve SMTP and HTTP until the process is ended."""
    loop = asyncio.get_running_loop()
    await loop.create_server(SmtpConnection, HOST, smtp, backlog=512)
    await loop.create_server(HttpConnection, HOST, http, backlog=512)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
