"""Each withdrawal is in the trace of the report that caused it, whatever else its batch has."""

from dataclasses import replace

import pytest

from shared.kafka.consuming.event_spans import trace_applied
from tests.integration.scheduler.test_reported_facts import reported
from tests.integration.scheduler.world import UNIT, World, make_assignment, make_obligation
from tests.recorded_spans import keep_spans

pytestmark = pytest.mark.integration
CONTEXTS = tuple(f"00-{number:032x}-00000000000000a1-01" for number in (10, 11))


async def test_two_reports_of_a_batch_withdraw_each_in_its_own_trace(world: World) -> None:
    first, second = (make_obligation(UNIT, ref, "2023-08-31") for ref in ("1.1", "2.1"))
    await world.tell(make_assignment(UNIT, ("1.1", first), ("2.1", second)))
    envelopes = [
        replace(world.make_envelope(reported(facts.obligation_id)), traceparent=context)
        for facts, context in zip((first, second), CONTEXTS, strict=True)
    ]
    with keep_spans() as tracer:
        async with world.engine.begin() as db:
            with trace_applied("tried", envelopes) as traced:
                await world.tasks.handle(db, traced)
    withdrawn = {
        span.trace_id: span.attributes["cuiban.obligation_ids"]
        for span in tracer.kept
        if span.name == "publish ReminderWithdrawn"
    }
    assert withdrawn == {10: (str(first.obligation_id),), 11: (str(second.obligation_id),)}
    stored = {envelope.traceparent.split("-")[1] for envelope in await world.take_outbox()}
    assert stored == {f"{number:032x}" for number in (10, 11)}
