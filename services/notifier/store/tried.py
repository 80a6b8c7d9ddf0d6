"""What became of the earlier attempts of claimed notifications, by gateway."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import AttemptEnd, Refusal
from services.notifier.store.claims import Claimed
from services.notifier.store.tables import ATTEMPTS

_A = ATTEMPTS.c
_TAKEN = {AttemptEnd.UNKNOWN.value, AttemptEnd.ACCEPTED.value}
_REFUSALS = {refusal.value for refusal in Refusal}
_TRIED = (
    select(_A.notification_id, _A.gateway, _A.outcome, func.count().label("number"))
    .where(_A.notification_id == any_(bindparam("ids", type_=ARRAY(Uuid))))
    .group_by(_A.notification_id, _A.gateway, _A.outcome)
)


@dataclass(slots=True)
class Tried:
    """The attempts of one notification.

    Attributes:
        perhaps_at: the gateway that may have it, since the outcome of an attempt is unknown; empty
            for an attempt of an earlier version, and None when no gateway can have it.
        refusals: how often each gateway refused it.
        rejected: the gateways that refused it for good.
    """

    perhaps_at: str | None = None
    refusals: dict[str, int] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)


async def get_tried(db: AsyncConnection, claimed: Iterable[Claimed]) -> dict[UUID, Tried]:
    """The attempts of those notifications that had any. Close the abandoned ones before."""
    tried: dict[UUID, Tried] = {}
    ids = [row.notification_id for row in claimed if row.attempts]
    if not ids:
        return tried
    for row in await db.execute(_TRIED, {"ids": ids}):
        each = tried.setdefault(row.notification_id, Tried())
        if row.outcome in _TAKEN:
            each.perhaps_at = row.gateway
        elif row.outcome in _REFUSALS:
            each.refusals[row.gateway] = each.refusals.get(row.gateway, 0) + row.number
        if row.outcome == Refusal.REJECTED:
            each.rejected.add(row.gateway)
    return tried
