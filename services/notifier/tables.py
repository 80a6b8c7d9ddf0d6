"""The notifier's tables. What is open is found by partial indexes, so history costs nothing.

Two clocks meet here. `not_before` (a deferral) and all instants of the history are the office's;
`retry_at` (back-off), `lease_until` and the instants of attempts are the database's, because they
wait for real gateways, and because processes on several hosts must agree on them.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.notifier.message import HoldReason
from shared.broker.positions import define_positions_table
from shared.consuming.inbox import define_inbox_table
from shared.consuming.parking import define_parked_table
from shared.outbox.publishing import define_outbox_table

metadata = MetaData(schema="notifier")


def _instant(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _text(name: str, default: str | None = "") -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


units = Table(
    "units",
    metadata,
    Column("unit_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("number", BigInteger, nullable=False),
    _text("name", None),
    _text("office_name"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("unit_id", Uuid, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("contact_id", Uuid, nullable=False),
    _text("post", None),
    _text("name"),
    _text("email"),
    _text("mobile"),
    Column("valid_from", Date),
    Column("valid_to", Date),
)
"""As the unit's last event lists them; who follow each other in a post share its contact id."""

reminders = Table(
    "reminders",
    metadata,
    Column("reminder_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    _text("audience", None),
    _instant("slot"),
    _text("timezone", None),
    Column("channels", JSONB, nullable=False),
    Column("rule_version", Integer, nullable=False),
    _text("plan_title", None),
    Column("items", JSONB, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    _text("state", None),
    _text("reason"),
    Index("reminders_waiting", "unit_id", postgresql_where=text("state = 'waiting'")),
)

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("unit_id", Uuid, primary_key=True),
    Column("obligation_id", Uuid, primary_key=True),
    _instant("until"),
    _text("reason", None),
)

_PENDING = "state = 'pending'"

notifications = Table(
    "notifications",
    metadata,
    Column("notification_id", Uuid, primary_key=True),
    Column("reminder_id", Uuid, nullable=False),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("contact_id", Uuid),
    _text("audience", None),
    _text("channel", None),
    _instant("slot"),
    _text("address"),
    _text("state", None),
    _text("reason"),
    _instant("not_before"),
    _instant("retry_at", nullable=True),
    _instant("lease_until", nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    _text("subject"),
    _text("body_text"),
    _text("body_html"),
    _text("gateway"),
    _text("gateway_message_id"),
    _text("receipt"),
    _instant("sent_at", nullable=True),
    _instant("delivered_at", nullable=True),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index(
        "notifications_ready",
        "channel",
        "not_before",
        postgresql_where=text(f"{_PENDING} AND retry_at IS NULL"),
    ),
    Index(
        "notifications_again",
        "channel",
        "retry_at",
        postgresql_where=text(f"{_PENDING} AND retry_at IS NOT NULL"),
    ),
    Index(
        "notifications_leased",
        "channel",
        "lease_until",
        postgresql_where=text("state = 'sending'"),
    ),
    Index("notifications_open_of_unit", "unit_id", postgresql_where=text(_PENDING)),
    Index("notifications_held", "channel", postgresql_where=text("state = 'held'")),
    Index(
        "notifications_unconnected",
        "channel",
        postgresql_where=text(f"{_PENDING} AND reason = '{HoldReason.NO_GATEWAY}'"),
    ),
    Index(
        "notifications_by_gateway_id",
        "gateway_message_id",
        postgresql_where=text("gateway_message_id <> ''"),
    ),
    Index(
        "notifications_by_contact",
        "contact_id",
        "channel",
        "sent_at",
        postgresql_where=text("sent_at IS NOT NULL"),
    ),
)

attempts = Table(
    "attempts",
    metadata,
    Column("notification_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    _instant("started_at"),
    _instant("ended_at", nullable=True),
    _text("outcome"),
    _text("detail"),
)
"""One row for each offer, committed before it. An empty outcome after the lease is *unknown*."""

receipts = Table(
    "delivery_receipts",
    metadata,
    Column("office_id", Uuid, primary_key=True),
    Column("gateway", Text, primary_key=True),
    Column("gateway_message_id", Text, primary_key=True),
    _text("state", None),
    _instant("received_at"),
    _text("detail"),
    _text("reason"),
    Index("delivery_receipts_by_id", "gateway_message_id"),
)
"""Receipts without a notification of their office and gateway: those that came before the outcome
that they belong to, and foreign ones. `reason` tells which."""

former_receipts = Table(
    "receipts",
    metadata,
    Column("gateway_message_id", Text, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    _text("gateway", None),
    _text("state", None),
    _instant("received_at"),
    _text("detail"),
)
"""What the version before keeps receipts in; empty once only this one runs."""

positions = define_positions_table(metadata)
inbox = define_inbox_table(metadata)
outbox = define_outbox_table(metadata)
parked = define_parked_table(metadata)
