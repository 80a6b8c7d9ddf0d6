"""Receipts of gateways, and the notifications that they belong to.

A gateway's name of a message is its own: another gateway, or another office's, may use the same.
So a receipt belongs to a notification only if the office and the gateway are the same as well.
What was sent before gateways were noted has an empty one; there the office decides.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.message import Notification
from services.notifier.store.reminders import notification_of
from services.notifier.tables import receipts
from shared.database.engine import insert_rows
from shared.schemas.events import ReceiptReceived

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


_OWN = "n.office_id = c.office_id AND n.gateway IN (c.gateway, '')"
_SENT = (
    "c.gateway_message_id = ANY(:names) AND n.gateway_message_id <> '' "
    "AND n.gateway_message_id = c.gateway_message_id AND n.state = 'sent'"
)


class Unmatched(StrEnum):
    """Why a receipt was not applied."""

    NOT_SENT_YET = "not-sent-yet"
    """No message of that name is known to be sent: its outcome may still come."""
    OTHER_GATEWAY = "other-gateway"
    OTHER_OFFICE = "other-office"


async def keep(db: AsyncConnection, events: Iterable[ReceiptReceived]) -> None:
    """Store receipts; of several for one message `delivered` wins, else the last."""
    kept: dict[tuple[UUID, str, str], ReceiptReceived] = {}
    for event in events:
        key = (event.office_id, event.gateway.strip().lower(), event.gateway_message_id)
        if key not in kept or kept[key].state != "delivered":
            kept[key] = event
    await insert_rows(
        db,
        receipts,
        [
            {
                "office_id": office_id,
                "gateway": gateway,
                "gateway_message_id": name,
                "state": event.state,
                "received_at": event.received_at,
                "detail": event.detail,
            }
            for (office_id, gateway, name), event in kept.items()
        ],
        "(office_id, gateway, gateway_message_id) DO UPDATE SET state = EXCLUDED.state, "
        "detail = EXCLUDED.detail, received_at = EXCLUDED.received_at "
        "WHERE delivery_receipts.state <> 'delivered'",
    )


async def name_unmatched(
    db: AsyncConnection, gateway_message_ids: Sequence[str]
) -> dict[Unmatched, int]:
    """Write down why what is left of some receipts belongs to nothing.

    Returns:
        How many were found to be so just now, by reason.
    """
    rows = await db.execute(
        text(
            "WITH left_over AS (SELECT c.office_id, c.gateway, c.gateway_message_id, "  # noqa: S608 - constants
            f"CASE WHEN bool_or(n.office_id = c.office_id) THEN '{Unmatched.OTHER_GATEWAY}' "
            f"WHEN count(n.office_id) > 0 THEN '{Unmatched.OTHER_OFFICE}' "
            f"ELSE '{Unmatched.NOT_SENT_YET}' END AS why "
            "FROM notifier.delivery_receipts c LEFT JOIN notifier.notifications n "
            "ON n.gateway_message_id = c.gateway_message_id AND n.gateway_message_id <> '' "
            "AND n.state = 'sent' WHERE c.gateway_message_id = ANY(:names) GROUP BY 1, 2, 3) "
            "UPDATE notifier.delivery_receipts c SET reason = l.why FROM left_over l "
            "WHERE (c.office_id, c.gateway, c.gateway_message_id) = "
            "(l.office_id, l.gateway, l.gateway_message_id) AND c.reason <> l.why RETURNING l.why"
        ),
        {"names": list(gateway_message_ids)},
    )
    return Counter(Unmatched(why) for why in rows.scalars())


async def settle(db: AsyncConnection, gateway_message_ids: Sequence[str]) -> list[Delivery]:
    """Bring receipts and sent notifications together; what was settled is kept no longer.

    Returns:
        What is new: a notification that counts as delivered stays so.
    """
    if not gateway_message_ids:
        return []
    rows = await db.execute(
        text(
            "UPDATE notifier.notifications n SET receipt = c.state, "  # noqa: S608 - constants
            "delivered_at = CASE c.state WHEN 'delivered' THEN c.received_at END "
            "FROM notifier.delivery_receipts c, notifier.reminders r "
            f"WHERE {_SENT} AND {_OWN} "
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
            "DELETE FROM notifier.delivery_receipts c USING notifier.notifications n "  # noqa: S608 - constants
            f"WHERE {_SENT} AND {_OWN}"
        ),
        {"names": list(gateway_message_ids)},
    )
    return settled
