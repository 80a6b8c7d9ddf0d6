"""The tables of people's accounts, sessions and failed sign-ins, and of grants between offices.

Their instants are the database's: a session ends and a lock is lifted by a clock that nobody steps.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from services.ingest.domain.accounts import AccountRole, SessionEnd
from services.ingest.store.columns import INSTANT, METADATA, EnumText, define_office_column

USERS = Table(
    "users",
    METADATA,
    Column("user_id", Uuid, primary_key=True),
    define_office_column(),
    # Of a unit account: its unit.
    Column("unit_id", Uuid, ForeignKey("ingest.units.unit_id")),
    Column("name", Text, nullable=False),
    # The name without differences of width and case: unique in the installation, since sign-in
    # asks for no office.
    Column("sign_in_name", Text, nullable=False, unique=True),
    Column("role", EnumText(AccountRole), nullable=False),
    Column("password_hash", Text),
    Column("code_secret", Text),
    Column("code_confirmed_at", INSTANT),
    # The person's id at a provider: the issuer and the subject. It is bound by the first sign-in.
    Column("openid_subject", Text, unique=True),
    # The time step of the last one-time code that was accepted.
    Column("code_step", BigInteger),
    Column("created_at", INSTANT, nullable=False),
    Column("disabled_at", INSTANT),
    Index("users_page", "office_id", "user_id"),
)

RECOVERY_CODES = Table(
    "recovery_codes",
    METADATA,
    Column("user_id", Uuid, ForeignKey("ingest.users.user_id"), primary_key=True),
    Column("sha256", LargeBinary, primary_key=True),
    define_office_column(),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("session_id", Uuid, primary_key=True),
    define_office_column(),
    Column("user_id", Uuid, ForeignKey("ingest.users.user_id"), nullable=False),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("opened_at", INSTANT, nullable=False),
    Column("seen_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("ended_at", INSTANT),
    Column("ended_why", EnumText(SessionEnd)),
    Index("sessions_user", "user_id", postgresql_where=text("ended_at IS NULL")),
)

# Sign-ins that failed, by account name and by address; both as a digest.
SIGN_IN_FAILURES = Table(
    "sign_in_failures",
    METADATA,
    Column("subject", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", INSTANT, nullable=False),
    Column("free_at", INSTANT, nullable=False),
    Index("sign_in_failures_old", "last_at"),
)

# Sign-ins that go on at a provider. Of the secret that finishes one there is only the digest.
OPENID_SIGN_INS = Table(
    "openid_sign_ins",
    METADATA,
    Column("sha256", LargeBinary, primary_key=True),
    define_office_column(),
    Column("state", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Index("openid_sign_ins_old", "expires_at"),
)

# Which office may read the summaries of which others.
OFFICE_GRANTS = Table(
    "office_grants",
    METADATA,
    Column("superior_id", Uuid, ForeignKey("ingest.offices.office_id"), primary_key=True),
    Column("subordinate_id", Uuid, ForeignKey("ingest.offices.office_id"), primary_key=True),
    Column("granted_at", INSTANT, nullable=False),
)
