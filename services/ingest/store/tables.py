"""The tables of the schema `ingest`: the ledger, and what it is made from.

`obligations` has no foreign keys on purpose: a plan of 20,000 units is 920,000 rows in one
transaction, and its writer holds the locks of the plan and of every unit that they would check.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.ingest.domain.statuses import Pairing, PlanStatus, SettlementAction
from services.ingest.store.columns import INSTANT, METADATA, EnumText, define_office_column
from shared.kafka.broker.positions import define_positions_table
from shared.kafka.consuming.consumer import Tables
from shared.kafka.consuming.inbox import define_inbox_table
from shared.kafka.consuming.parked import define_parked_table
from shared.kafka.outbox.publishing import define_outbox_table
from shared.schemas.life import Joint, ObligationStatus
from shared.schemas.rules import ObligationKind

OFFICES = Table(
    "offices",
    METADATA,
    Column("office_id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("created_at", INSTANT, nullable=False),
)

UNITS = Table(
    "units",
    METADATA,
    Column("unit_id", Uuid, primary_key=True),
    define_office_column(),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("groups", JSONB, nullable=False),
    Column("aliases", JSONB, nullable=False),
    Column("contacts", JSONB, nullable=False),
    Column("number", Integer, nullable=False),
    Column("changed_at", INSTANT, nullable=False),
    Column("retired_at", INSTANT),
    Column("retired_why", Text),
    Column("successor_id", Uuid),
    UniqueConstraint("office_id", "name", name="units_name"),
    Index("units_page", "office_id", "unit_id"),
    Index(
        "units_contacts",
        "contacts",
        postgresql_using="gin",
        postgresql_ops={"contacts": "jsonb_path_ops"},
    ),
)

TOKENS = Table(
    "tokens",
    METADATA,
    Column("token_id", Uuid, primary_key=True),
    define_office_column(),
    Column("unit_id", Uuid, ForeignKey("ingest.units.unit_id")),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("scopes", JSONB, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("revoked_at", INSTANT),
    Index("tokens_page", "office_id", "token_id"),
)

# Calendar feeds: who has a unit's secret address reads its due dates.

FEEDS = Table(
    "feeds",
    METADATA,
    Column("unit_id", Uuid, ForeignKey("ingest.units.unit_id"), primary_key=True),
    define_office_column(),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("made_at", INSTANT, nullable=False),
    Column("made_by", Text, nullable=False),
)

PLANS = Table(
    "plans",
    METADATA,
    Column("plan_id", Uuid, primary_key=True),
    define_office_column(),
    Column("document_name", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("parsed", JSONB, nullable=False),
    # The document's cells and which of them each value comes from; null before it was kept.
    Column("source", JSONB(none_as_null=True)),
    Column("title", Text),
    Column("year", Integer),
    Column("issuer", Text),
    Column("status", EnumText(PlanStatus), nullable=False),
    Column("imported_at", INSTANT, nullable=False),
    Column("imported_by", Text, nullable=False),
    Column("published_at", INSTANT),
    Column("version", Integer, nullable=False, server_default="1"),
    # Of a revision: the plan that it revises, the plan's version then, and what it changed.
    Column("revises", Uuid, ForeignKey("ingest.plans.plan_id")),
    Column("base_version", Integer),
    Column("outcome", JSONB(none_as_null=True)),
    # Of a plan that was revised: the revision whose document is in force.
    Column("revised_by", Uuid, ForeignKey("ingest.plans.plan_id")),
    # Who reports for joint duties; empty: as the office's settings say.
    Column("joint", EnumText(Joint)),
    Index("plans_page", "office_id", "plan_id"),
    Index("plans_revisions", "revises"),
)

MEASURES = Table(
    "measures",
    METADATA,
    Column("measure_id", Uuid, primary_key=True),
    Column("plan_id", Uuid, ForeignKey("ingest.plans.plan_id"), nullable=False),
    define_office_column(),
    Column("ordinal", Integer, nullable=False),
    Column("ref", Text, nullable=False),
    Column("category", Text),
    Column("task_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("due", JSONB, nullable=False),
    Column("continuous", Boolean, nullable=False),
    Column("recurrence", JSONB(none_as_null=True)),
    Column("names", JSONB, nullable=False),
    Column("lead", JSONB, nullable=False),
    Column("codes", JSONB, nullable=False),
    Column("settlement", EnumText(SettlementAction)),
    Column("settled_by", Text),
    Column("settled_at", INSTANT),
    Column("settled_why", Text),
    Column("published_at", INSTANT),
    Column("settled", JSONB, nullable=False, server_default="[]"),
    # The period names that its obligations carry, where its dates now give others.
    Column("periods", JSONB, nullable=False, server_default="{}"),
    Column("removed_at", INSTANT),
    # Units that a person decided about when the directory changed: those that do not owe it though
    # its names now mean them, and those that go on owing it though they no longer do.
    Column("not_joining", JSONB, nullable=False, server_default="[]"),
    Column("staying", JSONB, nullable=False, server_default="[]"),
    # The deadline as the table prints it.
    Column("printed_due", Text),
    # The quantity of its target column, and who reports; empty: as its plan says.
    Column("target", JSONB(none_as_null=True)),
    Column("joint", EnumText(Joint)),
    # In a revision: which measure of the plan it is, and how that was decided.
    Column("pair_id", Uuid),
    Column("paired", EnumText(Pairing)),
    Index(
        "measures_ref",
        "plan_id",
        "ref",
        unique=True,
        postgresql_where=text("removed_at IS NULL"),
    ),
    Index("measures_order", "plan_id", "ordinal"),
)

NAME_DECISIONS = Table(
    "name_decisions",
    METADATA,
    Column("plan_id", Uuid, ForeignKey("ingest.plans.plan_id"), primary_key=True),
    Column("name", Text, primary_key=True),
    define_office_column(),
    Column("unit_ids", JSONB, nullable=False),
    Column("ignored", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", INSTANT, nullable=False),
)

OBLIGATIONS = Table(
    "obligations",
    METADATA,
    Column("obligation_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("plan_id", Uuid, nullable=False),
    Column("measure_id", Uuid, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("kind", EnumText(ObligationKind), nullable=False),
    Column("period", Text, nullable=False),
    Column("due_on", Date),
    Column("known_on", Date, nullable=False),
    Column("lead", Boolean, nullable=False),
    Column("times", Integer, nullable=False),
    Column("status", EnumText(ObligationStatus), nullable=False),
    # Whether reminders are sent in this status, by the office's settings at that time.
    Column("reminded", Boolean, nullable=False, server_default=text("true")),
    Column("number", Integer, nullable=False),
    # The report that is reviewed or was confirmed; and when and by whom it was fulfilled.
    Column("submitted_at", INSTANT),
    Column("submitted_by", Text),
    Column("done_at", INSTANT),
    Column("done_by", Text),
    # The value that was last reported, in the unit of the measure's target.
    Column("reported", Double),
    Column("progressed_at", INSTANT),
    # By whom and why, where a person withdrew it and not a revision.
    Column("withdrawn_at", INSTANT),
    Column("withdrawn_by", Text),
    Column("withdrawn_why", Text),
    # A person assigned it to this unit, which its measure may not name.
    Column("by_hand", Boolean, nullable=False, server_default=text("false")),
    # Since when it has this state; states before `unknown_before` are not recorded.
    Column("since", INSTANT),
    Column("unknown_before", INSTANT),
    # One index serves the ledger's order, its pages, a unit's list and a plan's repeats.
    Index(
        "obligations_ledger", "office_id", "unit_id", "plan_id", "ordinal", "period", unique=True
    ),
    # A revision reads the obligations of the measures that it changes.
    Index("obligations_measure", "plan_id", "measure_id"),
    # What is due in a period, over all units: overdue lists, the order by date, reports.
    Index("obligations_due", "office_id", "due_on", "obligation_id"),
    # What units reported as done and the office has yet to review.
    Index("obligations_submitted", "office_id", postgresql_where=text("status = 'submitted'")),
)

# Past states of obligations. Only the trigger `obligations_are_remembered` writes them.

OBLIGATION_HISTORY = Table(
    "obligation_history",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("obligation_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("kind", EnumText(ObligationKind), nullable=False),
    Column("due_on", Date),
    Column("known_on", Date, nullable=False),
    Column("status", EnumText(ObligationStatus), nullable=False),
    Column("reminded", Boolean, nullable=False, server_default=text("true")),
    Column("withdrawn", Boolean, nullable=False),
    Column("since", INSTANT),
    Column("until", INSTANT),
    Column("reported", Double),
    Column("progressed_at", INSTANT),
    Index("obligation_history_unit", "unit_id", "until"),
)

# The results of nightly audits of reminders.
EXPECTED_AUDITS = Table(
    "expected_audits",
    METADATA,
    define_office_column(key=True),
    Column("last_day", Date, primary_key=True),
    Column("first_day", Date, nullable=False),
    Column("audited_at", INSTANT, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("emitted", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("differences", Integer, nullable=False),
)

IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    Column("token_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("answered_at", INSTANT, nullable=False),
)

POSITIONS = define_positions_table(METADATA)
INBOX = define_inbox_table(METADATA)
OUTBOX = define_outbox_table(METADATA)
PARKED = define_parked_table(METADATA)
CONSUMING = Tables(positions=POSITIONS, inbox=INBOX, outbox=OUTBOX, parked=PARKED)
