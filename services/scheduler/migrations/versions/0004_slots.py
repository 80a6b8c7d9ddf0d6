"""What slots wait for, what fired for each obligation, what the audit and facts still wait for.

The old version goes on working with it: every new column has a default. What fired before is
known only for whole units, so it counts for each obligation that a unit still owes.
"""

from alembic import op

revision = "2026_11_27_slots"
down_revision = "2026_11_27_relayed"
branch_labels = None
depends_on = None
additive = True

STATEMENTS = (
    (
        "ALTER TABLE scheduler.agenda ADD COLUMN partition INTEGER DEFAULT '-1' NOT NULL, "
        "ADD COLUMN emitted_until TIMESTAMP WITH TIME ZONE, "
        "ADD COLUMN stale_since TIMESTAMP WITH TIME ZONE, "
        "ADD COLUMN replan_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL"
    ),
    (
        "UPDATE scheduler.agenda SET emitted_until = fired_until, "
        "stale_since = CASE WHEN stale THEN now() END WHERE stale OR fired_until IS NOT NULL"
    ),
    "DROP INDEX scheduler.agenda_due",
    "DROP INDEX scheduler.agenda_stale",
    "CREATE INDEX agenda_waiting ON scheduler.agenda (partition, next_fire_at) WHERE NOT stale",
    "CREATE INDEX agenda_stale ON scheduler.agenda (replan_at) WHERE stale",
    "ALTER TABLE scheduler.offices ADD COLUMN partition INTEGER DEFAULT '-1' NOT NULL",
    "ALTER TABLE scheduler.obligations ADD COLUMN fired_until TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE scheduler.timers ADD COLUMN fired_until TIMESTAMP WITH TIME ZONE",
    (
        "UPDATE scheduler.obligations AS o SET fired_until = a.fired_until "
        "FROM scheduler.agenda AS a WHERE a.unit_id = o.unit_id AND a.fired_until IS NOT NULL "
        "AND o.standing IN ('open', 'in-progress')"
    ),
    (
        "ALTER TABLE scheduler.reminders ADD COLUMN part INTEGER DEFAULT '0' NOT NULL, "
        "ADD COLUMN complete BOOLEAN DEFAULT true NOT NULL"
    ),
    "CREATE INDEX reminders_open ON scheduler.reminders (emitted_at) WHERE fanned_out IS NULL",
    (
        "CREATE INDEX notifications_pending ON scheduler.notifications (told_at) "
        "WHERE state = 'pending'"
    ),
    """
    CREATE TABLE scheduler.gaps (
        reminder_id UUID NOT NULL,
        found_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        PRIMARY KEY (reminder_id)
    )
    """,
    """
    CREATE TABLE scheduler.waiting_facts (
        obligation_id UUID NOT NULL,
        event_id UUID NOT NULL,
        office_id UUID NOT NULL,
        unit_id UUID NOT NULL,
        number INTEGER,
        value BYTEA NOT NULL,
        headers JSONB NOT NULL,
        time TIMESTAMP WITH TIME ZONE NOT NULL,
        received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        PRIMARY KEY (obligation_id, event_id)
    )
    """,
    "CREATE INDEX waiting_facts_by_age ON scheduler.waiting_facts (received_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE scheduler.waiting_facts")
    op.execute("DROP TABLE scheduler.gaps")
    op.execute("DROP INDEX scheduler.notifications_pending")
    op.execute("DROP INDEX scheduler.reminders_open")
    op.execute("ALTER TABLE scheduler.reminders DROP COLUMN part, DROP COLUMN complete")
    op.execute("ALTER TABLE scheduler.timers DROP COLUMN fired_until")
    op.execute("ALTER TABLE scheduler.obligations DROP COLUMN fired_until")
    op.execute("ALTER TABLE scheduler.offices DROP COLUMN partition")
    op.execute("DROP INDEX scheduler.agenda_stale")
    op.execute("DROP INDEX scheduler.agenda_waiting")
    op.execute(
        "ALTER TABLE scheduler.agenda DROP COLUMN partition, DROP COLUMN emitted_until, "
        "DROP COLUMN stale_since, DROP COLUMN replan_at"
    )
    op.execute("CREATE INDEX agenda_due ON scheduler.agenda (next_fire_at) WHERE NOT stale")
    op.execute("CREATE INDEX agenda_stale ON scheduler.agenda (unit_id) WHERE stale")
