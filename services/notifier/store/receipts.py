"""Receipts of gateways, and the notifications that they belong to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.message import Notification
from services.notifier.store.reminders import notification_of
from services.notifier.tables import receipts
from shared.database import insert_rows
from shared.events import ReceiptReceived

_LOCK = 0x6375_6902
"""The advisory lock between who stores a receipt and who stores its outcome."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a gateway reported of a notification. `state` is `delivered` or `failed`."""

    notification: Notification
    state: str
    at: datetime
    detail: str


async def lock_for_receipts(db: AsyncConnection) -> None:
    """Until the transaction ends no outcome is stored. Take it first in a transaction."""
    await db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


async def lock_for_outcomes(db: AsyncConnection) -> None:
    """Until the transaction ends no receipt is stored. Take it first in a transaction."""
    await db.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": _LOCK})


async def keep(db: AsyncConnection, events: Iterable[ReceiptReceived]) -> None:
    """Store receipts; of several for one message `delivered` wins, else the last."""
    kept: dict[str, ReceiptReceived] = {}
    for event in events:
        before = kept.get(event.gateway_message_id)
        if before is None or before.state != "delivered":
            kept[event.gateway_message_id] = event
    await insert_rows(
        db,
        receipts,
        [
            {
                "gateway_message_id": name,
                "office_id": event.office_id,
                "gateway": event.gateway,
                "state": event.state,
                "received_at": event.received_at,
                "detail": event.detail,
            }
            for name, event in kept.items()
        ],
        "(gateway_message_id) DO UPDATE SET state = EXCLUDED.state, detail = EXCLUDED.detail, "
        "received_at = EXCLUDED.received_at WHERE receipts.state <> 'delivered'",
    )


async def settle(db: AsyncConnection, gateway_message_ids: Sequence[str]) -> list[Delivery]:
    """Bring receipts and sent notifications together; what was settled is gone from `receipts`.

    Returns:
        What is new: a notification that counts as delivered stays so.
    """
    if not gateway_message_ids:
        return []
    rows = await db.execute(
        text(
            "UPDATE notifier.notifications n SET receipt = c.state, "
            "delivered_at = CASE c.state WHEN 'delivered' THEN c.received_at END "
            "FROM notifier.receipts c, notifier.reminders r "
            "WHERE c.gateway_message_id = ANY(:names) AND n.gateway_message_id <> '' "
            "AND n.gateway_message_id = c.gateway_message_id AND n.state = 'sent' "
            "AND n.receipt <> 'delivered' AND r.reminder_id = n.reminder_id "
            "RETURNING n.*, r.correlation_id, c.state AS said, c.received_at AS said_at, "
            "c.detail AS said_detail, "
            "jsonb_path_query_array(r.items, '$[*].obligation_id') AS obligations"
        ).columns(obligations=JSONB),
        {"names": list(gateway_message_ids)},
    )
    settled = [
        Delivery(
            notification_of(row, tuple(map(UUID, row.obligations))),
            row.said,
            row.said_at,
            row.said_detail,
        )
        for row in rows
    ]
    await db.execute(
        text(
            "DELETE FROM notifier.receipts c USING notifier.notifications n "
            "WHERE c.gateway_message_id = ANY(:names) AND n.gateway_message_id <> '' "
            "AND n.gateway_message_id = c.gateway_message_id AND n.state = 'sent'"
        ),
        {"names": list(gateway_message_ids)},
    )
    return settled
