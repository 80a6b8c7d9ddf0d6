"""The notifier's tables of the mailboxes where bounces arrive."""

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, Table, Text, func

from services.notifier.store.tables import METADATA

BOUNCE_MAILBOXES = Table(
    "bounce_mailboxes",
    METADATA,
    Column("gateway", Text, primary_key=True),
    Column("uid_validity", BigInteger, nullable=False, server_default="0"),
    Column("last_uid", BigInteger, nullable=False, server_default="0"),
    Column("look_at", DateTime(timezone=True), nullable=False),
)
"""How far each gateway's mailbox is read. `look_at`, the lease of a look too, is by the database's
clock."""

BOUNCE_MAILS = Table(
    "bounce_mails",
    METADATA,
    Column("gateway", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("result", Text, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
"""The mails that were read, by SHA-256: each has its effect once."""
