"""Replies by short message, as the history's consumer reads them."""

from typing import Any
from uuid import UUID, uuid4

from services.ingest.handlers.messages.replies import take_replies
from shared.schemas import identity
from shared.schemas.envelope import Envelope
from shared.schemas.gateway_events import ReplyReceived
from tests.integration.ingest.conftest import NOW


async def put_reply(
    api: Any,
    text: str = "收到，谢谢",
    mobile: str = "13800000001",
    *,
    traceparent: str = "",
    **values: Any,
) -> str:
    """Let a reply come, by default one that waits for a person; its id."""
    fields = {"office_id": api.office_id, "gateway": "mas", "reply_id": uuid4().hex} | values
    event = ReplyReceived(**fields, mobile=mobile, text=text, received_at=NOW)
    envelope = Envelope(uuid4(), "/test", NOW, uuid4(), event, traceparent=traceparent)
    async with api.engine.begin() as db:
        await take_replies(db, [envelope], NOW)
    office_id = UUID(str(event.office_id))
    return str(identity.derive_id("reply", office_id, event.gateway, event.reply_id))
