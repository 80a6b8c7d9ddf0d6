"""No secret in a log line, an error, a metric or a command line, whatever goes wrong."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from aiokafka import AIOKafkaProducer

from lab.stack.processes import find_free_ports
from shared.kafka.broker.codec import encode
from shared.schemas.topics import REMINDERS, TOPICS, apply_prefix
from tests.fuzz.world import send_named
from tests.integration.ingest.conftest import Api
from tests.integration.notifier.world import make_reminder, to_envelope

pytestmark = pytest.mark.integration
PATIENCE = 300.0
NAMES = ("ingest", "scheduler", "notifier")
SECRETS = {
    "database password": "d4tabase-hush",
    "mail password": "m4il-hush",
    "gateway password": "g4teway-hush",
    "gateway key": "k3y-hush",
    "signing key": "c2lnbmluZy1odXNoLXNpZ25pbmctaHVzaC1zaWduaW5n",
    "wrong token": "cuiban_wr0ng-hush",
    "mail address": "hush@hush.example",
    "mobile": "13812345678",
}
DIRECTORY = f"name,liaison_email,liaison_mobile\n县教体局,{SECRETS['mail address']},13812345678\n"


class Services:
    """The three services as processes, at the debug level, and all that they said."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.ports: dict[str, int] = {}
        self.children: dict[str, asyncio.subprocess.Process] = {}
        self.said = bytearray()
        self._readers: list[asyncio.Task[None]] = []

    async def start(self, name: str, **changes: str) -> asyncio.subprocess.Process:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"services.{name}.app"),
            env={**self.environment, **changes},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self.children[name] = child
        self._readers.append(asyncio.create_task(self._read(child)))
        return child

    async def _read(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        while part := await child.stdout.read(65536):
            self.said += part

    async def until(self, word: str, times: int = 1) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.said.count(word.encode()) < times:
                for name, child in self.children.items():
                    assert child.returncode is None, f"{name} ended: {self.said[-2000:]!r}"
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        for child in self.children.values():
            if child.returncode is None:
                child.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(child.wait() for child in self.children.values()))
            await asyncio.gather(*self._readers)


async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A mail server that refuses every password, and repeats what it was sent."""
    writer.write(b"220 hi\r\n")
    with suppress(ConnectionError):
        while line := await reader.readline():
            kind = line[:4].upper()
            known = {b"EHLO": b"250-hi\r\n250 AUTH PLAIN LOGIN\r\n", b"AUTH": b"535 no " + line}
            writer.write(known.get(kind, b"250 ok\r\n"))
    writer.close()


async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A gateway that fails, and repeats the address that it was sent."""
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        body = b'{"code": 7, "message": "13812345678"}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert head
    writer.close()


@pytest.fixture
async def services(api: Api, make_settings: Any) -> AsyncIterator[Services]:
    for name in ("scheduler", "notifier"):
        await make_settings(type(api.settings), name)
    mail = await asyncio.start_server(refuses, "127.0.0.1", 0)
    sms = await asyncio.start_server(breaks, "127.0.0.1", 0)
    ports = [server.sockets[0].getsockname()[1] for server in (mail, sms)]
    url = urlsplit(api.settings.database_url.get_secret_value())
    user, place = url.username or "cuiban", f"{url.hostname}:{url.port}{url.path}"
    started = Services(
        {
            "PATH": os.environ["PATH"],
            "CUIBAN_KAFKA": api.settings.kafka,
            "CUIBAN_TOPIC_PREFIX": api.settings.topic_prefix,
            "CUIBAN_DATABASE_URL": (f"postgresql://{user}:{SECRETS['database password']}@{place}"),
            "CUIBAN_SMTP_URL": f"smtp://u:{SECRETS['mail password']}@127.0.0.1:{ports[0]}",
            "CUIBAN_SMTP_STARTTLS": "never",
            "CUIBAN_SMS_URL": (
                f"http://u:{SECRETS['gateway password']}@127.0.0.1:{ports[1]}/"
                f"?key={SECRETS['gateway key']}"
            ),
            "CUIBAN_SMS_SECRET": f"whsec_{SECRETS['signing key']}",
            "CUIBAN_QUIET_SMS": "none",
            "CUIBAN_LOG_LEVEL": "DEBUG",
            "CUIBAN_LOG_FORMAT": "json",
            "CUIBAN_SESSION_TIMEOUT": "PT6S",
        }
    )
    yield started
    await started.stop()
    for server in (mail, sms):
        server.close()


async def test_no_secret_leaves_a_service_whatever_goes_wrong(api: Api, services: Services) -> None:
    http, *metrics = find_free_ports(4)
    for name, port in zip(NAMES, metrics, strict=True):
        await services.start(name, CUIBAN_METRICS_PORT=str(port), CUIBAN_HTTP_PORT=str(http))
    await services.until("service.started", 3)
    children = services.children.values()
    commands = [" ".join(psutil.Process(child.pid).cmdline()).encode() for child in children]
    token = api.client.headers["Authorization"].removeprefix("Bearer ")
    answers = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{http}", timeout=PATIENCE) as client:
        answers.append(await client.get("/v1/office", headers=bearer(SECRETS["wrong token"])))
        file = {"file": ("u.csv", DIRECTORY)}
        taken = await client.post("/v1/units/import", files=file, headers=bearer(token))
        assert taken.status_code == 200, taken.text
        file = {"file": ("u.csv", DIRECTORY.replace("13812345678", "x") + "\0")}
        answers.append(await client.post("/v1/units/import", files=file, headers=bearer(token)))
        answers.append(await client.post("/v1/tokens", content=b"{", headers=bearer(token)))
        await hostile(api, services)
        await services.until("gateway.rests")
        await services.until("attempt.again")
        await api.fetch_rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND application_name LIKE 'cuiban-%'"
        )
        answers.append(await client.get("/v1/units?name=x", headers=bearer(token)))
        for port in metrics:
            answers += [
                await client.get(f"http://127.0.0.1:{port}{path}")
                for path in ("/metrics", "/health/ready")
            ]
    shown = b"".join(answer.content for answer in answers) + b"".join(commands)
    for name, child in services.children.items():
        assert child.returncode is None, f"{name} ended"
    await services.stop()
    await start_with_wrong_addresses(services)
    said = bytes(services.said)
    assert said.count(b"CUIBAN_DATABASE_URL") == 4
    for what, secret in {**SECRETS, "token": token}.items():
        assert secret.encode() not in said, f"a log holds the {what}"
        assert secret.encode() not in shown, f"an answer or a command line holds the {what}"


async def start_with_wrong_addresses(services: Services) -> None:
    """Every service refuses a database address that is unreadable or unreachable."""
    wrong = [(name, "@[::1/x") for name in NAMES] + [("ingest", "@127.0.0.1:1/x")]
    refused = [
        await services.start(
            name,
            CUIBAN_DATABASE_URL=f"postgresql://u:{SECRETS['database password']}{address}",
        )
        for name, address in wrong
    ]
    async with asyncio.timeout(PATIENCE):
        assert {await child.wait() for child in refused} == {78}
    await services.stop()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def hostile(api: Api, services: Services) -> None:
    """A reminder for the unit, and poison on every topic."""
    prefix = api.settings.topic_prefix
    one = encode(to_envelope(make_reminder()))
    async with AIOKafkaProducer(
        bootstrap_servers=api.settings.kafka, max_request_size=8 * 2**20
    ) as producer:
        for topic in TOPICS:
            await producer.send_and_wait(
                apply_prefix(topic.name, prefix), b"\xff13812345678", key=b"k"
            )
            await send_named(
                producer, apply_prefix(topic.name, prefix), "催办".encode("gbk"), b"{}"
            )
        name = apply_prefix(REMINDERS.name, prefix)
        await producer.send_and_wait(name, b"x" * (8 * 2**20 - 1000), key=b"k")
        await producer.send_and_wait(name, one.value, key=one.key, headers=list(one.headers))
    await services.until("record.dead_lettered", 18)
