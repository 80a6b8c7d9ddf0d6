"""The messages whose receipts are asked for: when next, and how often they were."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import NotificationState
from services.notifier.store.receipt_question_tables import RECEIPT_QUESTIONS

FIRST_PAUSE = timedelta(minutes=2)
"""From the acceptance of a message to the first question: most receipts are there by then."""
_Q = RECEIPT_QUESTIONS.c
_PUT = text(
    "INSERT INTO notifier.receipt_questions (notification_id, ask_at) "
    "SELECT unnest(CAST(:ids AS uuid[])), now() + CAST(:pause AS interval) "
    "ON CONFLICT (notification_id) "
    "DO UPDATE SET sent_at = now(), ask_at = EXCLUDED.ask_at, asked = 0"
)
_CLAIM = text(
    "WITH due AS (SELECT notification_id FROM notifier.receipt_questions "  # noqa: S608 - constants
    "WHERE ask_at <= now() ORDER BY ask_at LIMIT :most FOR UPDATE SKIP LOCKED) "
    "UPDATE notifier.receipt_questions AS q "
    "SET asked = q.asked + 1, ask_at = now() + CAST(:lease AS interval) "
    "FROM due JOIN notifier.notifications AS n USING (notification_id) "
    "WHERE q.notification_id = due.notification_id "
    "RETURNING q.notification_id, q.asked, q.sent_at, n.office_id, n.gateway, "
    "n.gateway_message_id, coalesce(nullif(n.own_address, ''), n.address) AS address, "
    f"n.state = '{NotificationState.SENT}' AND n.receipt = '' AS waits"
)
_POSTPONE = text(
    "UPDATE notifier.receipt_questions SET ask_at = now() + CAST(:pause AS interval) "
    "WHERE notification_id = :id"
)


@dataclass(frozen=True, slots=True)
class ReceiptQuestion:
    """A message whose receipt is to be asked for.

    Attributes:
        asked: how often, this time included.
        waits: whether its receipt is still unknown.
    """

    notification_id: UUID
    asked: int
    sent_at: datetime
    office_id: UUID
    gateway: str
    gateway_message_id: str
    address: str
    waits: bool


async def put(db: AsyncConnection, notification_ids: Iterable[UUID]) -> None:
    """Ask for the receipts of messages that were just sent, `FIRST_PAUSE` later."""
    if ids := list(notification_ids):
        await db.execute(_PUT, {"ids": ids, "pause": FIRST_PAUSE})


async def claim(db: AsyncConnection, most: int, lease: timedelta) -> list[ReceiptQuestion]:
    """The questions that are due, at most so many; no other process gets them during the lease."""
    rows = await db.execute(_CLAIM, {"most": most, "lease": lease})
    return [ReceiptQuestion(*row) for row in rows]


async def postpone(db: AsyncConnection, notification_id: UUID, pause: timedelta) -> None:
    """Ask again after a pause."""
    await db.execute(_POSTPONE, {"id": notification_id, "pause": pause})


async def end(db: AsyncConnection, notification_id: UUID) -> None:
    """Ask no more for the receipt of a message."""
    await db.execute(delete(RECEIPT_QUESTIONS).where(_Q.notification_id == notification_id))
