"""The scheduler's tables.

No other service uses them. The lab does: the demo and the chaos test read them, the benchmarks fill
them, the chaos test damages them.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.kafka.broker.positions import define_positions_table
from shared.kafka.consuming.consumer import Tables
from shared.kafka.consuming.inbox import define_inbox_table
from shared.kafka.consuming.parked import define_parked_table
from shared.kafka.outbox.publishing import define_outbox_table

METADATA = MetaData(schema="scheduler")

POSITIONS = define_positions_table(METADATA)
INBOX = define_inbox_table(METADATA)
OUTBOX = define_outbox_table(METADATA)
PARKED = define_parked_table(METADATA)
CONSUMING = Tables(POSITIONS, INBOX, OUTBOX, PARKED)

TASKS_CONSUMER = "scheduler-tasks"
RULES_CONSUMER = "scheduler-rules"
"""The consumers whose watermarks a slot waits for."""
UNKNOWN = -1
"""The partition of a row that was written before partitions were stored."""

OFFICES = Table(
    "offices",
    METADATA,
    Column("office_id", Uuid, primary_key=True),
    Column("rule_book", JSONB(none_as_null=True)),
    Column("rule_version", Integer, nullable=False, server_default="0"),
    Column("calendar", JSONB(none_as_null=True)),
    Column("calendar_number", Integer, nullable=False, server_default="0"),
    Column("changed_at", DateTime(timezone=True)),
    Column("partition", Integer, nullable=False, server_default=str(UNKNOWN)),
    Column("own_unit", Uuid),
    Column("settings_number", Integer, nullable=False, server_default="0"),
)
"""`changed_at`: when the office told of the newest change of its rules or calendar. `partition`:
of the rules topic, in which the office's rules were last read. `own_unit` is that of its newest
settings, whose number is `settings_number`."""

RULE_BOOKS = Table(
    "rule_books",
    METADATA,
    Column("office_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("book", JSONB(none_as_null=True), nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
)
"""The rule books of an office whose steps may be kept, from the newest that kept none on."""

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
"""One row for all units that owe the measure. An event that is older than `told_at` changes
nothing, since the events of different units are not ordered."""

UNIT_TRAITS = Table(
    "unit_traits",
    METADATA,
    Column("unit_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("groups", JSONB, nullable=False),
)
MEASURE_TRAITS = Table(
    "measure_traits",
    METADATA,
    Column("measure_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("category", Text, nullable=False),
    Column("target", Double),
    Column("told_at", DateTime(timezone=True), nullable=False),
)
"""What rules ask of units and measures. Rows exist once a rule book has asked for them."""

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
    Column("reminded", Boolean, nullable=False, server_default=text("true")),
    Column("planned_from", DateTime(timezone=True), nullable=False),
    Column("fired_until", DateTime(timezone=True)),
    Column("status", Text),
    Column("reported", Double),
    Column("progressed_at", DateTime(timezone=True)),
    Index("obligations_by_unit", "unit_id"),
    Index("obligations_leading", "measure_id", postgresql_where=text("lead")),
)
"""What units owe. `planned_from`: nothing is planned up to this instant, at which the newest fact
that planning depends on was told. `status` is that of the ledger, null where older releases alone
told of it; `reported` is the last value, `progressed_at` the last report of progress.

`fired_until`: the newest slot that fired by timers that are
deleted; existing timers store their own. Nothing is planned up to it, so that no slot fires twice
for an obligation, even if clocks disagree or are set back."""

TIMERS = Table(
    "timers",
    METADATA,
    Column("obligation_id", Uuid, primary_key=True),
    Column("rule_id", Text, primary_key=True),
    Column("unit_id", Uuid, nullable=False),
    Column("next_fire_at", DateTime(timezone=True), nullable=False),
    Column("overdue", Integer, nullable=False),
    Column("fired_until", DateTime(timezone=True)),
    Index("timers_by_unit", "unit_id"),
    postgresql_with={"fillfactor": "70"},
)
"""When a rule fires next for an obligation, and as which overdue reminder (0 before the date).

A timer that ends is deleted. `fired_until` is the newest slot that it fired. `next_fire_at` is in
no index, and pages are left a third empty, so that moving a timer updates no index (a heap-only
update)."""

AGENDA = Table(
    "agenda",
    METADATA,
    Column("unit_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("next_fire_at", DateTime(timezone=True)),
    Column("stale", Boolean, nullable=False, server_default=text("false")),
    Column("fired_until", DateTime(timezone=True)),
    Column("partition", Integer, nullable=False, server_default=str(UNKNOWN)),
    Column("emitted_until", DateTime(timezone=True)),
    Column("stale_since", DateTime(timezone=True)),
    Column("replan_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("agenda_waiting", "partition", "next_fire_at", postgresql_where=text("NOT stale")),
    Index("agenda_stale", "replan_at", postgresql_where=text("stale")),
    Index("agenda_by_office", "office_id", "unit_id"),
)
"""A unit's earliest timer, and the unit's lock: every event about the unit and every firing locks
this row first.

`partition`: of the tasks topic, in which the unit's facts were last read.
`stale`: rules or calendar changed; nothing fires before the unit is planned anew. It is stale since
`stale_since`, and planned not before `replan_at`, both by the database's clock.
`fired_until`: the newest slot that fired. `emitted_until`: the newest slot of which a reminder was
ever emitted; up to it a reminder may need another part number, since its first id is used. The two
differ after a rewind (`store/rewinding.py`).
"""

MUTES = Table(
    "mutes",
    METADATA,
    Column("mute_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("unit_id", Uuid),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("mute", JSONB, nullable=False),
    Index("mutes_of_office", "office_id", "until"),
)
"""Mutes whole, as the newest event told them (`number`). `unit_id` and `until` are also in `mute`.
Ended ones are kept: a late slot of an earlier time asks for them."""

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
    Column("part", Integer, nullable=False, server_default="0"),
    Column("complete", Boolean, nullable=False, server_default=text("true")),
    Index("reminders_by_day", "day", "unit_id"),
    Index("reminders_open", "emitted_at", postgresql_where=text("fanned_out IS NULL")),
)
"""What was emitted. `day` is the slot's day at the office, `emitted_at` is real time, and
`fanned_out` is how many notifications the notifier made of it (null: not reported yet). `part`
counts the reminders of one unit, audience and slot from 0. `complete`: every fact from before the
slot was known when it fired."""

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
    Index("notifications_pending", "told_at", postgresql_where=text("state = 'pending'")),
)
"""How each notification ended. `named`: a ReminderFannedOut listed it. `told_at` is real time."""

GAPS = Table(
    "gaps",
    METADATA,
    Column("reminder_id", Uuid, primary_key=True),
    Column("found_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
"""The reminders that did not add up in an audit. Each is examined until it does."""

WAITING_FACTS = Table(
    "waiting_facts",
    METADATA,
    Column("obligation_id", Uuid, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("number", Integer),
    Column("value", LargeBinary, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("waiting_facts_by_age", "received_at"),
)
"""Facts about obligations that are not known yet, as their Kafka records. A fact about several
obligations has a row for each. `number` is the fact's (null: it has none), `time` is when it was
told, `received_at` is the database's time."""
