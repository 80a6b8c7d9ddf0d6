"""Spans are below the one that the task is in, and are sent as OpenTelemetry asks."""

import asyncio
from threading import Event

import pytest

from shared.tracing import exporting, spans
from shared.tracing.starting import start_tracing
from tests.recorded_spans import OtlpReceiver, keep_spans

PATIENCE = 60.0
REMOTE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_RECORDED = REMOTE.removesuffix("01") + "00"


def test_a_span_is_below_the_one_that_the_task_is_in() -> None:
    with keep_spans() as tracer:
        with spans.open_span("outer", spans.Kind.SERVER, {}, parent=REMOTE):
            with spans.open_span("inner", spans.Kind.CLIENT, {}):
                pass
            with spans.open_span("apart", spans.Kind.CLIENT, {}, parent=""):
                pass
        outer, inner, apart = tracer.kept
    assert outer.traceparent.split("-")[1] == REMOTE.split("-")[1]
    assert (inner.trace_id, inner.parent) == (outer.trace_id, outer.span_id)
    assert apart.trace_id != outer.trace_id
    assert all(each.ended for each in tracer.kept)
    assert spans.get_traceparent() == ""


def test_a_span_whose_work_fails_names_the_error_without_its_text() -> None:
    with (
        keep_spans() as tracer,
        pytest.raises(ValueError, match="13900000000"),
        spans.open_span("tried", spans.Kind.SERVER, {}),
    ):
        raise ValueError("13900000000")
    (span,) = tracer.kept
    assert (span.failed, span.ended) == ("ValueError", True)


async def test_tasks_beside_each_other_have_spans_of_their_own() -> None:
    async def work(name: str, begun: asyncio.Event, goes_on: asyncio.Event) -> str:
        with spans.open_span(name, spans.Kind.CLIENT, {}) as span:
            begun.set()
            await goes_on.wait()
            assert spans.get_traceparent() == span.traceparent
        return span.traceparent

    with keep_spans():
        begun, goes_on = asyncio.Event(), asyncio.Event()
        first = asyncio.create_task(work("first", begun, goes_on))
        await begun.wait()
        goes_on.set()
        second = await work("second", asyncio.Event(), goes_on)
        assert await first != second


def test_a_receiver_gets_what_was_recorded() -> None:
    with OtlpReceiver() as receiver:
        start_tracing("tried", receiver.url)
        try:
            with spans.open_span(
                "apply", spans.Kind.CONSUMER, {"a": "b", "c": ("d",), "n": 7}, parent=REMOTE
            ) as span:
                span.rename("apply it")
            with spans.open_span("unseen", spans.Kind.SERVER, {}, parent=NOT_RECORDED) as unseen:
                passed_on = unseen.traceparent
        finally:
            spans.stop_tracing()
        (seen,) = receiver.wait(lambda seen: len(seen) >= 1, PATIENCE)
    assert (seen.name, seen.service) == ("apply it", "cuiban-tried")
    assert seen.attributes == {"a": "b", "c": ["d"], "n": 7}
    assert f"00-{seen.trace_id:032x}-{seen.parent:016x}-01" == REMOTE
    assert passed_on.startswith(NOT_RECORDED[:35])
    assert passed_on.endswith("-00")
    assert not spans.is_traced()


def test_a_receiver_that_hangs_delays_the_end_of_a_process_by_seconds_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tracer = exporting.OtlpTracer("tried", "http://127.0.0.1:1")
    shut_down = tracer._provider.shutdown
    answers, ended = Event(), Event()

    def hang() -> None:
        answers.wait(PATIENCE)
        ended.set()

    monkeypatch.setattr(exporting, "_LAST_SENDING", 0.01)
    monkeypatch.setattr(tracer._provider, "shutdown", hang)
    tracer.close()
    assert not ended.is_set()
    answers.set()
    shut_down()
