"""A page begins a trace, whatever its visitor names, and its calls of the API go on with it."""

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.types import Receive, Scope, Send

from services.console.application import create_application
from services.console.client import ApiClient, Browser
from services.console.settings import ConsoleSettings
from services.console.shell.boundary import PageBoundary
from services.console.shell.context import make_context
from shared.api.accounts import ProviderOut
from tests.recorded_spans import keep_spans

VISITOR = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
EMPTY = {"items": [], "next_cursor": None}


async def test_a_page_begins_a_trace_and_its_calls_go_on_with_it() -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("traceparent", ""))
        return httpx.Response(200, json=EMPTY)

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        async with httpx.AsyncClient(
            transport=httpx.MockTransport(answer), base_url="http://api.test"
        ) as http:
            api = ApiClient(http, Browser("127.0.0.1", "test", "1"))
            await api.list_page(ProviderOut, "/v1/sessions/openid")
            async with api.open_file("/v1/report.csv"):
                pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    application = PageBoundary(page, answer_fault=None)
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
        with keep_spans() as tracer:
            await client.get("/u/s3cret", headers={"traceparent": VISITOR})
        (span,) = tracer.kept
        assert (span.parent, span.name, span.ended) == (0, "GET", True)
        assert sent == [span.traceparent, span.traceparent]
        assert "s3cret" not in repr(span)
        await client.get("/u/s3cret", headers={"traceparent": VISITOR})
        assert sent[2:] == ["", ""]


async def test_fastapi_records_nothing_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its spans have paths and queries, and an address of the portal is a secret."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    application = create_application(make_context(ConsoleSettings(api="http://127.0.0.1:1")))
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
        assert (await client.get("/login?s3cret")).status_code == 200
    assert exporter.get_finished_spans() == ()
