"""An event's context goes through outbox, relay and broker to the handler of the next service."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.kafka.delivery.group import run_group
from shared.kafka.outbox.publishing import publish
from shared.schemas.envelope import Envelope
from shared.tracing.spans import Kind, open_span, within
from tests.integration.running import run_loops
from tests.integration.shared.consuming import PATIENCE, TABLES, World, make_envelope, store
from tests.recorded_spans import KeepingTracer, RecordedSpan, keep_spans

pytestmark = pytest.mark.integration


async def deliver(world: World, numbers: list[int]) -> list[Envelope]:
    """Deliver what was sent, until the effects are there; what the handler got."""
    handled: list[Envelope] = []

    async def handle(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        await store(db, envelopes)
        handled.extend(envelopes)

    world.consumer.handle = handle
    async with run_loops(run_group(world.consumer, world.settings, "tried")):
        assert await world.wait_for_numbers(numbers) == numbers
    return handled


def find(tracer: KeepingTracer, name: str, envelope: Envelope) -> RecordedSpan:
    (span,) = (
        each
        for each in tracer.kept
        if each.name == name and each.attributes["cloudevents.event_id"] == str(envelope.id)
    )
    return span


async def test_a_context_goes_through_the_broker_to_the_handler(world: World) -> None:
    first, second = make_envelope(1), make_envelope(2)
    with keep_spans() as tracer:
        with open_span("request", Kind.SERVER, {}) as request:
            await world.send(first)
        with open_span("other request", Kind.SERVER, {}) as other:
            await world.send(second)
        handled = await deliver(world, [1, 2])
    for envelope, cause in ((first, request), (second, other)):
        published = find(tracer, "publish StatusReported", envelope)
        sent = find(tracer, "send to cuiban.tasks.v1", envelope)
        applied = find(tracer, "apply StatusReported", envelope)
        assert (published.trace_id, published.parent) == (cause.trace_id, cause.span_id)
        assert (sent.trace_id, sent.parent) == (cause.trace_id, published.span_id)
        assert (applied.trace_id, applied.parent) == (cause.trace_id, published.span_id)
        assert (sent.kind, applied.kind) == (Kind.CLIENT, Kind.CONSUMER)
        assert "messaging.kafka.offset" in sent.attributes
        assert applied.attributes["cuiban.status"] == "done"
        (got,) = (each for each in handled if each.id == envelope.id)
        assert got.traceparent == applied.traceparent
    assert all(span.ended for span in tracer.kept)


async def test_an_event_without_a_context_and_one_with_a_broken_one_are_applied_as_ever(
    world: World,
) -> None:
    old, broken = make_envelope(1), replace(make_envelope(2), traceparent="00-nonsense")
    await world.send(old, broken)
    with keep_spans() as tracer:
        await deliver(world, [1, 2])
    applied = [span for span in tracer.kept if span.name == "apply StatusReported"]
    assert [span.parent for span in applied] == [0, 0]


async def test_a_service_that_does_not_trace_applies_an_event_that_has_a_context(
    world: World,
) -> None:
    with keep_spans():
        await world.send(make_envelope(1))
    (handled,) = await deliver(world, [1])
    assert handled.traceparent.endswith("-01")


async def test_a_handler_that_fails_marks_the_span_and_the_next_attempt_has_its_own(
    world: World,
) -> None:
    tries = []

    async def fail_once(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        tries.append(envelopes)
        if len(tries) == 1:
            raise ValueError("13900000000")
        await store(db, envelopes)

    with keep_spans() as tracer:
        await world.send(make_envelope(1))
        world.consumer.handle = fail_once
        async with run_loops(run_group(world.consumer, world.settings, "tried")):
            assert await world.wait_for_numbers([1]) == [1]
    applied = [span for span in tracer.kept if span.name == "apply StatusReported"]
    assert [span.failed for span in applied] == ["ValueError", ""]
    assert "13900000000" not in repr(tracer.kept)


async def test_what_names_its_cause_is_below_that_and_not_below_the_task(world: World) -> None:
    with keep_spans() as tracer:
        with open_span("cause", Kind.SERVER, {}) as cause:
            pass
        with open_span("elsewhere", Kind.SERVER, {}):
            caused = replace(make_envelope(1), traceparent=cause.traceparent)
            async with world.engine.begin() as db:
                await publish(db, TABLES.outbox, [caused])
    assert tracer.get("publish StatusReported").parent == cause.span_id
    with within(""):
        await asyncio.wait_for(asyncio.shield(deliver(world, [1])), PATIENCE)
