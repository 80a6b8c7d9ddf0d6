"""How attempts ended. After its lease a process writes the attempt, but not the notification."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, Uuid, any_, bindparam, func, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import NotificationState
from services.notifier.store.reminders import ReminderState
from services.notifier.store.tables import ATTEMPTS, NOTIFICATIONS, RECEIPTS, REMINDERS
from shared.database.engine import update_rows
from shared.database.statements import inline, to_rows
from shared.schemas.gateway_events import AttemptMade
from shared.schemas.rules import Channel

_N = NOTIFICATIONS.c
_LOCK = (
    select(_N.notification_id, _N.attempts)
    .where(
        _N.notification_id == any_(bindparam("ids", type_=ARRAY(Uuid))),
        _N.state == NotificationState.SENDING,
    )
    .order_by(_N.notification_id)
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a notification becomes after an attempt: its columns in `notifications`.

    Attributes:
        failures: attempts so far that counted and ended badly.
        gateway: empty unless it was sent.
        offered_to: the gateway that perhaps has it; empty when none can have it.
        lease_until: None ends the lease.
    """

    notification_id: UUID
    state: NotificationState
    failures: int
    reason: str = ""
    retry_at: datetime | None = None
    lease_until: None = None
    gateway: str = ""
    offered_to: str = ""
    gateway_message_id: str = ""
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """How an attempt ended: its columns in `attempts`."""

    notification_id: UUID
    number: int
    ended_at: datetime
    outcome: str
    detail: str


async def lock_current(db: AsyncConnection, numbers: Mapping[UUID, int]) -> set[UUID]:
    """Lock notifications; return those whose last attempt still has the number in `numbers`.

    This fences: after its lease a process that was stopped finds a higher number.
    """
    rows = await db.execute(_LOCK, {"ids": list(numbers)})
    return {row.notification_id for row in rows if numbers[row.notification_id] == row.attempts}


async def write_notifications(db: AsyncConnection, conclusions: Sequence[Conclusion]) -> None:
    """Write notifications after their attempts."""
    await update_rows(db, NOTIFICATIONS, ["notification_id"], to_rows(conclusions))


async def close_attempts(db: AsyncConnection, ended: Sequence[EndedAttempt]) -> None:
    """Write how attempts ended."""
    await update_rows(db, ATTEMPTS, ["notification_id", "number"], to_rows(ended))


_A = ATTEMPTS.c
_EARLIER = (
    select(
        _A.notification_id,
        *(_A.number, _A.gateway, _A.started_at, _A.ended_at, _A.outcome, _A.detail),
    )
    .where(_A.notification_id == any_(bindparam("ids", type_=ARRAY(Uuid))))
    .order_by(_A.notification_id, _A.number)
)


async def list_earlier(
    db: AsyncConnection, numbers: Mapping[UUID, int]
) -> dict[UUID, tuple[AttemptMade, ...]]:
    """The attempts before those with the numbers, rising, of the notifications that had any."""
    ids = [notification_id for notification_id, number in numbers.items() if number > 1]
    if not ids:
        return {}
    made: dict[UUID, tuple[AttemptMade, ...]] = {}
    for name, *values in await db.execute(_EARLIER, {"ids": ids}):
        number, gateway, started_at, ended_at, outcome, detail = values
        if number < numbers[name]:
            attempt = AttemptMade(
                number=number,
                gateway=gateway,
                started_at=started_at,
                ended_at=ended_at,
                outcome=outcome,
                detail=detail,
            )
            made[name] = (*made.get(name, ()), attempt)
    return made


_WITH_RECEIPTS = (
    select(RECEIPTS.c.gateway_message_id)
    .distinct()
    .where(RECEIPTS.c.gateway_message_id == any_(bindparam("names", type_=ARRAY(Text))))
)


async def select_with_receipts(
    db: AsyncConnection, gateway_message_ids: Iterable[str]
) -> list[str]:
    """Those messages whose receipt came before their outcome."""
    return list(await db.scalars(_WITH_RECEIPTS, {"names": list(gateway_message_ids)}))


_OPEN = union_all(
    *(
        select(_N.channel, _N.state, func.count().label("number"))
        .where(_N.state == inline(state))
        .group_by(_N.channel, _N.state)
        for state in (
            NotificationState.PENDING,
            NotificationState.SENDING,
            NotificationState.HELD,
        )
    )
)


async def count_open(db: AsyncConnection) -> dict[tuple[Channel, NotificationState], int]:
    """How many notifications are open, by channel and state; uses partial indexes only."""
    return {
        (Channel(row.channel), NotificationState(row.state)): row.number
        for row in await db.execute(_OPEN)
    }


async def count_waiting(db: AsyncConnection) -> int:
    """How many reminders wait for their unit."""
    waiting = REMINDERS.c.state == inline(ReminderState.WAITING)
    result = await db.execute(select(func.count()).select_from(REMINDERS).where(waiting))
    return result.scalar_one()
