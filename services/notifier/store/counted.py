"""The offers that count against the limits of gateways. All processes count in the same table."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, any_, bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.limits import CountedOffer
from services.notifier.store.tables import COUNTED_OFFERS
from shared.database.engine import insert_rows
from shared.database.statements import to_rows

_C = COUNTED_OFFERS.c
_TRY_LOCK = select(func.pg_try_advisory_xact_lock(func.hashtextextended(bindparam("name"), 0)))
_LATEST = (
    select(_C.offered_at)
    .where(_C.gateway == bindparam("gateway"), _C.offered_at > bindparam("since"))
    .order_by(_C.offered_at.desc())
    .limit(bindparam("most"))
)
_TO_ADDRESSES = (
    select(_C.notification_id, _C.address, _C.text, _C.offered_at)
    .where(
        _C.gateway == bindparam("gateway"),
        _C.address == any_(bindparam("addresses", type_=ARRAY(BigInteger))),
        _C.offered_at > bindparam("since"),
    )
    .order_by(_C.offered_at)
)


@dataclass(frozen=True, slots=True)
class NewOffer:
    """An offer that counts from now on: its row."""

    notification_id: UUID
    number: int
    gateway: str
    address: int
    text: int
    offered_at: datetime
    counts_until: datetime


async def try_lock(db: AsyncConnection, gateway: str) -> bool:
    """Whether this transaction may give messages to a gateway: only one at a time may."""
    locked: bool | None = await db.scalar(_TRY_LOCK, {"name": f"cuiban-limits {gateway}"})
    return bool(locked)


async def list_latest(
    db: AsyncConnection, gateway: str, *, since: datetime, most: int
) -> list[datetime]:
    """When the last `most` offers to a gateway were made, ascending."""
    values = {"gateway": gateway, "since": since, "most": most}
    return list(await db.scalars(_LATEST, values))[::-1]


async def list_offers_to(
    db: AsyncConnection, gateway: str, addresses: Collection[int], *, since: datetime
) -> dict[int, list[CountedOffer]]:
    """The offers to each of some addresses, in the order of time."""
    values = {"gateway": gateway, "addresses": list(addresses), "since": since}
    offers: dict[int, list[CountedOffer]] = defaultdict(list)
    for row in await db.execute(_TO_ADDRESSES, values):
        counted = CountedOffer(row.notification_id, row.address, row.text, row.offered_at)
        offers[row.address].append(counted)
    return offers


async def put_offers(db: AsyncConnection, offers: Sequence[NewOffer]) -> None:
    """Count offers."""
    await insert_rows(db, COUNTED_OFFERS, to_rows(offers))


async def give_back(db: AsyncConnection, numbers: Mapping[UUID, int]) -> None:
    """Count attempts of notifications no longer: the gateway never heard of them."""
    for notification_id, number in numbers.items():
        await db.execute(
            delete(COUNTED_OFFERS).where(_C.notification_id == notification_id, _C.number == number)
        )


async def forget_counted(db: AsyncConnection) -> None:
    """Delete what counts no longer."""
    await db.execute(text("DELETE FROM notifier.counted_offers WHERE counts_until < now()"))
