"""What a served connection is like."""

import asyncio
import socket

import pytest
from starlette.responses import PlainTextResponse

from shared.process.serving import listen, serve

_REQUEST = b"GET / HTTP/1.1\r\nHost: cuiban.test\r\n\r\n"


def test_an_answer_is_sent_at_once() -> None:
    """Without TCP_NODELAY the body of each answer waits for the client's delayed acknowledgment."""
    with (
        listen("127.0.0.1", 0, "CUIBAN_HTTP_PORT") as listening,
        socket.create_connection(listening.getsockname()),
    ):
        served, _ = listening.accept()
        with served:
            assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_connection_outlives_the_pause_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that comes 60 s after the last one is answered on the same connection."""
    sock = listen("127.0.0.1", 0, "CUIBAN_HTTP_PORT")
    serving = asyncio.create_task(serve(PlainTextResponse("here"), sock, ""))
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    try:
        await _ask(reader, writer)
        loop = asyncio.get_running_loop()
        measure = loop.time
        monkeypatch.setattr(loop, "time", lambda: measure() + 60)
        await asyncio.sleep(0)  # a round of the loop: what is due by now is done
        await asyncio.sleep(0)
        await _ask(reader, writer)
    finally:
        writer.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(_REQUEST)
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert await reader.readexactly(4) == b"here"
