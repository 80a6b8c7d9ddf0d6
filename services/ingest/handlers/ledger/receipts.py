"""Receipts: what a gateway reports later of a message, passed on to the notifier."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, note, tell
from services.ingest.store import offices
from shared.schemas.gateway_events import ReceiptReceived, ReceiptsPushed


async def receive(
    db: AsyncConnection,
    act: Act,
    *,
    gateway: str,
    gateway_message_id: str,
    state: Literal["delivered", "failed"],
    received_at: datetime | None,
    detail: str,
    gone: bool,
) -> None:
    """Publish a receipt. A repeated receipt has the same event id, so readers count it once.

    It concerns only messages of the caller's office that this gateway took: message ids of other
    offices and gateways may be equal.
    """
    await offices.lock_name(db, "receipt", act.office_id, gateway, gateway_message_id)
    event = ReceiptReceived(
        office_id=act.office_id,
        gateway=gateway,
        gateway_message_id=gateway_message_id,
        state=state,
        received_at=received_at or act.now,
        detail=detail,
        gone=gone,
    )
    await tell(db, act, event, act.office_id, gateway, gateway_message_id, state)
    after = {"gateway": gateway, "state": state, "detail": detail}
    await note(db, act, "receipt.received", gateway_message_id, after=after)


async def pass_on(
    db: AsyncConnection,
    act: Act,
    gateway: str,
    body: bytes,
    headers: Iterable[tuple[str, str]],
) -> None:
    """Publish what a gateway pushed, as it came: the notifier knows how to read it.

    A repeated push has the same event id, so readers count it once.
    """
    digest = hashlib.sha256(body).hexdigest()
    event = ReceiptsPushed(
        office_id=act.office_id,
        gateway=gateway,
        push_id=digest,
        body=b64encode(body).decode(),
        headers=tuple(headers),
        pushed_at=act.now,
    )
    await tell(db, act, event, act.office_id, gateway, digest)
    after = {"bytes": len(body), "sha256": digest}
    await note(db, act, "receipts.pushed", gateway, after=after)
