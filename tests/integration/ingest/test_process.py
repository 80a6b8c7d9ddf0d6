"""The process: it refuses to start without what it stands on, and serves and stops properly."""

import asyncio
import os
import signal
import sys

import pytest

from shared.kafka.broker.provisioning import create_topics

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
async def _topics(api):
    await create_topics(api.settings)


async def start(settings, **changes):
    environment = {
        **os.environ,
        "CUIBAN_KAFKA": settings.kafka,
        "CUIBAN_TOPIC_PREFIX": settings.topic_prefix,
        "CUIBAN_DATABASE_URL": settings.database_url.get_secret_value(),
        "CUIBAN_HTTP_PORT": "0",
        "CUIBAN_LOG_FORMAT": "json",
        **changes,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.ingest.app",
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"CUIBAN_TOPIC_PREFIX": "none."}, "cuiban topics"),
        ({"CUIBAN_HTTP_PORT": "99999"}, "CUIBAN_HTTP_PORT"),
        ({"CUIBAN_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "CUIBAN_DATABASE_URL"),
    ],
)
async def test_it_refuses_with_a_clear_message(api, changes, hint):
    process = await start(api.settings, **changes)
    async with asyncio.timeout(120):
        _, said = await process.communicate()
    assert process.returncode == 78
    assert hint in said.decode()
    assert "Traceback" not in said.decode()


async def test_it_starts_and_stops_on_a_signal(api):
    process = await start(api.settings)
    assert process.stderr is not None
    async with asyncio.timeout(120):
        while b"service.started" not in (line := await process.stderr.readline()):
            assert line, "it ended before it had started"
        process.send_signal(signal.SIGTERM)
        rest = await process.stderr.read()
        assert await process.wait() == 0, rest.decode()
