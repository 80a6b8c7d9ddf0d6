"""Which due dates stand in the calendars of contacts, and which are to be taken out."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.calendar_entries import (
    MOST,
    MOVED,
    CalendarEntry,
    EntryState,
    Known,
    KnownEntry,
)
from services.notifier.domain.message import NotificationState
from services.notifier.store.calendar_tables import CALENDAR_ENTRIES
from services.notifier.store.tables import NOTIFICATIONS
from shared.database.engine import insert_rows
from shared.database.statements import AnyRow
from shared.schemas.events import ReminderWithdrawn

_E, _N = CALENDAR_ENTRIES.c, NOTIFICATIONS.c
_COLUMNS = [_E[field.name] for field in fields(CalendarEntry)]
_OF_CONTACTS = (
    select(*_COLUMNS, _N.state.label("mail"))
    .select_from(
        CALENDAR_ENTRIES.outerjoin(NOTIFICATIONS, _N.notification_id == _E.notification_id)
    )
    .where(_E.contact_id == any_(bindparam("ids", type_=ARRAY(Uuid))))
)
_LOST = {
    NotificationState.FAILED,
    NotificationState.SUPPRESSED,
    NotificationState.WITHDRAWN,
}
_REPLACED = (
    "(contact_id, obligation_id) DO UPDATE SET "
    + ", ".join(
        f"{field.name} = EXCLUDED.{field.name}"
        for field in fields(CalendarEntry)
        if field.name not in {"contact_id", "obligation_id"}
    )
    + ", attempts = 0, retry_at = now()"
)
_FORGET = text(
    "DELETE FROM notifier.calendar_entries c USING notifier.offices o "
    "WHERE o.office_id = c.office_id AND c.due_on < CAST(:now AS timestamptz) "
    "- make_interval(days => CAST(o.settings ->> 'retention_days' AS integer))"
)
_END = text(
    "UPDATE notifier.calendar_entries SET "  # noqa: S608 - constants
    f"state = CASE WHEN due_on >= :today THEN '{EntryState.ENDING}' ELSE '{EntryState.ENDED}' END, "
    "attempts = 0, retry_at = now() "
    f"WHERE unit_id = :unit AND obligation_id = ANY(:ids) AND state = '{EntryState.ENTERED}'"
)


async def list_known(db: AsyncConnection, contact_ids: Collection[UUID]) -> Known:
    """What mails brought to contacts."""
    rows = await db.execute(_OF_CONTACTS, {"ids": list(contact_ids)})
    return {
        (row.contact_id, row.obligation_id): KnownEntry(_read(row), row.mail in _LOST)
        for row in rows
    }


def _read(row: AnyRow) -> CalendarEntry:
    values = {field.name: getattr(row, field.name) for field in fields(CalendarEntry)}
    return CalendarEntry(**values | {"state": EntryState(row.state)})


async def put(db: AsyncConnection, entries: Iterable[CalendarEntry]) -> None:
    """Enter what mails bring, or have brought; an earlier state of an entry is replaced."""
    rows = {(entry.contact_id, entry.obligation_id): asdict(entry) for entry in entries}
    await insert_rows(db, CALENDAR_ENTRIES, list(rows.values()), _REPLACED)


async def end_withdrawn(
    db: AsyncConnection, events: Sequence[ReminderWithdrawn], today: date
) -> None:
    """Let entries of what is not owed any more be cancelled; those that are past only end."""
    for event in events:
        if event.reason not in MOVED:
            ids = list(event.obligation_ids)
            await db.execute(_END, {"unit": event.unit_id, "ids": ids, "today": today})


async def claim_ending(
    db: AsyncConnection, lease: timedelta, held: Collection[UUID] = ()
) -> tuple[list[CalendarEntry], int]:
    """Entries of one contact that are to be cancelled, for the time of a lease; none when none is.

    Those of the offices `held` stay where they are.

    Returns:
        The entries, and how many attempts there were, this one included.
    """
    first = (
        select(_E.contact_id, _E.address)
        .where(
            _E.state == EntryState.ENDING.value,
            _E.retry_at <= func.now(),
            _E.office_id.not_in(held),
        )
        .order_by(_E.retry_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("first")
    )
    due = (
        select(_E.contact_id, _E.obligation_id)
        .join(first, (_E.contact_id == first.c.contact_id) & (_E.address == first.c.address))
        .where(_E.state == EntryState.ENDING.value)
        .order_by(_E.obligation_id)
        .limit(MOST)
        .with_for_update(skip_locked=True, of=CALENDAR_ENTRIES)
    )
    claim = (
        update(CALENDAR_ENTRIES)
        .where(tuple_(_E.contact_id, _E.obligation_id).in_(due))
        .values(attempts=_E.attempts + 1, retry_at=func.now() + lease)
        .returning(*_COLUMNS, _E.attempts)
    )
    rows = (await db.execute(claim)).all()
    return [_read(row) for row in rows], max((row.attempts for row in rows), default=0)


async def postpone(db: AsyncConnection, entries: Sequence[CalendarEntry], pause: timedelta) -> None:
    """Try again after a pause."""
    keys = [(each.contact_id, each.obligation_id) for each in entries]
    await db.execute(
        update(CALENDAR_ENTRIES)
        .where(
            tuple_(_E.contact_id, _E.obligation_id).in_(keys),
            _E.state == EntryState.ENDING.value,
        )
        .values(retry_at=func.now() + pause)
    )


async def forget(db: AsyncConnection, now: datetime) -> None:
    """Delete what was due longer ago than its office keeps texts and addresses."""
    await db.execute(_FORGET, {"now": now})


async def end(db: AsyncConnection, entries: Sequence[CalendarEntry]) -> None:
    """Note entries as cancelled; one that a mail has brought again meanwhile stays."""
    for entry in entries:
        await db.execute(
            update(CALENDAR_ENTRIES)
            .where(
                _E.contact_id == entry.contact_id,
                _E.obligation_id == entry.obligation_id,
                _E.state == EntryState.ENDING.value,
            )
            .values(state=entry.state.value, sequence=entry.sequence)
        )
