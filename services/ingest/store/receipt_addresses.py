"""The secret addresses to which gateways push receipts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.fetching import fetch_all, fetch_first, list_columns
from services.ingest.store.office_tables import RECEIPT_ADDRESSES

_R = RECEIPT_ADDRESSES.c


@dataclass(frozen=True, slots=True)
class StoredReceiptAddress:
    """Where a gateway of an office pushes, without the secret.

    Attributes:
        gateway: in lower case.
        networks: from which pushes are taken, such as `10.1.0.0/16`; empty: from all.
        answer: to a push; empty: what the built-in vendors want.
    """

    office_id: UUID
    gateway: str
    networks: tuple[str, ...]
    answer: str
    made_at: datetime
    made_by: str


_COLUMNS = list_columns(StoredReceiptAddress, _R)


async def find_by_secret(
    db: AsyncConnection, gateway: str, sha256: bytes
) -> StoredReceiptAddress | None:
    """The address of a gateway whose secret has this digest."""
    query = select(*_COLUMNS).where(_R.sha256 == sha256, _R.gateway == gateway)
    return await fetch_first(db, StoredReceiptAddress, query)


async def find(db: AsyncConnection, office_id: UUID, gateway: str) -> StoredReceiptAddress | None:
    """The address of an office's gateway; None before it has one."""
    query = select(*_COLUMNS).where(_R.office_id == office_id, _R.gateway == gateway)
    return await fetch_first(db, StoredReceiptAddress, query)


async def list_of_office(db: AsyncConnection, office_id: UUID) -> list[StoredReceiptAddress]:
    """All addresses of an office, by gateway."""
    query = select(*_COLUMNS).where(_R.office_id == office_id).order_by(_R.gateway)
    return await fetch_all(db, StoredReceiptAddress, query)


async def put(db: AsyncConnection, address: StoredReceiptAddress, sha256: bytes) -> None:
    """Give a gateway this address; an earlier one is forgotten."""
    values = {
        "sha256": sha256,
        "networks": list(address.networks),
        "answer": address.answer,
        "made_at": address.made_at,
        "made_by": address.made_by,
    }
    keys = {"office_id": address.office_id, "gateway": address.gateway}
    await db.execute(
        postgresql.insert(RECEIPT_ADDRESSES)
        .values(values | keys)
        .on_conflict_do_update(index_elements=[_R.office_id, _R.gateway], set_=values)
    )


async def remove(db: AsyncConnection, office_id: UUID, gateway: str) -> None:
    """Forget a gateway's address."""
    await db.execute(
        delete(RECEIPT_ADDRESSES).where(_R.office_id == office_id, _R.gateway == gateway)
    )
