"""The tables of the history, in the schema `ingest`: what units were sent.

The consumer `ingest-history` writes them from events alone. Events arrive in any order, so no row
refers to another by a foreign key.
"""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.ingest.domain.statuses import MessageState
from services.ingest.store.columns import INSTANT, METADATA, EnumText
from shared.schemas.messages import MessageAction
from shared.schemas.mutes import NotFiredReason
from shared.schemas.rules import Audience, Post

CONSUMER = "ingest-history"
"""The consumer that writes them."""

REMINDERS = Table(
    "reminders",
    METADATA,
    Column("reminder_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("audience", EnumText(Audience), nullable=False),
    Column("slot", INSTANT, nullable=False),
    Column("plan_title", Text, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("items", JSONB, nullable=False),
    # When the scheduler fired it, and whether it had then heard of every fact up to the slot.
    Column("fired_at", INSTANT),
    Column("complete", Boolean, nullable=False, server_default=text("true")),
    # The rule that has it sent in a way of its own; empty for the digest.
    Column("rule_id", Text, nullable=False, server_default=""),
    # The unit whose post heard it; null where it is the unit that owes its items.
    Column("to_unit", Uuid),
    Index("reminders_unit", "unit_id", "slot"),
    Index("reminders_fired", "office_id", "fired_at"),
)

WITHDRAWALS = Table(
    "withdrawals",
    METADATA,
    Column("event_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("obligation_ids", JSONB, nullable=False),
    Column("until", INSTANT, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    Index("withdrawals_unit", "unit_id", "at"),
)

NOT_FIRED = Table(
    "not_fired",
    METADATA,
    Column("obligation_id", Uuid, primary_key=True),
    Column("rule_id", Text, primary_key=True),
    Column("slot", INSTANT, primary_key=True),
    Column("reason", EnumText(NotFiredReason), primary_key=True),
    # The first audience, after whose post it is where that is not the unit's: an inhibited copy has
    # an entry of its own for each.
    Column("audience", Text, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("audiences", JSONB, nullable=False),
    Column("mute_id", Uuid),
    Column("actor", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("of", Text, nullable=False, server_default=Post.UNIT),
    Index("not_fired_unit", "unit_id", "slot"),
)

NOTIFICATIONS = Table(
    "notifications",
    METADATA,
    Column("notification_id", Uuid, primary_key=True),
    Column("reminder_id", Uuid, nullable=False),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("audience", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("slot", INSTANT, nullable=False),
    Column("state", EnumText(MessageState), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("address", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("reason", Text, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    # When a gateway accepted it, and how many calls that took.
    Column("sent_at", INSTANT),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # For proofs of notice: the calls, and the gateway's own id. Its report that it did not arrive
    # stays when it was delivered after all.
    Column("gateway_message_id", Text, nullable=False, server_default=""),
    Column("made", JSONB, nullable=False, server_default="[]"),
    Column("undelivered_at", INSTANT),
    Column("undelivered_why", Text, nullable=False, server_default=""),
    # Once the text is erased: the SHA-256 of subject, line feed and body.
    Column("erased_sha256", LargeBinary),
    # Why a pending one waits for a person or an operator.
    Column("held", Text, nullable=False, server_default=""),
    Index("notifications_unit", "unit_id", "slot", "notification_id"),
    # The list of all notifications, and of those that failed.
    Index("notifications_office", "office_id", "slot", "notification_id"),
    Index("notifications_failed", "office_id", postgresql_where=text("state = 'failed'")),
    # What waits, for the preview of a release.
    Index("notifications_pending", "office_id", "slot", postgresql_where=text("state = 'pending'")),
    Index("notifications_held", "office_id", postgresql_where=text("held <> ''")),
    Index(
        "notifications_undelivered",
        "office_id",
        postgresql_where=text("undelivered_at IS NOT NULL"),
    ),
)

MESSAGE_ACTIONS = Table(
    "message_actions",
    METADATA,
    Column("request_id", Uuid, primary_key=True),
    Column("notification_id", Uuid, nullable=False),
    Column("office_id", Uuid, nullable=False),
    Column("action", EnumText(MessageAction), nullable=False),
    Column("new_address", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("requested_at", INSTANT, nullable=False),
    Column("answered_at", INSTANT),
    Column("refused", Text, nullable=False, server_default=""),
    Index("message_actions_message", "notification_id", "requested_at"),
)
"""What people wanted done with messages. The notifier's answer is empty until it comes; `refused`
is why it did nothing."""

FAILED_ATTEMPTS = Table(
    "failed_attempts",
    METADATA,
    Column("notification_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("ended_at", INSTANT, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("failed_attempts_office", "office_id", "ended_at"),
)
"""The attempts that did not bring a message to its contact, with what the gateway answered. The
one that did stands in its notification."""
