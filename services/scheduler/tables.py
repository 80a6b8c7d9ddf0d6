"""The scheduler's tables. Nobody else reads them."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.consuming import Tables
from shared.inbox import inbox_table
from shared.outbox import outbox_table
from shared.parking import parked_table
from shared.positions import positions_table

METADATA = MetaData(schema="scheduler")

POSITIONS = positions_table(METADATA)
INBOX = inbox_table(METADATA)
OUTBOX = outbox_table(METADATA)
PARKED = parked_table(METADATA)
CONSUMING = Tables(POSITIONS, INBOX, OUTBOX, PARKED)

OFFICES = Table(
    "offices",
    METADATA,
    Column("office_id", Uuid, primary_key=True),
    Column("rule_book", JSONB(none_as_null=True)),
    Column("rule_version", Integer, nullable=False, server_default="0"),
    Column("calendar", JSONB(none_as_null=True)),
    Column("calendar_number", Integer, nullable=False, server_default="0"),
    Column("changed_at", DateTime(timezone=True)),
)
"""`changed_at`: when the office told of the newest change of its rules or calendar."""

MEASURES = Table(
    "measures",
    METADATA,
    Column("measure_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("ref", Text, nullable=False),
    Column("task_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("plan_title", Text, nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
)
"""One row for all units that owe the measure, so an event that is older by `told_at` changes
nothing: units' events are not ordered among each other."""

OBLIGATIONS = Table(
    "obligations",
    METADATA,
    Column("obligation_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("measure_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("due_on", Date),
    Column("known_on", Date, nullable=False),
    Column("lead", Boolean, nullable=False),
    Column("number", Integer, nullable=False),
    Column("standing", Text, nullable=False),
    Column("planned_from", DateTime(timezone=True), nullable=False),
    Index("obligations_by_unit", "unit_id"),
)
"""What units owe. `planned_from`: nothing is planned for it up to this instant, when the
newest fact that planning depends on was told."""

TIMERS = Table(
    "timers",
    METADATA,
    Column("obligation_id", Uuid, primary_key=True),
    Column("rule_id", Text, primary_key=True),
    Column("unit_id", Uuid, nullable=False),
    Column("next_fire_at", DateTime(timezone=True), nullable=False),
    Column("overdue", Integer, nullable=False),
    Index("timers_by_unit", "unit_id"),
    postgresql_with={"fillfactor": "70"},
)
"""When a rule fires next for an obligation, and as which overdue reminder (0 before the date).

A timer that ends is deleted. `next_fire_at` stands in no index, and pages are left a third
empty, so that moving a timer touches no index (a heap-only update)."""

AGENDA = Table(
    "agenda",
    METADATA,
    Column("unit_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("next_fire_at", DateTime(timezone=True)),
    Column("stale", Boolean, nullable=False, server_default=text("false")),
    Column("fired_until", DateTime(timezone=True)),
    Index("agenda_due", "next_fire_at", postgresql_where=text("NOT stale")),
    Index("agenda_stale", "unit_id", postgresql_where=text("stale")),
    Index("agenda_by_office", "office_id", "unit_id"),
)
"""A unit's earliest timer, and the unit's lock: every event about the unit and every firing
takes this row first.

`stale`: rules or calendar changed; nothing fires before the unit is planned anew.
`fired_until`: the newest slot that fired. Nothing is planned at or before it, so that a slot,
whose reminders are named after it, can't fire twice, even if clocks disagree or are set back.
"""

REMINDERS = Table(
    "reminders",
    METADATA,
    Column("reminder_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("audience", Text, nullable=False),
    Column("slot", DateTime(timezone=True), nullable=False),
    Column("day", Date, nullable=False),
    Column("items", Integer, nullable=False),
    Column("emitted_at", DateTime(timezone=True), nullable=False),
    Column("fanned_out", Integer),
    Index("reminders_by_day", "day", "unit_id"),
)
"""What was emitted. `day` is the slot's day at the office, `emitted_at` is real time, and
`fanned_out` says how many notifications the notifier made of it (null: not told yet)."""

NOTIFICATIONS = Table(
    "notifications",
    METADATA,
    Column("notification_id", Uuid, primary_key=True),
    Column("reminder_id", Uuid, nullable=False),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("channel", Text, nullable=False),
    Column("slot", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("named", Boolean, nullable=False, server_default=text("false")),
    Column("told_at", DateTime(timezone=True), nullable=False),
    Index("notifications_by_reminder", "reminder_id"),
    Index("notifications_by_slot", "slot"),
)
"""How each notification ended. `named`: a ReminderFannedOut told of it. `told_at` is real time."""
