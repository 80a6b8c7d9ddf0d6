"""Receipts of gateways, and the notifications that they belong to.

A message id is unique within one gateway of one office only, so a receipt belongs to a notification
only if the office and the gateway are the same as well. A notification that was sent before
gateways were stored has an empty gateway; there the office alone decides.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import Notification, NotificationState
from services.notifier.store.reminders import NOTIFICATION, to_notification
from services.notifier.store.tables import RECEIPTS
from shared.database.engine import insert_rows
from shared.database.statements import to_rows
from shared.schemas.gateway_events import ReceiptReceived

_LOCK = 0x6375_6902
"""The advisory lock between transactions that store receipts and those that store outcomes."""
_LOCK_RECEIPTS = select(func.pg_advisory_xact_lock(_LOCK))
_LOCK_OUTCOMES = select(func.pg_advisory_xact_lock_shared(_LOCK))


class ReceiptState(StrEnum):
    """What a gateway reports of a message that it accepted. *Failed*: it was not delivered."""

    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class MatchedReceipt:
    """A receipt with the notification that it belongs to.

    `gone`: no message ever reaches the address. `attempts`: of the notification.
    """

    notification: Notification
    gateway: str
    state: ReceiptState
    received_at: datetime
    detail: str
    gone: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class _StoredReceipt:
    office_id: UUID
    gateway: str
    gateway_message_id: str
    state: ReceiptState
    received_at: datetime
    detail: str
    gone: bool


class Unmatched(StrEnum):
    """Why a receipt was not applied."""

    NOT_SENT_YET = "not-sent-yet"
    """No message of that id is known to be sent; its outcome may come later."""
    OTHER_GATEWAY = "other-gateway"
    OTHER_OFFICE = "other-office"


async def lock_for_receipts(db: AsyncConnection) -> None:
    """Until the transaction ends no outcome is stored. Take this lock first."""
    await db.execute(_LOCK_RECEIPTS)


async def lock_for_outcomes(db: AsyncConnection) -> None:
    """Until the transaction ends no receipt is stored. Take this lock first."""
    await db.execute(_LOCK_OUTCOMES)


async def put(db: AsyncConnection, events: Iterable[ReceiptReceived]) -> None:
    """Store receipts; of several for one message `delivered` wins, otherwise the last."""
    kept: dict[tuple[UUID, str, str], _StoredReceipt] = {}
    for event in events:
        receipt = _StoredReceipt(
            office_id=event.office_id,
            gateway=event.gateway.strip().lower(),
            gateway_message_id=event.gateway_message_id,
            state=ReceiptState(event.state),
            received_at=event.received_at,
            detail=event.detail,
            gone=event.gone and event.state == "failed",
        )
        key = (receipt.office_id, receipt.gateway, receipt.gateway_message_id)
        if key not in kept or kept[key].state is not ReceiptState.DELIVERED:
            kept[key] = receipt
    await insert_rows(
        db,
        RECEIPTS,
        to_rows(list(kept.values())),
        "(office_id, gateway, gateway_message_id) DO UPDATE SET state = EXCLUDED.state, "
        "detail = EXCLUDED.detail, received_at = EXCLUDED.received_at, gone = EXCLUDED.gone "
        f"WHERE delivery_receipts.state <> '{ReceiptState.DELIVERED}'",
    )


_OWN = "n.office_id = c.office_id AND lower(n.gateway) IN (c.gateway, '')"
_SENT = (
    "c.gateway_message_id = ANY(:names) AND n.gateway_message_id <> '' "
    f"AND n.gateway_message_id = c.gateway_message_id AND n.state = '{NotificationState.SENT}'"
)
_EXPLAIN = text(
    "WITH left_over AS (SELECT c.office_id, c.gateway, c.gateway_message_id, "  # noqa: S608 - constants
    f"CASE WHEN bool_or(n.office_id = c.office_id) THEN '{Unmatched.OTHER_GATEWAY}' "
    f"WHEN count(n.office_id) > 0 THEN '{Unmatched.OTHER_OFFICE}' "
    f"ELSE '{Unmatched.NOT_SENT_YET}' END AS why "
    "FROM notifier.delivery_receipts c LEFT JOIN notifier.notifications n "
    "ON n.gateway_message_id = c.gateway_message_id AND n.gateway_message_id <> '' "
    f"AND n.state = '{NotificationState.SENT}' "
    "WHERE c.gateway_message_id = ANY(:names) GROUP BY 1, 2, 3) "
    "UPDATE notifier.delivery_receipts c SET reason = l.why FROM left_over l "
    "WHERE (c.office_id, c.gateway, c.gateway_message_id) = "
    "(l.office_id, l.gateway, l.gateway_message_id) AND c.reason <> l.why RETURNING l.why"
)
_SETTLE = text(
    "UPDATE notifier.notifications n SET receipt = c.state, "  # noqa: S608 - constants
    f"delivered_at = CASE c.state WHEN '{ReceiptState.DELIVERED}' THEN c.received_at END "
    "FROM notifier.delivery_receipts c, notifier.reminders r "
    f"WHERE {_SENT} AND {_OWN} "
    f"AND n.receipt <> '{ReceiptState.DELIVERED}' AND r.reminder_id = n.reminder_id "
    f"RETURNING {NOTIFICATION}, n.gateway, n.attempts, c.state AS receipt_state, "
    "c.received_at, c.detail, c.gone"
).columns(obligation_ids=JSONB)
_FORGET = text(
    "DELETE FROM notifier.delivery_receipts c USING notifier.notifications n "  # noqa: S608 - constants
    f"WHERE {_SENT} AND {_OWN}"
)


async def explain_unmatched(
    db: AsyncConnection, gateway_message_ids: Sequence[str]
) -> dict[Unmatched, int]:
    """Store why the remaining receipts of some messages belong to no notification.

    Returns:
        How many have a new reason, by reason.
    """
    reasons = await db.scalars(_EXPLAIN, {"names": list(gateway_message_ids)})
    return Counter(map(Unmatched, reasons))


async def settle(db: AsyncConnection, gateway_message_ids: Sequence[str]) -> list[MatchedReceipt]:
    """Apply receipts to the sent notifications that they belong to, and delete them.

    Returns:
        Those that changed a notification: one that counts as delivered stays so.
    """
    if not gateway_message_ids:
        return []
    names = {"names": list(gateway_message_ids)}
    settled = [
        MatchedReceipt(
            notification=to_notification(row),
            gateway=row.gateway,
            state=ReceiptState(row.receipt_state),
            received_at=row.received_at,
            detail=row.detail,
            gone=row.gone,
            attempts=row.attempts,
        )
        for row in await db.execute(_SETTLE, names)
    ]
    await db.execute(_FORGET, names)
    return settled
