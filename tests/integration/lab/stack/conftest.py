import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientTimeout

from lab.stack.processes import spawn, wait_ready
from lab.stack.testing import Engines, prepare_sinks, run_engines
from tests.integration.lab.stack.sink_requests import SECRET, Sinks


@pytest.fixture(scope="package")
def local_engines() -> Iterator[Engines]:
    with (
        tempfile.TemporaryDirectory(prefix="cuiban-") as state,
        run_engines(Path(state)) as running,
    ):
        yield running


@pytest.fixture
def state() -> Iterator[Path]:
    """A short path that accounts other than the caller's may pass."""
    with tempfile.TemporaryDirectory(prefix="cuiban-") as directory:
        yield Path(directory)


@pytest.fixture(scope="module")
def sinks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sinks]:
    state = tmp_path_factory.mktemp("sinks")
    program, smtp_port, http_port = prepare_sinks(state, SECRET)
    child = spawn(program, mark=state)
    try:
        wait_ready(program, child)
        yield Sinks(smtp_port, f"http://127.0.0.1:{http_port}")
    finally:
        child.terminate()
        child.wait(timeout=60)


@pytest.fixture
async def http(sinks: Sinks) -> AsyncIterator[ClientSession]:
    timeout = ClientTimeout(total=120)
    async with ClientSession(base_url=sinks.url, timeout=timeout) as session:
        await session.put("/faults", json={"email": "ok", "sms": "ok"})
        await session.delete("/messages")
        yield session
