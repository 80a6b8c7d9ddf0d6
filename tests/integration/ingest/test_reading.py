"""Files are read in a process of their own, which is limited, killed, and knows nothing."""

import asyncio
import os
import signal
import sys
import tracemalloc
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.ingest.api.application import create_application
from services.ingest.api.context import ApiContext
from services.ingest.api.reading import read_file
from services.ingest.extraction.plans.reading import read_plan_with_source
from services.ingest.handlers.units.file import read_units

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]
TABLE = "县2023年政务公开任务分解表\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
ROW = "{0}\t任务{0}\t公开第{0}类事项目录，完善公开流程。\t县财政局、县审计局等部门\t6月底前\n"
LONG = TABLE + "".join(ROW.format(n) for n in range(1, 5001))


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT))
    from tests.integration.ingest import readers as module  # noqa: PLC0415 - on the path by now

    return module


@pytest.fixture
async def reading(api: Any) -> AsyncIterator[Callable[..., httpx.AsyncClient]]:
    """`reading(read, reading_time=…)`: a client of an API that reads plans with `read`."""
    clients = []

    def client(read: Any, **changed: object) -> httpx.AsyncClient:
        settings = api.settings.model_copy(update=changed)
        app = create_application(ApiContext(api.engine, api.clock, settings, read))
        clients.append(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://ingest.test",
                headers=api.client.headers,
            )
        )
        return clients[-1]

    yield client
    for one in clients:
        await one.aclose()


async def post(client: httpx.AsyncClient, data: bytes | str, name: str = "a.txt") -> httpx.Response:
    content = data.encode() if isinstance(data, str) else data
    async with asyncio.timeout(300):
        return await client.post("/v1/plans", files={"file": (name, content)})


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(300):
        while not holds():  # noqa: ASYNC110 - another process, or a lock, tells nobody
            await asyncio.sleep(0.02)


async def process_of(place: Path) -> int:
    """The id that a reader wrote."""
    await until(lambda: place.exists() and place.read_text())
    return int(place.read_text())  # noqa: ASYNC240 - a few bytes


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_reader_that_hangs_is_killed_and_the_api_answers_meanwhile(
    reading: Any, readers: Any, tmp_path: Path
) -> None:
    client = reading(readers.hang, reading_time=timedelta(seconds=20))
    place = tmp_path / "pid"
    sent = asyncio.create_task(post(client, str(place)))
    pid = await process_of(place)
    async with asyncio.timeout(60):
        assert (await client.get("/v1/office")).status_code == 200
    assert not sent.done()
    answer = await sent
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "urn:cuiban:problem:document-too-slow"
    assert "divide the file" in answer.json()["hint"]
    assert is_gone(pid)


async def test_a_caller_that_goes_away_takes_the_reader_with_it(
    reading: Any, readers: Any, tmp_path: Path
) -> None:
    client = reading(readers.hang)
    place = tmp_path / "pid"
    sent = asyncio.create_task(post(client, str(place)))
    pid = await process_of(place)
    sent.cancel()
    await asyncio.gather(sent, return_exceptions=True)
    await until(lambda: is_gone(pid))


async def test_a_reader_without_its_service_ends_by_itself(tmp_path: Path, readers: Any) -> None:
    place = tmp_path / "pid"
    (tmp_path / "file").write_text(str(place))
    with (tmp_path / "file").open("rb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.ingest.api.reader"),
            *(f"{readers.__name__}:hang", "1", str(2**29), "a.txt"),
            stdin=file,
            cwd=ROOT,
        )
        async with asyncio.timeout(300):
            assert await process.wait() == -signal.SIGALRM


async def test_a_reader_that_takes_too_much_memory_is_refused(reading: Any, readers: Any) -> None:
    answer = await post(reading(readers.take, reading_memory=200 * 2**20), LONG[:2000])
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "urn:cuiban:problem:document-too-demanding"
    assert "divide the file" in answer.json()["hint"]


async def test_a_reader_that_crashes_ends_alone(reading: Any, readers: Any, api: Any) -> None:
    answer = await post(reading(readers.crash), "x")
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:cuiban:problem:document-unreadable"
    assert (await api.import_plan())["measures"] > 40


async def test_the_reader_gets_neither_secrets_nor_connections(
    api: Any, readers: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CUIBAN_DATABASE_URL", "postgresql://x:secret@127.0.0.1/x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    place = tmp_path / "file"
    place.write_bytes(b"x")
    parts = ApiContext(api.engine, api.clock, api.settings, read_plan_with_source)
    async with api.engine.connect():  # a connection that is open
        with place.open("rb") as file:
            seen = await read_file(parts, readers.list_surroundings, "a", file)
    assert not [each for each in seen if each.startswith(("CUIBAN_", "AWS_", "socket:"))]
    assert str(place) in seen


@pytest.mark.parametrize("read", [read_plan_with_source, read_units], ids=["plan", "units"])
async def test_what_is_read_is_what_the_reader_makes_of_it(
    api: Any, read: Any, tmp_path: Path
) -> None:
    units = "单位名称,分组,联络员邮箱,联络员起始日期\n"
    units += "".join(f"单位{n},组一;组二,a{n}@b.example,2024/1/1\n" for n in range(1000))
    plan = "".join(LONG.splitlines(keepends=True)[:1000])
    name, data = ("a.txt", plan) if read is read_plan_with_source else ("u.csv", units)
    place = tmp_path / "file"
    place.write_bytes(data.encode())
    parts = ApiContext(api.engine, api.clock, api.settings, read_plan_with_source)
    with place.open("rb") as file:
        assert await read_file(parts, read, name, file) == read(name, data.encode())


async def test_five_thousand_rows_are_imported(api: Any) -> None:
    answer = await post(api.client, LONG)
    assert answer.status_code == 201, answer.text
    assert answer.json()["measures"] == 5000


def sending(size: int) -> dict[str, Any]:
    """A form with a file of so many bytes, which is never whole in memory."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    chunk = b"x" * 2**16

    async def body() -> AsyncIterator[bytes]:
        yield head
        for _ in range(size // len(chunk)):
            yield chunk
        yield b"\r\n--b--\r\n"

    return {
        "content": body(),
        "headers": {"Content-Type": "multipart/form-data; boundary=b"},
        "timeout": None,
    }


async def test_uploads_that_wait_are_on_disk_and_others_wait_to_send_theirs(
    reading: Any, readers: Any, tmp_path: Path
) -> None:
    client = reading(
        readers.hang,
        uploads=4,
        uploads_wait=timedelta(seconds=1),
        reading_time=timedelta(minutes=10),
    )
    place = tmp_path / "pid"
    first = asyncio.create_task(post(client, str(place)))
    await process_of(place)
    tracemalloc.start()
    try:
        waiting = [
            asyncio.create_task(client.post("/v1/plans", **sending(15 * 2**20))) for _ in range(3)
        ]
        app = client._transport.app  # type: ignore[attr-defined]
        lock = app.state.context.reading
        await until(lambda: len(lock._waiters or ()) == len(waiting))
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 8 * 2**20
    assert peak < 20 * 2**20
    busy = await post(client, "x")
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "10")
    for task in (first, *waiting):
        task.cancel()
    await asyncio.gather(first, *waiting, return_exceptions=True)
    again = reading(read_plan_with_source)
    assert (await post(again, LONG[:2000])).status_code == 201


async def test_a_file_over_the_limit_is_413_without_being_read(reading: Any, readers: Any) -> None:
    client = reading(readers.crash, document_limit=2**20)
    for path in ("/v1/plans", "/v1/units/import"):
        refused = await client.post(path, **sending(2**20 + 2**19))
        assert (refused.status_code, refused.json()["hint"][:6]) == (413, "请分几次发送")
        within = await client.post(path, **sending(2**20 + 2**16 - 2**16))
        assert within.status_code == 422


async def test_a_revision_may_be_as_large_as_a_plan(api: Any) -> None:
    plan = await api.publish_plan()
    path = f"/v1/plans/{plan['plan_id']}/revisions"
    answer = await api.client.post(path, **sending(3 * 2**20))
    assert answer.status_code == 422, answer.text
    assert "document-" in answer.json()["type"]
