"""Messages of an office, entered as the history's consumer enters them."""

from typing import Any
from uuid import UUID, uuid4

from services.ingest.domain.statuses import MessageState
from services.ingest.projection import project
from services.ingest.store import history
from shared.schemas.base_events import Event
from shared.schemas.envelope import Envelope
from tests.integration.ingest.conftest import NOW


def make_notification(office_id: UUID, unit_id: str, **values: Any) -> dict[str, Any]:
    row = {
        "notification_id": uuid4(),
        "reminder_id": uuid4(),
        "office_id": office_id,
        "unit_id": UUID(unit_id),
        "audience": "liaison",
        "channel": "email",
        "slot": NOW,
        "state": MessageState.FAILED,
        "rank": 1,
        "address": "liaison@x.example",
        "at": NOW,
        "reason": "rejected",
        "gateway": "smtp",
        "subject": "催办",
        "body": "请办理",
        "sent_at": None,
        "attempts": 3,
    }
    return row | values


async def put_message(api: Any, unit_id: str, **values: Any) -> str:
    """Enter a message to a unit, by default a mail that was refused; its id."""
    row = make_notification(api.office_id, unit_id, **values)
    async with api.engine.begin() as db:
        await history.put_notifications(db, [row])
    return str(row["notification_id"])


async def tell(api: Any, *events: Event) -> None:
    """Let the history's consumer read events, each as a batch of its own."""
    for event in events:
        async with api.engine.begin() as db:
            await project(db, [Envelope(uuid4(), "/test", NOW, uuid4(), event)])
