"""Events that tell of what gateways pushed."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from services.notifier.domain.reporting import report_reply
from shared.schemas.envelope import Envelope
from shared.schemas.gateway_events import ReceiptsPushed, ReplyReceived

NOW = datetime(2023, 6, 1, tzinfo=UTC)
OFFICE = UUID(int=1)
PUSH = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_reply_goes_on_with_the_trace_and_the_correlation_of_its_push() -> None:
    named = {"office_id": OFFICE, "gateway": "mas"}
    pushed = ReceiptsPushed(**named, push_id="0" * 64, body="", headers=(), pushed_at=NOW)
    reply = ReplyReceived(**named, reply_id="r1", mobile="13800000001", text="1", received_at=NOW)
    push = Envelope(uuid4(), "/test", NOW, uuid4(), pushed, traceparent=PUSH)
    told = report_reply(push, reply)
    assert (told.traceparent, told.correlation_id) == (PUSH, push.correlation_id)
    assert report_reply(push, reply).id == told.id
