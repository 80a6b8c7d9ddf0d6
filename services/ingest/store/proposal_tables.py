"""The table of corrections that units propose for their contacts."""

from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, Table, Text, Uuid, text

from services.ingest.store.columns import INSTANT, METADATA, EnumText, define_office_column
from shared.schemas.rules import Audience


class ProposalState(StrEnum):
    """What became of a proposed correction."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    """The directory was changed as proposed."""
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    """The unit took it back, or proposed another one for the same post."""


CONTACT_PROPOSALS = Table(
    "contact_proposals",
    METADATA,
    Column("proposal_id", Uuid, primary_key=True),
    define_office_column(),
    Column("unit_id", Uuid, ForeignKey("ingest.units.unit_id"), nullable=False),
    Column("post", EnumText(Audience), nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("mobile", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("state", EnumText(ProposalState), nullable=False),
    Column("proposed_at", INSTANT, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("decided_at", INSTANT),
    Column("decided_by", Text),
    Column("decision", Text),
    # The list, and at most one that is open for a post.
    Index("contact_proposals_office", "office_id", "proposed_at", "proposal_id"),
    Index(
        "contact_proposals_pending",
        "office_id",
        "unit_id",
        "post",
        unique=True,
        postgresql_where=text("state = 'pending'"),
    ),
)
