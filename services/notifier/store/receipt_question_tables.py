"""The notifier's table of the messages whose receipts it asks for."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, Table, Uuid, func

from services.notifier.store.tables import METADATA, NOTIFICATIONS

RECEIPT_QUESTIONS = Table(
    "receipt_questions",
    METADATA,
    Column(
        "notification_id",
        Uuid,
        ForeignKey(NOTIFICATIONS.c.notification_id, ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("sent_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("ask_at", DateTime(timezone=True), nullable=False),
    Column("asked", Integer, nullable=False, server_default="0"),
    Index("receipt_questions_due", "ask_at"),
)
"""All instants are the database's. `ask_at` is the lease of a question, too."""
