"""One trace from a unit's report to the reminder that is withdrawn because of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from lab.stack.testing import Engines
from tests.e2e.conftest import World, open_world, start_stack
from tests.e2e.test_faults import refused, until
from tests.recorded_spans import OtlpReceiver, RecordedSpan

pytestmark = pytest.mark.e2e
PATIENCE = 300.0
"""Seconds after which a test fails because it hangs."""
TRACE = 0x0AF7651916CD43DD8448EB211C80319C
CALLER = f"00-{TRACE:032x}-b7ad6b7169203331-01"
REPORT = "POST /v1/obligations/{obligation_id}/status"
WITHDRAWN = {
    ("ingest", REPORT),
    ("ingest", "publish StatusReported"),
    ("ingest", "send to cuiban.tasks.v1"),
    ("scheduler", "apply StatusReported"),
    ("scheduler", "publish ReminderWithdrawn"),
    ("scheduler", "send to cuiban.reminders.v1"),
    ("notifier", "apply ReminderWithdrawn"),
    ("notifier", "publish NotificationSuppressed"),
    ("notifier", "send to cuiban.deliveries.v1"),
    ("ingest", "apply NotificationSuppressed"),
    ("scheduler", "apply NotificationSuppressed"),
}
SENT = {
    ("scheduler", "publish ReminderDue"),
    ("notifier", "apply ReminderDue"),
    ("notifier", "send through a gateway"),
    ("notifier", "publish NotificationSent"),
    ("ingest", "apply NotificationSent"),
}


@pytest.fixture
def receiver() -> AsyncIterator[OtlpReceiver]:
    with OtlpReceiver() as receiver:
        yield receiver


@pytest.fixture
async def traced(engines: Engines, tmp_path: Path, receiver: OtlpReceiver) -> AsyncIterator[World]:
    """A whole system that sends its spans to the receiver."""
    settings = {"CUIBAN_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with start_stack(engines, tmp_path, "traced", **settings) as (stack, record, clock):
        async with open_world(stack, record, clock) as world:
            yield world


def list_named(spans: list[RecordedSpan], trace_id: int) -> set[tuple[str, str]]:
    """Services and names of the spans of a trace."""
    return {
        (span.service.removeprefix("cuiban-"), span.name)
        for span in spans
        if span.trace_id == trace_id
    }


def list_above(spans: list[RecordedSpan], span: RecordedSpan) -> list[str]:
    """The names of the spans above one, the nearest first."""
    by_id = {each.span_id: each for each in spans}
    names = []
    while (above := by_id.get(span.parent)) is not None:
        names.append(above.name)
        span = above
    return names


def report_done(world: World, obligation_id: str) -> None:
    answer = httpx.post(
        f"{world.record.api.rstrip('/')}/v1/obligations/{obligation_id}/status",
        json={"status": "done"},
        headers={
            "Authorization": f"Bearer {world.stack.token_file.read_text().strip()}",
            "Idempotency-Key": "traced",
            "traceparent": CALLER,
        },
        timeout=PATIENCE,
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text


async def test_a_report_and_the_reminder_that_it_withdraws_are_one_trace(
    traced: World, receiver: OtlpReceiver
) -> None:
    (name,) = traced.enter_units(1)
    due = traced.find_working_day(1)
    (row,) = traced.assign([name], due)
    before = refused(traced)
    traced.set_faults(email="refuse", sms="refuse")
    traced.set_clock(due)
    await until(lambda: refused(traced) >= before + 1)
    report_done(traced, row["obligation_id"])
    spans = await asyncio.to_thread(
        receiver.wait, lambda spans: list_named(spans, TRACE) >= WITHDRAWN, PATIENCE
    )
    (request,) = (span for span in spans if span.name == REPORT)
    assert f"{request.parent:016x}" == CALLER.split("-")[2]
    (withdrawn,) = (
        span
        for span in spans
        if (span.service, span.name) == ("cuiban-notifier", "apply ReminderWithdrawn")
    )
    assert list_above(spans, withdrawn) == [
        "publish ReminderWithdrawn",
        "apply StatusReported",
        "publish StatusReported",
        REPORT,
    ]
    assert withdrawn.attributes["cuiban.reason"] == "done"
    assert withdrawn.attributes["cuiban.obligation_ids"] == [row["obligation_id"]]
    assert traced.list_messages(name) == []

    traced.set_faults(email="ok", sms="ok")
    (other,) = traced.enter_units(1)
    traced.assign([other], traced.find_working_day(1))
    await traced.step_to(traced.find_working_day(1))
    assert traced.list_messages(other)

    def is_sent(spans: list[RecordedSpan]) -> bool:
        traces = {span.trace_id for span in spans if span.name == "publish NotificationSent"}
        return any(list_named(spans, trace_id) >= SENT for trace_id in traces)

    spans = await asyncio.to_thread(receiver.wait, is_sent, PATIENCE)
    shown = repr(spans)
    for secret in ("e2e.example", "1390000", name, other, "Bearer"):
        assert secret not in shown
