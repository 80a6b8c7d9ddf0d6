"""The tables of signed links: what ended links or limits new ones, and the sessions they opened."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Uuid

from services.ingest.store.columns import INSTANT, METADATA, define_office_column

# A row for a contact whose links were revoked, or who asked for a new one; by the office's clock.
CONTACT_LINKS = Table(
    "contact_links",
    METADATA,
    Column("unit_id", Uuid, ForeignKey("ingest.units.unit_id"), primary_key=True),
    Column("contact_id", Uuid, primary_key=True),
    define_office_column(),
    # Links issued up to this instant are not valid.
    Column("revoked_at", INSTANT),
    Column("renewed_at", INSTANT),
)

# `digest` is of the contact's address, `issued_at` the link's: a session is as good as its link.
# Its own instants are the database's.
LINK_SESSIONS = Table(
    "link_sessions",
    METADATA,
    Column("session_id", Uuid, primary_key=True),
    define_office_column(),
    Column("unit_id", Uuid, ForeignKey("ingest.units.unit_id"), nullable=False),
    Column("contact_id", Uuid, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("issued_at", INSTANT, nullable=False),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("opened_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Index("link_sessions_unit", "unit_id"),
)
