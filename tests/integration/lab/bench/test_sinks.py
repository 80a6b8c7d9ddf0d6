"""The gateway of the benches answers whatever became of its clients."""

import asyncio
from pathlib import Path

import pytest

from lab.bench.paths.latency import ask_sink
from lab.bench.world.processes import run_sinks

pytestmark = pytest.mark.integration
_MESSAGE = b"POST /sms HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"


async def test_answers_that_are_withheld_from_a_client_that_is_gone_are_released(
    tmp_path: Path,
) -> None:
    async with run_sinks(tmp_path) as sink:
        await asyncio.to_thread(ask_sink, sink, "hold?1")
        _, writer = await asyncio.open_connection("127.0.0.1", sink.ports[1])
        writer.write(_MESSAGE)
        while await asyncio.to_thread(ask_sink, sink, "count") != b"1":  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
        writer.transport.abort()
        await asyncio.sleep(0)  # the end of the connection leaves before what follows
        for _ in range(3):
            await asyncio.to_thread(ask_sink, sink, "count")
        assert await asyncio.to_thread(ask_sink, sink, "release") == b""
