"""Requests are spans: below the caller's, named by their route, without what an address holds."""

import json

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.kafka.broker.codec import TRACEPARENT
from shared.tracing.spans import Kind
from tests.integration.ingest.conftest import Api
from tests.recorded_spans import keep_spans

pytestmark = pytest.mark.integration
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = int(CALLER.split("-")[1], 16)


async def list_contexts(api: Api) -> set[str | None]:
    """What the rows of the outbox carry that tell of a unit."""
    rows = await api.fetch_rows("SELECT headers FROM ingest.outbox WHERE topic LIKE '%directory%'")
    headers = (json.loads(r.headers) if isinstance(r.headers, str) else r.headers for r in rows)
    return {dict(each).get(TRACEPARENT) for each in headers}


async def test_what_a_request_publishes_is_below_it_and_carries_its_trace(api: Api) -> None:
    with keep_spans() as tracer:
        await api.client.post(
            "/v1/units/import",
            files={"file": ("u.csv", "单位名称\n县财政局\n")},
            headers={"traceparent": CALLER},
        )
    request = tracer.get("POST /v1/units/import")
    assert (request.kind, request.trace_id) == (Kind.SERVER, TRACE)
    assert request.traceparent.split("-")[1] == CALLER.split("-")[1]
    assert f"{request.parent:016x}" == CALLER.split("-")[2]
    assert request.attributes["http.response.status_code"] == 200
    published = tracer.get("publish UnitUpserted")
    assert (published.trace_id, published.parent) == (TRACE, request.span_id)
    assert await list_contexts(api) == {published.traceparent}


async def test_without_a_tracer_nothing_of_a_trace_is_stored(api: Api) -> None:
    await api.client.post(
        "/v1/units/import",
        files={"file": ("u.csv", "单位名称\n县财政局\n")},
        headers={"traceparent": CALLER},
    )
    assert await list_contexts(api) == {None}


async def test_a_broken_context_begins_a_trace(api: Api) -> None:
    with keep_spans() as tracer:
        answer = await api.client.get("/v1/office", headers={"traceparent": CALLER + "-more"})
    assert answer.status_code == 200
    (span,) = tracer.kept
    assert (span.parent, span.trace_id != TRACE) == (0, True)


async def test_a_secret_address_a_query_and_an_unknown_method_are_in_no_span(api: Api) -> None:
    with keep_spans() as tracer:
        await api.client.get("/v1/feeds/s3cret.ics")
        await api.client.get("/v1/ledger", params={"q": "s3cret"})
        await api.client.get("/s3cret")
        await api.client.request("S3CRET", "/v1/office")
    names = [span.name for span in tracer.kept]
    assert names[:3] == ["GET /v1/feeds/{secret}.ics", "GET /v1/ledger", "GET"]
    assert "_OTHER" in names[3]
    assert "s3cret" not in repr(tracer.kept).lower()


async def test_an_error_of_the_program_marks_the_span(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("s3cret")

    monkeypatch.setattr("services.ingest.handlers.ledger.ledger.get_office_day", fail)
    with keep_spans() as tracer:
        answer = await api.client.get("/v1/ledger")
    (span,) = tracer.kept
    assert answer.status_code == 500
    assert (span.name, span.failed, span.ended) == ("GET /v1/ledger", "500", True)
    assert "s3cret" not in repr(span)


async def test_fastapi_records_nothing_by_itself(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    assert (await api.client.get("/v1/office?s3cret")).status_code == 422
    assert exporter.get_finished_spans() == ()
