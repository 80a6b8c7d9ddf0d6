"""The tables of the gateways, in the schema `ingest`: how they are, and tests of them."""

from sqlalchemy import Column, Index, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.ingest.store.columns import INSTANT, METADATA, define_office_column

CONSUMER = "ingest-gateways"
"""The consumer that enters what the notifier tells."""

GATEWAY_PROCESSES = Table(
    "gateway_processes",
    METADATA,
    Column("process", Uuid, primary_key=True),
    Column("host", Text, nullable=False),
    Column("seen_at", INSTANT, nullable=False),
    Column("gateways", JSONB, nullable=False),
)
"""How each process of the notifier last saw its gateways, which belong to no office. `seen_at` is
by the notifier's database."""

GATEWAY_TESTS = Table(
    "gateway_tests",
    METADATA,
    Column("request_id", Uuid, primary_key=True),
    define_office_column(),
    Column("gateway", Text, nullable=False),
    Column("channel", Text, nullable=False),
    # Shortened: only the event has the whole address.
    Column("address", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("requested_at", INSTANT, nullable=False),
    Column("answered_at", INSTANT),
    Column("outcome", Text, nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    Column("gateway_message_id", Text, nullable=False, server_default=""),
    Index("gateway_tests_office", "office_id", "requested_at"),
)
"""Tests of gateways that people asked for; without an outcome until the notifier answers."""
