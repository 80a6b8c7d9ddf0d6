"""The notifier's table of tests of gateways."""

from sqlalchemy import Column, DateTime, Index, Table, Text, Uuid, text

from services.notifier.store.tables import METADATA

GATEWAY_TESTS = Table(
    "gateway_tests",
    METADATA,
    Column("request_id", Uuid, primary_key=True),
    Column("office_id", Uuid, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("timezone", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("retry_at", DateTime(timezone=True), nullable=False),
    Index("gateway_tests_open", "retry_at", postgresql_where=text("state <> 'answered'")),
)
"""Tests of gateways that people ask for; the address is erased once one is answered. `retry_at`,
the lease of the one attempt too, is by the database's clock."""
