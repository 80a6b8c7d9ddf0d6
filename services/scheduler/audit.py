"""Conservation: due = sent + suppressed + withdrawn + dead + pending, for each unit and day.

It is counted in notifications. A ReminderFannedOut lists the notifications that a reminder became:
these are *due*. Each of them ends in one state, or is pending. Where the sum does not hold, there
is a gap. In the code *dead* is called failed (`ReportedState`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select, text, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.store.reminders import ReportedState
from services.scheduler.store.tables import GAPS, NOTIFICATIONS, REMINDERS
from shared.database.engine import insert_rows
from shared.database.statements import AnyRow

NAMED = 50
"""How many gaps one audit writes to the log; the command shows all."""
_ALWAYS = date(1970, 1, 1)
_R, _N = REMINDERS.c, NOTIFICATIONS.c
_NOTIFICATION = (
    "SELECT n.office_id, n.unit_id, n.reminder_id, n.notification_id, n.slot "
    "FROM scheduler.notifications AS n"
)
_UNEVEN = text("""
    WITH looked_at AS (
        SELECT reminder_id FROM scheduler.reminders
        WHERE fanned_out IS NULL AND emitted_at < :before
        UNION
        SELECT reminder_id FROM scheduler.reminders WHERE day >= :since AND fanned_out IS NOT NULL
        UNION
        SELECT reminder_id FROM scheduler.gaps
    )
    SELECT r.office_id, r.unit_id, r.reminder_id, NULL AS notification_id, r.slot,
        r.fanned_out, n.stored, n.named
    FROM looked_at JOIN scheduler.reminders AS r USING (reminder_id) LEFT JOIN LATERAL (
        SELECT count(*) AS stored, count(*) FILTER (WHERE named) AS named
        FROM scheduler.notifications WHERE reminder_id = r.reminder_id
    ) AS n ON true
    WHERE r.fanned_out IS NULL AND r.emitted_at < :before
    OR r.fanned_out <> n.stored OR r.fanned_out <> n.named ORDER BY r.slot
""")
_WITHOUT_REMINDER = text(
    f"{_NOTIFICATION} LEFT JOIN scheduler.reminders AS r ON r.reminder_id = n.reminder_id "
    "WHERE r.reminder_id IS NULL AND n.slot >= :since UNION "
    f"{_NOTIFICATION} JOIN scheduler.gaps AS g ON g.reminder_id = n.reminder_id "
    "LEFT JOIN scheduler.reminders AS r ON r.reminder_id = n.reminder_id "
    "WHERE r.reminder_id IS NULL ORDER BY slot"
)
_PENDING = text(
    f"{_NOTIFICATION} WHERE n.state = '{ReportedState.PENDING}' AND n.told_at < :before "
    "ORDER BY n.slot"
)


@dataclass(frozen=True, slots=True)
class UnitDay:
    """What became of one unit's reminders of one day.

    Attributes:
        reminders: emitted.
        waiting: of these, not yet fanned out, so that their notifications are not known.
        unheard: of these, fanned out into no notification, because the unit has no contact.
        due: notifications that they became, as their ReminderFannedOut lists them.
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


_FIGURES = ("reminders", "waiting", "unheard", "due", *ReportedState)


class GapKind(StrEnum):
    """What does not add up."""

    NOT_FANNED_OUT = "reminder-not-fanned-out"
    NOTIFICATIONS_MISSING = "notifications-missing"
    NOTIFICATIONS_EXTRA = "notifications-extra"
    REMINDER_UNKNOWN = "notification-without-reminder"
    PENDING_TOO_LONG = "notification-pending-too-long"
    NOTIFICATION_GONE = "notification-gone"
    """The notifier does not have it, so it is never sent."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A reminder whose notifications do not add up, or a notification without its reminder.

    Attributes:
        due: how many notifications there should be.
        stored: how many there are.
    """

    kind: GapKind
    office_id: UUID
    unit_id: UUID
    reminder_id: UUID
    notification_id: UUID | None
    slot: datetime
    due: int
    stored: int

    def to_log_fields(self) -> dict[str, str | int]:
        """The gap as the fields of a log line and of the command's JSON (`stored` as `found`)."""
        return {
            "kind": self.kind.value,
            "office_id": str(self.office_id),
            "unit_id": str(self.unit_id),
            "reminder_id": str(self.reminder_id),
            "notification_id": str(self.notification_id or ""),
            "slot": self.slot.isoformat(),
            "due": self.due,
            "found": self.stored,
        }


async def count_unit_days(
    db: AsyncConnection, *, office_id: UUID | None = None, since: date | None = None
) -> list[UnitDay]:
    """The line for each unit and day, ordered by day; by default of all offices and days.

    A notification counts on its reminder's day. Without a reminder it is in no line, but a gap.
    """
    states = (
        select(
            *(func.count().filter(_N.state == state.value).label(state) for state in ReportedState)
        )
        .where(_N.reminder_id == _R.reminder_id)
        .lateral("states")
    )
    lines = (
        select(
            _R.office_id,
            _R.unit_id,
            _R.day,
            func.count().label("reminders"),
            func.count().filter(_R.fanned_out.is_(None)).label("waiting"),
            func.count().filter(_R.fanned_out == 0).label("unheard"),
            func.coalesce(func.sum(_R.fanned_out), 0).label("due"),
            *(func.coalesce(func.sum(states.c[state]), 0).label(state) for state in ReportedState),
        )
        .select_from(REMINDERS.outerjoin(states, true()))
        .where(_R.day >= (since or _ALWAYS))
        .group_by(_R.office_id, _R.unit_id, _R.day)
        .order_by(_R.day, _R.unit_id)
    )
    if office_id is not None:
        lines = lines.where(_R.office_id == office_id)
    return [
        UnitDay(
            office_id=row.office_id,
            unit_id=row.unit_id,
            day=row.day,
            **{name: int(row._mapping[name]) for name in _FIGURES},  # noqa: SLF001 - SQLAlchemy's public name
        )
        for row in await db.execute(lines)
    ]


def sum_days(days: Iterable[UnitDay]) -> UnitDay:
    """The sum over units and days; it names no unit and no day."""
    lines = list(days)
    figures = {name: sum(getattr(line, name) for line in lines) for name in _FIGURES}
    return UnitDay(office_id=None, unit_id=None, day=None, **figures)


async def find_gaps(
    db: AsyncConnection,
    *,
    real_now: datetime,
    grace: timedelta,
    patience: timedelta,
    since: date | None = None,
) -> list[Gap]:
    """Everything that does not add up, oldest slot first.

    What is open (not fanned out, pending, or a gap before: `remember_gaps`) is examined however old
    it is, through indexes that contain nothing else.

    Args:
        db: any connection.
        real_now: the machine's instant.
        grace: how long, in real time, a reminder may take to be fanned out, and a notification's
            parts may take to arrive.
        patience: how long, in real time, a notification may be pending: longer than all its
            attempts take. Beyond that its gateway is away, or it needs a decision, or it is lost.
        since: the first day of what has ended, which bounds the cost; all days by default.
    """
    since = since or _ALWAYS
    uneven = await db.execute(_UNEVEN, {"before": real_now - grace, "since": since})
    orphans = await db.execute(_WITHOUT_REMINDER, {"since": since})
    pending = await list_pending(db, told_before=real_now - patience)
    return [
        *(
            _to_gap(row, _classify(row.fanned_out, row.named), row.fanned_out or 0, row.stored)
            for row in uneven
        ),
        *(_to_gap(row, GapKind.REMINDER_UNKNOWN, due=0, stored=1) for row in orphans),
        *(replace(gap, kind=GapKind.PENDING_TOO_LONG) for gap in pending),
    ]


async def remember_gaps(db: AsyncConnection, gaps: Iterable[Gap]) -> None:
    """Store which reminders have gaps, so that the next audit examines them however old they are.

    `gaps` is all that `find_gaps` returned. A reminder that is not among them adds up, and is
    deleted from the table.
    """
    ids = sorted({gap.reminder_id for gap in gaps})
    rows = [{"reminder_id": reminder_id} for reminder_id in ids]
    await insert_rows(db, GAPS, rows, "DO NOTHING")
    await db.execute(
        text("DELETE FROM scheduler.gaps WHERE reminder_id <> ALL(CAST(:ids AS uuid[]))"),
        {"ids": ids},
    )


async def list_pending(db: AsyncConnection, *, told_before: datetime) -> list[Gap]:
    """The pending notifications that were reported before an instant of real time.

    They are gaps if the notifier does not have them (`GapKind.NOTIFICATION_GONE`).
    """
    rows = await db.execute(_PENDING, {"before": told_before})
    return [_to_gap(row, GapKind.NOTIFICATION_GONE, due=1, stored=0) for row in rows]


def _classify(fanned_out: int | None, named: int) -> GapKind:
    if fanned_out is None:
        return GapKind.NOT_FANNED_OUT
    return GapKind.NOTIFICATIONS_MISSING if named < fanned_out else GapKind.NOTIFICATIONS_EXTRA


def _to_gap(row: AnyRow, kind: GapKind, due: int, stored: int) -> Gap:
    return Gap(
        kind=kind,
        office_id=row.office_id,
        unit_id=row.unit_id,
        reminder_id=row.reminder_id,
        notification_id=row.notification_id,
        slot=row.slot,
        due=due,
        stored=stored,
    )


async def estimate_open_timers(db: AsyncConnection) -> int:
    """How many timers there are, by PostgreSQL's estimate."""
    result = await db.execute(
        text("SELECT reltuples FROM pg_class WHERE oid = CAST('scheduler.timers' AS regclass)")
    )
    return max(0, int(result.scalar_one()))
