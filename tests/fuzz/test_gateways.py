"""Whatever a gateway answers, there is an outcome within the time-out that a table can hold."""

import asyncio
import gzip
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.message import (
    Content,
    Message,
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
)
from services.notifier.gateways.building import make_webhook
from services.notifier.gateways.email import EmailGateway, parse_smtp_url
from services.notifier.gateways.http_gateway import HttpGateway
from services.notifier.gateways.protocol import Gateway
from tests.fuzz.profiles import fuzzed

TIMEOUT, LONGER, PATIENCE = 0.4, 3.0, 120.0
"""Seconds: a gateway's time-out where any outcome will do, one within which a server on this
machine surely hears of us, and those after which a test hangs."""
NOW = datetime(2023, 8, 30, 1, 0, tzinfo=UTC)
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[int]:
    """A server on the port that is given, which answers each connection so."""
    open_now: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await answer(reader, writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for writer in open_now:
        writer.transport.abort()


def webhook(port: int, seconds: float = TIMEOUT) -> HttpGateway:
    vendor = make_webhook(f"http://127.0.0.1:{port}/", "", success=("0",))
    return HttpGateway(vendor, timeout=timedelta(seconds=seconds), now=lambda: NOW)


def smtp(port: int) -> EmailGateway:
    server = parse_smtp_url(f"smtp://127.0.0.1:{port}")
    wait = timedelta(seconds=TIMEOUT)
    return EmailGateway(server, mail_from="a@b.example", timeout=wait, now=lambda: NOW)


async def outcome(gateway: Gateway) -> Outcome:
    message = Message(uuid4(), "someone@unit.example", "县财政局", Content("题", "文", "<p>文"))
    try:
        async with asyncio.timeout(PATIENCE):
            found = await gateway.send(message)
    finally:
        await gateway.close()
    told = found.gateway_message_id if isinstance(found, MessageAccepted) else found.detail
    assert not set(map(unicodedata.category, told)) & {"Cc", "Cs"}, "no table could hold it"
    assert len(told) < 300
    return found


def http(body: bytes, status: bytes = b"200 OK", headers: bytes = b"") -> bytes:
    length = b"content-length: %d\r\n\r\n" % len(body)
    return b"HTTP/1.1 " + status + b"\r\n" + headers + length + body


def saying(raw: bytes) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)

    return answer


def for_ever(raw: bytes, again: bytes, pause: float = 0.0) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        while True:
            writer.write(again)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


PIECES = st.sampled_from(
    (
        *(
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 503 X\r\n",
            b"HTTP/1.1 100 Go\r\n",
            b"\r\n",
            b"\x00\xff",
        ),
        *(b"content-length: 9\r\n", b"content-length: -1\r\n", b"transfer-encoding: chunked\r\n"),
        *(b"content-encoding: gzip\r\n", b"content-type: \xff;;=\r\n", b"retry-after: 9e9\r\n"),
        *(b'{"code":0,"id":"\\u0000\\ud800"}', b'{"code":"\\u202e\\u0000"}', b"[" * 40_000),
        *(b'{"code":' + b"9" * 5000 + b"}", b"x: " + b"a" * 20_000 + b"\r\n", b"zz\r\n", b"9\r\n"),
        *(b"location: http://127.0.0.1:1/\r\n", b"connection: upgrade\r\n", b"220 hi\r\n"),
    )
)


@fuzzed
@given(st.lists(PIECES | st.binary(max_size=30), max_size=8))
async def test_whatever_an_http_gateway_answers_there_is_an_outcome(pieces: list[bytes]) -> None:
    async with serving(saying(b"".join(pieces))) as port:
        await outcome(webhook(port))


@fuzzed
@given(
    st.sampled_from((b"EHLO", b"MAIL", b"RCPT", b"DATA", b"")),
    st.lists(
        st.sampled_from(
            (
                *(
                    b"250 ok\r\n",
                    b"250-more\r\n",
                    b"354 go\r\n",
                    b"421 bye\r\n",
                    b"550 \x00\xff\r\n",
                ),
                *(b"550-\xed\xa0\x80\r\n", b"\r\n", b"999 what\r\n", b"000\r\n", b"250", b"\x00"),
                *(b"2" * 9000 + b"\r\n", b"250 " + b"x" * 9000 + b"\r\n", b"250-AUTH LOGIN\r\n"),
                *(b"250 STARTTLS\r\n", b"250-" + b"a\r\n250-" * 4000, b"450 \xe2\x80\xae\r\n"),
            )
        )
        | st.binary(max_size=30),
        max_size=5,
    ),
)
async def test_whatever_a_mail_server_answers_there_is_an_outcome(
    command: bytes, pieces: list[bytes]
) -> None:
    said = b"".join(pieces) or b"\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n" if command else said)
        while line := await reader.readuntil(b"\n"):
            usual = b"354 go\r\n" if line.startswith(b"DATA") else b"250 ok\r\n"
            writer.write(said if line.upper().startswith(command) else usual)

    async with serving(answer) as port:
        await outcome(smtp(port))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 50_000), OutcomeUnknown),
        (for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"1", pause=0.05), OutcomeUnknown),
        (for_ever(b"HTTP/1.1 200 OK\r\n", b"x: a\r\n" * 1000), OutcomeUnknown),
        (for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.001), OutcomeUnknown),
        (
            saying(http(gzip.compress(b" " * 10**7), headers=b"content-encoding: gzip\r\n")),
            OutcomeUnknown,
        ),
        (saying(http(b"", b"302 Found", b"location: http://127.0.0.1:1/\r\n")), OutcomeUnknown),
        (saying(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{}"), OutcomeUnknown),
        (saying(http(b"[" * 60_000)), OutcomeUnknown),  # no JSON: HTTP 200 alone does not decide
        (for_ever(b"HTTP/1.1 400 Bad\r\n\r\n", b" " * 50_000), MessageRefused),
    ],
    ids=range(9),
)
async def test_an_answer_without_end_or_measure_is_cut_short(
    answer: Answer, expected: type[Outcome]
) -> None:
    async with serving(answer) as port:
        assert isinstance(await outcome(webhook(port, LONGER)), expected)


async def test_a_failure_that_comes_in_two_parts_is_a_failure() -> None:
    """The first part alone was read, was no JSON, and so counted as accepted."""
    raw = http(b'{"code": 17, "message": "no money left"}')

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw[:-20])
        await writer.drain()
        await asyncio.sleep(0.05)  # so that the parts travel apart
        writer.write(raw[-20:])

    async with serving(answer) as port:
        found = await outcome(webhook(port, PATIENCE))
    assert isinstance(found, MessageRefused)
    assert found.detail == "code: 17"
