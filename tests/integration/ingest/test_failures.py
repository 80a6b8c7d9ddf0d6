"""What fails inside: only what passes by itself is answered with "try again"."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store import offices

pytestmark = pytest.mark.integration
Statement = Callable[[AsyncConnection], Any]


@pytest.fixture
def failing(api: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Answers GET /v1/office with what comes of running a statement inside it, and the log."""

    async def ask(*statements: str, error: Exception | None = None) -> tuple[Any, list[Any]]:
        async def office(db: AsyncConnection, _: Any) -> None:
            for statement in statements:
                await db.execute(text(statement))
            if error is not None:
                raise error

        monkeypatch.setattr(offices, "get_office", office)
        with structlog.testing.capture_logs() as lines:
            answer = await api.client.get("/v1/office")
        assert answer.headers["content-type"] == "application/problem+json"
        return answer, lines

    return ask


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT no_such_column FROM ingest.offices",
        "SELECT * FROM ingest.no_such_table",
        "SELEC 1",
        "INSERT INTO ingest.offices (office_id) VALUES (gen_random_uuid())",
        "INSERT INTO ingest.offices SELECT * FROM ingest.offices",
    ],
)
async def test_a_fault_of_the_program_is_500_with_its_trace_in_the_log(
    failing: Any, statement: str
) -> None:
    answer, lines = await failing(statement)
    assert answer.status_code == 500, answer.text
    assert "retry-after" not in answer.headers
    told = answer.json()
    assert told["correlation_id"] == answer.headers["x-correlation-id"]
    (line,) = [line for line in lines if line["event"] == "http.failed"]
    assert line["log_level"] == "error"
    assert line["exc_info"].__traceback__ is not None
    assert "statement" not in told["detail"]
    assert statement not in json.dumps(told)


@pytest.mark.parametrize(
    "statements",
    [
        ("SET LOCAL ROLE NONE", "SELECT pg_terminate_backend(pg_backend_pid())"),
        ("SET LOCAL statement_timeout = '10ms'", "SELECT pg_sleep(60)"),
        ("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$",),
        ("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '53300'; END $$",),
        ("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '57P03'; END $$",),
    ],
    ids=["connection lost", "time-out", "deadlock", "too many connections", "starting"],
)
async def test_what_passes_by_itself_is_503_with_when_to_try_again(
    failing: Any, statements: tuple[str, ...]
) -> None:
    answer, lines = await failing(*statements)
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"] == "2"
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == [
        "http.unavailable"
    ]


@pytest.mark.parametrize("error", [MemoryError(), ConnectionResetError(), TimeoutError()], ids=repr)
async def test_memory_pressure_and_the_network_pass_by_themselves(
    failing: Any, error: Exception
) -> None:
    answer, _ = await failing(error=error)
    assert answer.status_code == 503


async def test_a_pool_that_is_used_up_is_503(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.engine.pool, "_timeout", 0.05)
    held = [await api.engine.connect() for _ in range(api.settings.database_pool)]
    try:
        async with asyncio.timeout(120):
            answer = await api.client.get("/v1/office")
    finally:
        for connection in held:
            await connection.close()
    assert answer.status_code == 503, answer.text


async def test_a_value_that_postgresql_refuses_is_the_senders(failing: Any) -> None:
    answer, _ = await failing("SELECT CAST('2023-13-45' AS date)")
    assert answer.status_code == 422


async def test_an_upload_that_is_broken_off_is_no_fault_of_the_program(api: Any) -> None:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/units/import",
        "query_string": b"",
        "headers": [
            (b"authorization", api.client.headers["Authorization"].encode()),
            (b"content-type", b"multipart/form-data; boundary=x"),
        ],
    }
    arriving = [
        {"type": "http.request", "body": b"--x\r\n", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return arriving.pop(0) if len(arriving) > 1 else arriving[0]

    async def send(_message: Any) -> None:
        pass

    with structlog.testing.capture_logs() as lines:
        await api.transport.app(scope, receive, send)
    assert [line["log_level"] for line in lines if line["log_level"] == "error"] == []
    assert "http.aborted" in {line["event"] for line in lines}
