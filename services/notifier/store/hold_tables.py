"""The notifier's table of holds."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, Table, Text, Uuid, text

from services.notifier.store.tables import METADATA

HOLDS = Table(
    "holds",
    METADATA,
    Column("office_id", Uuid, primary_key=True),
    Column("hold_id", Uuid, primary_key=True),
    Column("number", Integer, nullable=False),
    # Empty means all.
    Column("channel", Text, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("everywhere", Boolean, nullable=False),
    Column("held_at", DateTime(timezone=True), nullable=False),
    Column("released", Boolean, nullable=False),
    Index("holds_active", "held_at", postgresql_where=text("NOT released")),
)
"""What offices hold, as their events tell it. An operator's hold of all offices has a row for each,
and holds for all while one of them is not released."""
