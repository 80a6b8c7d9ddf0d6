"""Conservation: due = sent + suppressed + withdrawn + dead + pending, for each unit and day.

It is counted in notifications. A ReminderFannedOut tells which notifications a reminder became:
these are *due*. Each of them ends in one state, or is pending. Where the sum does not hold, the
gap is named.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

NAMED = 50
"""How many gaps one audit writes to the log; the command shows all."""
_ALWAYS = date(1970, 1, 1)
_NOTIFICATION = (
    "SELECT n.office_id, n.unit_id, n.reminder_id, n.notification_id, n.slot "
    "FROM scheduler.notifications AS n"
)
_UNEVEN = """
    WITH looked_at AS (
        SELECT reminder_id FROM scheduler.reminders
        WHERE fanned_out IS NULL AND emitted_at < :before
        UNION
        SELECT reminder_id FROM scheduler.reminders WHERE day >= :since AND fanned_out IS NOT NULL
        UNION
        SELECT reminder_id FROM scheduler.gaps
    )
    SELECT r.office_id, r.unit_id, r.reminder_id, r.slot, r.fanned_out, n.rows, n.named
    FROM looked_at JOIN scheduler.reminders AS r USING (reminder_id) LEFT JOIN LATERAL (
        SELECT count(*) AS rows, count(*) FILTER (WHERE named) AS named
        FROM scheduler.notifications WHERE reminder_id = r.reminder_id
    ) AS n ON true
    WHERE r.fanned_out IS NULL AND r.emitted_at < :before
    OR r.fanned_out <> n.rows OR r.fanned_out <> n.named ORDER BY r.slot
"""


@dataclass(frozen=True, slots=True)
class UnitDay:
    """What became of one unit's reminders of one day.

    Attributes:
        reminders: emitted.
        waiting: of these, not yet fanned out, so that their notifications are not known.
        unheard: of these, fanned out into no notification, for want of a contact.
        due: notifications that they became, as the fan-out told.
    """

    office_id: UUID | None
    unit_id: UUID | None
    day: date | None
    reminders: int
    waiting: int
    unheard: int
    due: int
    sent: int
    suppressed: int
    withdrawn: int
    dead: int
    pending: int

    @property
    def ended(self) -> int:
        """The right side of the line."""
        return self.sent + self.suppressed + self.withdrawn + self.dead + self.pending

    @property
    def holds(self) -> bool:
        """Whether the line holds."""
        return self.due == self.ended


class GapKind(StrEnum):
    """What does not add up."""

    NOT_FANNED_OUT = "reminder-not-fanned-out"
    NOTIFICATIONS_MISSING = "notifications-missing"
    NOTIFICATIONS_EXTRA = "notifications-extra"
    REMINDER_UNKNOWN = "notification-without-reminder"
    PENDING_TOO_LONG = "notification-pending-too-long"
    NOTIFICATION_GONE = "notification-gone"
    """The notifier does not know it any more, so nobody will ever send it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A reminder whose notifications do not add up, or a notification without its reminder."""

    kind: GapKind
    office_id: UUID
    unit_id: UUID
    reminder_id: UUID
    notification_id: UUID | None
    slot: datetime
    due: int
    found: int

    def words(self) -> dict[str, str | int]:
        """The gap as the fields of a log line."""
        return {
            "kind": self.kind.value,
            "office_id": str(self.office_id),
            "unit_id": str(self.unit_id),
            "reminder_id": str(self.reminder_id),
            "notification_id": str(self.notification_id or ""),
            "slot": self.slot.isoformat(),
            "due": self.due,
            "found": self.found,
        }


async def conservation(
    db: AsyncConnection, *, office_id: UUID | None = None, since: date | None = None
) -> list[UnitDay]:
    """The line for each unit and day, ordered by day; all offices and days unless told.

    Notifications count by their reminder's day. One without its reminder is in `gaps` alone.
    """
    found = await db.execute(
        text(
            "SELECT r.office_id, r.unit_id, r.day, count(*), "
            "count(*) FILTER (WHERE r.fanned_out IS NULL), "
            "count(*) FILTER (WHERE r.fanned_out = 0), "
            "coalesce(sum(r.fanned_out), 0), "
            "coalesce(sum(n.sent), 0), coalesce(sum(n.suppressed), 0), "
            "coalesce(sum(n.withdrawn), 0), coalesce(sum(n.dead), 0), "
            "coalesce(sum(n.pending), 0) "
            "FROM scheduler.reminders AS r LEFT JOIN LATERAL ("
            "SELECT count(*) FILTER (WHERE state = 'sent') AS sent, "
            "count(*) FILTER (WHERE state = 'suppressed') AS suppressed, "
            "count(*) FILTER (WHERE state = 'withdrawn') AS withdrawn, "
            "count(*) FILTER (WHERE state = 'dead') AS dead, "
            "count(*) FILTER (WHERE state = 'pending') AS pending "
            "FROM scheduler.notifications WHERE reminder_id = r.reminder_id"
            ") AS n ON true "
            "WHERE r.day >= :since AND (CAST(:office AS uuid) IS NULL OR r.office_id = :office) "
            "GROUP BY r.office_id, r.unit_id, r.day ORDER BY r.day, r.unit_id"
        ),
        {"since": since or _ALWAYS, "office": office_id},
    )
    return [UnitDay(*row[:3], *(int(number) for number in row[3:])) for row in found.all()]


def totals(days: Iterable[UnitDay]) -> UnitDay:
    """The sum over units and days; it names no unit and no day."""
    every = list(days)
    return UnitDay(
        None,
        None,
        None,
        *(sum(getattr(one, name) for one in every) for name in UnitDay.__slots__[3:]),
    )


async def gaps(
    db: AsyncConnection,
    *,
    real_now: datetime,
    grace: timedelta,
    patience: timedelta,
    since: date | None = None,
) -> list[Gap]:
    """Everything that does not add up, oldest slot first.

    What is open (not fanned out, pending, or found wrong before: `remember`) is looked at however
    old it is, through indexes that hold nothing else.

    Args:
        db: any connection.
        real_now: the machine's instant.
        grace: how long, in real time, a reminder may take to be fanned out, and a notification's
            parts may take to arrive.
        patience: how long, in real time, a notification may be pending: longer than all its
            attempts take. Then its gateway is away, or it waits for a person, or it is lost.
        since: the first day of what has ended, by which the cost is bounded; all days unless
            told.
    """
    found = await db.execute(
        text(_UNEVEN),
        {"before": real_now - grace, "since": since or _ALWAYS},
    )
    uneven = [
        Gap(_kind(due, named), office, unit, reminder, None, slot, due=due or 0, found=rows)
        for office, unit, reminder, slot, due, rows, named in found.all()
    ]
    orphans = await db.execute(
        text(
            f"{_NOTIFICATION} LEFT JOIN scheduler.reminders AS r "
            "ON r.reminder_id = n.reminder_id "
            "WHERE r.reminder_id IS NULL AND n.slot >= :since UNION "
            f"{_NOTIFICATION} JOIN scheduler.gaps AS g ON g.reminder_id = n.reminder_id "
            "LEFT JOIN scheduler.reminders AS r ON r.reminder_id = n.reminder_id "
            "WHERE r.reminder_id IS NULL ORDER BY slot"
        ),
        {"since": since or _ALWAYS},
    )
    waits = await pending(db, told_before=real_now - patience)
    unknown = GapKind.REMINDER_UNKNOWN
    return [
        *uneven,
        *(
            Gap(unknown, office, unit, reminder, notification, slot, due=0, found=1)
            for office, unit, reminder, notification, slot in orphans.all()
        ),
        *(replace(one, kind=GapKind.PENDING_TOO_LONG) for one in waits),
    ]


async def remember(db: AsyncConnection, found: Iterable[Gap]) -> None:
    """Keep which reminders were found wrong, so that no gap is over because it is old.

    `found` is all that `gaps` gave. What is not among it any more adds up, and is forgotten.
    """
    ids = sorted({gap.reminder_id for gap in found})
    await db.execute(
        text(
            "INSERT INTO scheduler.gaps (reminder_id) SELECT * FROM unnest(CAST(:ids AS uuid[])) "
            "ON CONFLICT DO NOTHING"
        ),
        {"ids": ids},
    )
    await db.execute(
        text("DELETE FROM scheduler.gaps WHERE reminder_id <> ALL(CAST(:ids AS uuid[]))"),
        {"ids": ids},
    )


async def pending(db: AsyncConnection, *, told_before: datetime) -> list[Gap]:
    """The notifications that have not ended, and were told of before an instant of real time.

    They are gaps if the notifier does not know them (`GapKind.NOTIFICATION_GONE`).
    """
    found = await db.execute(
        text(f"{_NOTIFICATION} WHERE n.state = 'pending' AND n.told_at < :before ORDER BY n.slot"),
        {"before": told_before},
    )
    kind = GapKind.NOTIFICATION_GONE
    return [
        Gap(kind, office, unit, reminder, notification, slot, due=1, found=0)
        for office, unit, reminder, notification, slot in found.all()
    ]


def _kind(fanned_out: int | None, named: int) -> GapKind:
    if fanned_out is None:
        return GapKind.NOT_FANNED_OUT
    return GapKind.NOTIFICATIONS_MISSING if named < fanned_out else GapKind.NOTIFICATIONS_EXTRA


async def open_timers(db: AsyncConnection) -> int:
    """How many timers are open, as PostgreSQL estimates without counting."""
    found = await db.execute(
        text("SELECT reltuples FROM pg_class WHERE oid = CAST('scheduler.timers' AS regclass)")
    )
    return max(0, int(found.scalar_one()))
