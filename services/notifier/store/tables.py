"""The notifier's tables. Partial indexes find what is open, whatever the size of the history.

Two clocks are used. `not_before` (of a deferral) and all instants of the history are the office's.
`retry_at` (of a back-off), `lease_until` and the instants of attempts are the database's, because
they are about real gateways, and because processes on several hosts must agree on them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
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

from shared.kafka.broker.positions import define_positions_table
from shared.kafka.consuming.inbox import define_inbox_table
from shared.kafka.consuming.parked import define_parked_table
from shared.kafka.outbox.publishing import define_outbox_table
from shared.messages.stages import HoldReason

METADATA = MetaData(schema="notifier")


def _make_instant(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _make_text(name: str, default: str | None = "") -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


UNITS = Table(
    "units",
    METADATA,
    Column("unit_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("number", BigInteger, nullable=False),
    _make_text("name", None),
    _make_text("office_name"),
)

OFFICES = Table(
    "offices",
    METADATA,
    Column("office_id", Uuid, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("settings", JSONB, nullable=False),
)
"""The offices that changed their settings. `number` counts the changes."""

TEMPLATES = Table(
    "templates",
    METADATA,
    Column("office_id", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("parts", JSONB(none_as_null=True)),
)
"""The offices' own templates of messages. No `parts`: the built-in one is used again."""

CONTACTS = Table(
    "contacts",
    METADATA,
    Column("unit_id", Uuid, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("contact_id", Uuid, nullable=False),
    _make_text("post", None),
    _make_text("name"),
    _make_text("email"),
    _make_text("mobile"),
    Column("valid_from", Date),
    Column("valid_to", Date),
)
"""As the unit's last event lists them. Successive holders of a post share its contact id."""

REMINDERS = Table(
    "reminders",
    METADATA,
    Column("reminder_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    _make_text("audience", None),
    _make_instant("slot"),
    _make_text("timezone", None),
    Column("channels", JSONB, nullable=False),
    Column("rule_version", Integer, nullable=False),
    _make_text("plan_title", None),
    Column("items", JSONB, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    _make_text("state", None),
    _make_text("reason"),
    _make_text("rule_id"),
    Column("how", JSONB),
    Column("to_unit", Uuid),
    Column("traceparent", Text),
    Index("reminders_waiting", "unit_id", postgresql_where=text("state = 'waiting'")),
    Index("reminders_to_unit", "to_unit", postgresql_where=text("to_unit IS NOT NULL")),
)
"""`to_unit`: whose post hears it; null: the unit that owes. `traceparent`: null where untraced."""

WITHDRAWALS = Table(
    "withdrawals",
    METADATA,
    Column("unit_id", Uuid, primary_key=True),
    Column("obligation_id", Uuid, primary_key=True),
    _make_instant("until"),
    _make_text("reason", None),
)

_PENDING = "state = 'pending'"

NOTIFICATIONS = Table(
    "notifications",
    METADATA,
    Column("notification_id", Uuid, primary_key=True),
    Column("reminder_id", Uuid, nullable=False),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("contact_id", Uuid),
    _make_text("audience", None),
    _make_text("channel", None),
    _make_instant("slot"),
    _make_text("address"),
    _make_text("state", None),
    _make_text("reason"),
    _make_instant("not_before"),
    _make_instant("retry_at", nullable=True),
    _make_instant("lease_until", nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    _make_text("subject"),
    _make_text("body_text"),
    _make_text("body_html"),
    _make_text("gateway"),
    _make_text("offered_to"),
    _make_text("gateway_message_id"),
    _make_text("receipt"),
    # What a person ordered: another address, to be sent now, and how often again.
    _make_text("own_address"),
    Column("released", Boolean, nullable=False, server_default=text("false")),
    Column("reopened", Integer, nullable=False, server_default="0"),
    _make_instant("sent_at", nullable=True),
    _make_instant("delivered_at", nullable=True),
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

ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("notification_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    _make_text("gateway"),
    _make_instant("started_at"),
    _make_instant("ended_at", nullable=True),
    _make_text("outcome"),
    _make_text("detail"),
)
"""One row for each attempt, committed before it. An empty outcome after the lease is unknown. The
gateway is empty in rows of earlier versions."""

COUNTED_OFFERS = Table(
    "counted_offers",
    METADATA,
    Column("notification_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    _make_text("gateway", None),
    Column("address", BigInteger, nullable=False),
    Column("text", BigInteger, nullable=False),
    _make_instant("offered_at"),
    _make_instant("counts_until"),
    Index("counted_offers_by_time", "gateway", "offered_at"),
    Index("counted_offers_by_address", "gateway", "address", "offered_at"),
)
"""What counts against the limits of gateways, for all processes. Address and text are digests."""

CIRCUITS = Table(
    "circuits",
    METADATA,
    Column("process", Uuid, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("gateway", Text, primary_key=True),
    _make_text("circuit", None),
    _make_text("why", None),
    Column("share", Double, nullable=False),
    _make_instant("seen_at"),
)
"""How each process sees its gateways, for `cuiban gateways status`."""

RECEIPTS = Table(
    "delivery_receipts",
    METADATA,
    Column("office_id", Uuid, primary_key=True),
    Column("gateway", Text, primary_key=True),
    Column("gateway_message_id", Text, primary_key=True),
    _make_text("state", None),
    _make_instant("received_at"),
    _make_text("detail"),
    _make_text("reason"),
    Column("gone", Boolean, nullable=False, server_default=text("false")),
    Index("delivery_receipts_by_id", "gateway_message_id"),
)
"""Receipts without a notification of their office and gateway: they came before the outcome that
they belong to, or are foreign. `reason` (`Unmatched`) is which."""

SET_ASIDE = Table(
    "set_aside",
    METADATA,
    Column("office_id", Uuid, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("unit_id", Uuid, nullable=False),
    Column("notification_id", Uuid, nullable=False),
    _make_text("gateway", None),
    _make_text("detail"),
    _make_instant("since"),
)
"""Addresses that bounced for good, each with the notification whose bounce told so."""

LINK_REQUESTS = Table(
    "link_requests",
    METADATA,
    Column("request_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("contact_id", Uuid, nullable=False),
    _make_instant("requested_at"),
    _make_text("timezone", None),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    _make_text("state", None),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _make_instant("retry_at"),
    Index("link_requests_open", "retry_at", postgresql_where=text(_PENDING)),
)
"""Requests for a new link. `retry_at`, the lease of an attempt too, is by the database's clock."""

FORMER_RECEIPTS = Table(
    "receipts",
    METADATA,
    Column("gateway_message_id", Text, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    _make_text("gateway", None),
    _make_text("state", None),
    _make_instant("received_at"),
    _make_text("detail"),
)
"""Where the previous version stores receipts; unused once only this version runs."""

POSITIONS = define_positions_table(METADATA)
INBOX = define_inbox_table(METADATA)
OUTBOX = define_outbox_table(METADATA)
PARKED = define_parked_table(METADATA)
