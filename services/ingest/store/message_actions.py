"""What people wanted done with messages, and what the notifier answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import MessageState
from services.ingest.store.fetching import fetch_all, list_columns
from services.ingest.store.history_tables import MESSAGE_ACTIONS, NOTIFICATIONS
from shared.database.engine import insert_rows
from shared.database.statements import to_rows
from shared.schemas.gateway_events import MessageActionAnswered
from shared.schemas.messages import MessageAction

_M, _N = MESSAGE_ACTIONS.c, NOTIFICATIONS.c
_AGAIN = {
    "state": MessageState.PENDING,
    "rank": 0,
    "reason": "",
    "held": "",
    "undelivered_at": None,
    "undelivered_why": "",
    "sent_at": None,
}
"""A message that is to be sent again, or now."""


@dataclass(frozen=True, slots=True)
class StoredMessageAction:
    """What a person wanted done with a message. `refused` is why the notifier did nothing."""

    request_id: UUID
    notification_id: UUID
    office_id: UUID
    action: MessageAction
    new_address: str
    reason: str
    actor: str
    requested_at: datetime
    answered_at: datetime | None = None
    refused: str = ""


async def add_actions(db: AsyncConnection, wanted: Sequence[StoredMessageAction]) -> None:
    """Enter what a person wants done."""
    await insert_rows(db, MESSAGE_ACTIONS, to_rows(wanted))


async def list_actions(db: AsyncConnection, notification_id: UUID) -> list[StoredMessageAction]:
    """What people wanted done with a message, rising."""
    query = (
        select(*list_columns(StoredMessageAction, _M))
        .where(_M.notification_id == notification_id)
        .order_by(_M.requested_at, _M.request_id)
    )
    return await fetch_all(db, StoredMessageAction, query)


async def put_answer(db: AsyncConnection, answer: MessageActionAnswered) -> None:
    """Enter an answer of the notifier, and what it makes of the message.

    A cancelled message has an event of its own.
    """
    await db.execute(
        update(MESSAGE_ACTIONS)
        .where(_M.request_id == answer.request_id)
        .values(answered_at=answer.answered_at, refused=answer.refused)
    )
    changed = update(NOTIFICATIONS).where(_N.notification_id == answer.notification_id)
    if answer.refused:
        return
    match answer.action:
        case MessageAction.RESEND | MessageAction.RELEASE:
            await db.execute(changed.values(**_AGAIN, at=answer.answered_at))
        case MessageAction.READDRESS:
            await db.execute(changed.values(address=answer.address))
        case MessageAction.CANCEL:
            pass
