"""The notifier's table of calendar entries."""

from sqlalchemy import Column, Date, DateTime, Index, Integer, Table, Text, Uuid, func, text

from services.notifier.store.tables import METADATA

CALENDAR_ENTRIES = Table(
    "calendar_entries",
    METADATA,
    Column("contact_id", Uuid, primary_key=True),
    Column("obligation_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("notification_id", Uuid, nullable=False),
    Column("address", Text, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("summary", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("retry_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("calendar_entries_of_unit", "unit_id"),
    Index("calendar_entries_ending", "retry_at", postgresql_where=text("state = 'ending'")),
)
"""Due dates that mails put into calendars. `retry_at`, of their cancellation, is by the database's
clock."""
