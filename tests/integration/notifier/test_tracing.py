"""A reminder's trace goes on to the gateway; what is withdrawn ends in the report's trace."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from services.notifier import handlers
from services.notifier.acting import apply_requests
from shared.kafka.broker.codec import TRACEPARENT
from shared.kafka.consuming.event_spans import trace_applied
from shared.schemas.base_events import Event
from shared.schemas.messages import MessageAction
from shared.schemas.rules import Channel
from tests.integration.notifier.test_deaths import release
from tests.integration.notifier.world import (
    SLOT,
    World,
    make_item,
    make_reminder,
    make_unit,
    make_withdrawal,
    to_envelope,
    wait_until,
)
from tests.recorded_spans import KeepingTracer, RecordedSpan, keep_spans

pytestmark = pytest.mark.integration
REMINDED = "00-0000000000000000000000000000000a-00000000000000a1-01"
REPORTED = "00-0000000000000000000000000000000b-00000000000000b1-01"


async def apply(world: World, *events: tuple[Event, str]) -> None:
    """Apply events as one batch, each with the context that its header had."""
    envelopes = [replace(to_envelope(event), traceparent=context) for event, context in events]
    async with world.engine.begin() as db:
        with trace_applied("tried", envelopes) as traced:
            await handlers.handle_reminders(db, traced, world.clock.now())


async def list_contexts(world: World, kind: str) -> set[str | None]:
    rows = await world.fetch_rows("SELECT headers FROM notifier.outbox ORDER BY id")
    headers = [json.loads(r.headers) if isinstance(r.headers, str) else r.headers for r in rows]
    return {
        dict(each).get(TRACEPARENT) for each in headers if kind in dict(each)["ce_type"].split(".")
    }


def list_spans(tracer: KeepingTracer, name: str) -> list[RecordedSpan]:
    return [span for span in tracer.kept if span.name == name]


async def test_a_reminder_that_was_emitted_is_withdrawn_in_the_trace_of_the_report(
    world: World,
) -> None:
    await world.tell(make_unit())
    with keep_spans() as tracer:
        await apply(world, (make_reminder(), REMINDED))
        await apply(world, (make_withdrawal("县教体局", "2.1"), REPORTED))
        assert await world.get_states() == {"email": "withdrawn", "sms": "withdrawn"}
    withdrawn = tracer.get("apply ReminderWithdrawn")
    assert withdrawn.traceparent.split("-")[1] == REPORTED.split("-")[1]
    assert withdrawn.attributes["cuiban.reason"] == "done"
    suppressed = list_spans(tracer, "publish NotificationSuppressed")
    assert len(suppressed) == 2
    assert {(each.trace_id, each.parent) for each in suppressed} == {
        (withdrawn.trace_id, withdrawn.span_id)
    }
    assert {each.attributes["cuiban.reason"] for each in suppressed} == {"withdrawn"}
    contexts = await list_contexts(world, "NotificationSuppressed")
    assert contexts == {each.traceparent for each in suppressed}


async def test_a_withdrawal_in_the_batch_of_its_reminder_has_the_trace_of_the_report(
    world: World,
) -> None:
    await world.tell(make_unit(), make_reminder(items=(make_item("2.1"),)))
    with keep_spans() as tracer:
        await apply(
            world,
            (make_withdrawal("县教体局", "2.1"), REPORTED),
            (make_reminder(slot=SLOT + timedelta(hours=1)), REMINDED),
        )
    traces = {span.trace_id for span in list_spans(tracer, "publish NotificationSuppressed")}
    assert traces == {0xB}
    (fanned_out,) = list_spans(tracer, "publish ReminderFannedOut")
    assert fanned_out.trace_id == 0xA


async def test_the_call_of_a_gateway_is_in_the_trace_of_the_reminder(world: World) -> None:
    await world.tell(make_unit())
    with keep_spans() as tracer:
        await apply(world, (make_reminder(channels=("email",)), REMINDED))
        world.start()
        await wait_until(lambda: world.list_events("NotificationSent"))
        applied = tracer.get("apply ReminderDue")
        sent = tracer.get("send through a gateway")
    assert (sent.trace_id, sent.parent) == (0xA, applied.span_id)
    assert (sent.failed, sent.attributes["cuiban.outcome"]) == ("", "accepted")
    assert tracer.get("publish NotificationSent").trace_id == 0xA
    assert "@" not in repr(tracer.kept)


async def test_a_refusal_marks_the_call_by_its_word(world: World) -> None:
    await world.tell(make_unit())
    await world.mail.stop()
    with keep_spans() as tracer:
        await apply(world, (make_reminder(channels=("email",)), REMINDED))
        world.start()
        span = await wait_until(
            lambda: next((s for s in list_spans(tracer, "send through a gateway") if s.ended), None)
        )
    assert (span.failed, span.attributes["cuiban.outcome"]) == ("unreachable", "unreachable")


async def test_without_a_tracer_no_context_is_made(world: World) -> None:
    await world.tell(make_unit())
    await apply(world, (make_reminder(), ""))
    assert await list_contexts(world, "ReminderFannedOut") == {None}
    (row,) = await world.fetch_rows("SELECT traceparent FROM notifier.reminders")
    assert row.traceparent is None


async def test_what_a_person_orders_is_answered_in_the_trace_of_the_request(world: World) -> None:
    await world.tell(make_unit())
    with keep_spans() as tracer:
        await apply(world, (make_reminder(channels=("email",)), REMINDED))
        (row,) = await world.fetch_rows("SELECT notification_id FROM notifier.notifications")
        request = release(row.notification_id, Channel.EMAIL)
        cancel = request.model_copy(update={"action": MessageAction.CANCEL})
        async with world.engine.begin() as db:
            envelope = replace(to_envelope(cancel), traceparent=REPORTED)
            await apply_requests(db, [envelope], world.clock.now())
    assert tracer.get("publish MessageActionAnswered").trace_id == 0xB
    assert tracer.get("publish NotificationSuppressed").trace_id == 0xB
