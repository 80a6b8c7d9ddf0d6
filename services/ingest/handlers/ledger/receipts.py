"""What gateways report later of a message, passed on to whoever sent it."""

from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, note, tell
from services.ingest.store import offices
from shared.schemas.events import ReceiptReceived


async def receive(
    db: AsyncConnection,
    act: Act,
    *,
    gateway: str,
    gateway_message_id: str,
    state: Literal["delivered", "failed"],
    received_at: datetime | None,
    detail: str,
) -> None:
    """Tell of a receipt. The same receipt again has the same event id: readers count it once.

    It speaks for the caller's office and the named gateway alone: another's message with the same
    name is another message.
    """
    await offices.lock_name(db, "receipt", act.office_id, gateway, gateway_message_id)
    event = ReceiptReceived(
        office_id=act.office_id,
        gateway=gateway,
        gateway_message_id=gateway_message_id,
        state=state,
        received_at=received_at or act.now,
        detail=detail,
    )
    await tell(db, act, event, act.office_id, gateway, gateway_message_id, state)
    told = {"gateway": gateway, "state": state, "detail": detail}
    await note(db, act, "receipt.received", gateway_message_id, after=told)
