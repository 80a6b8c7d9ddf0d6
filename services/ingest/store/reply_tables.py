"""The table of what people answered to short messages."""

from enum import StrEnum

from sqlalchemy import Column, Index, Table, Text, Uuid

from services.ingest.domain.replies import ReplyDoubt
from services.ingest.store.columns import INSTANT, METADATA, EnumText, define_office_column


class ReplyState(StrEnum):
    """What became of a reply."""

    APPLIED = "applied"
    """It was recorded as the unit's answer."""
    REPEATED = "repeated"
    """The obligation is already as the reply says."""
    WAITING = "waiting"
    """A person of the office decides what follows from it."""
    SETTLED = "settled"
    """A person has dealt with it."""


REPLIES = Table(
    "replies",
    METADATA,
    Column("reply_id", Uuid, primary_key=True),
    define_office_column(),
    Column("gateway", Text, nullable=False),
    Column("mobile", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("received_at", INSTANT, nullable=False),
    Column("state", EnumText(ReplyState), nullable=False),
    # Why it was left to a person, and the refusal's text.
    Column("doubt", EnumText(ReplyDoubt)),
    Column("detail", Text, nullable=False, server_default=""),
    # Who wrote, and about what, where that is certain.
    Column("unit_id", Uuid),
    Column("sender", Text, nullable=False, server_default=""),
    Column("obligation_id", Uuid),
    Column("settled_at", INSTANT),
    Column("settled_by", Text),
    Column("decision", Text),
    Index("replies_office", "office_id", "received_at", "reply_id"),
)
"""`reply_id` is derived from office, gateway and the gateway's name of the reply."""
