"""A database role for each service: it uses the schema of that service and no other.

The role that migrates owns all tables. The roles of services may neither change a table nor turn a
trigger off, and in ingest's journal they only insert. Ingest's role takes `cuiban_office` for each
request, which row-level security limits to one office; outside of requests it sees every office.
"""

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.row_security import OFFICE_ROLE
from shared.errors import CuibanError
from shared.schemas.flows import WRITES

SERVICES = tuple(WRITES)
_ITERATIONS = 4096  # PostgreSQL's default of scram_iterations
_SALT_BYTES, _PASSWORD_BYTES = 16, 24
_JOURNAL = "ingest.journal, ingest.journal_links"
_RIGHTS = """
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema}
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE ON SEQUENCES TO {role};
REVOKE INSERT, UPDATE, DELETE ON {schema}.alembic_version FROM {role}
"""
"""A later migration's tables have the same rights at once."""
_OFFICES_OF_THE_SERVICE = """
DO $$
DECLARE
    protected record;
BEGIN
    FOR protected IN
        SELECT c.oid::regclass AS place FROM pg_class c
        WHERE c.relnamespace = 'ingest'::regnamespace AND c.relrowsecurity
            AND NOT EXISTS (SELECT FROM pg_policy p
                            WHERE p.polrelid = c.oid AND p.polname = 'of_the_service')
    LOOP
        EXECUTE format(
            'CREATE POLICY of_the_service ON %s TO {role} USING (true)', protected.place
        );
    END LOOP;
END $$
"""
"""Consumers, relay and nightly work see the rows of every office. Policies of one table are
alternatives, and this one does not hold for `cuiban_office`."""


def name_role(service: str) -> str:
    """The role of a service."""
    return f"cuiban_{service}"


async def create_roles(db: AsyncConnection, folder: Path | None) -> list[str]:
    """Make the roles that the server lacks, and give each the rights of its service.

    Args:
        db: a connection of the owner of the schemas, who may create roles.
        folder: where `SERVICE/pgpass` stands, the password file of each role; one that is missing
            is written with a new password. Without it the roles have no password: they sign in by
            certificate, or an operator sets one.

    Returns:
        The names of the roles that were made.

    Raises:
        CuibanError: a password file can't be used.
    """
    made = []
    for service in SERVICES:
        role = name_role(service)
        if not await _has_role(db, role):
            await db.execute(text(f"CREATE ROLE {role} LOGIN NOINHERIT"))
            made.append(role)
        if folder:
            verifier = build_verifier(_take_password(folder / service / "pgpass", role))
            await db.exec_driver_sql(f"ALTER ROLE {role} PASSWORD '{verifier}'")
        await _join_owner(db, role)
        await _grant(db, service)
    return made


async def renew_rights(db: AsyncConnection) -> None:
    """Give the roles their rights again after a migration, where this database knows them."""
    has_rights = text(
        "SELECT bool_and(has_schema_privilege(rolname, :schema, 'USAGE')) FROM pg_roles "
        "WHERE rolname = :role"
    )
    for service in SERVICES:
        names = {"schema": service, "role": name_role(service)}
        if (await db.execute(has_rights, names)).scalar_one():
            await _grant(db, service)


async def _has_role(db: AsyncConnection, role: str) -> bool:
    query = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
    return bool((await db.execute(query, {"role": role})).scalar_one())


async def _join_owner(db: AsyncConnection, role: str) -> None:
    """Let the owner end sessions of the role, as `cuiban topics --partitions` does."""
    is_member = text("SELECT pg_has_role(CAST(:role AS name), 'USAGE')")
    if not (await db.execute(is_member, {"role": role})).scalar_one():
        await db.execute(text(f"GRANT {role} TO CURRENT_USER"))


async def _grant(db: AsyncConnection, service: str) -> None:
    role = name_role(service)
    for statement in _RIGHTS.format(schema=service, role=role).split(";"):
        await db.execute(text(statement))
    if service == "ingest":
        await db.execute(text(f"REVOKE UPDATE, DELETE ON {_JOURNAL} FROM {role}"))
        await db.execute(text(f"GRANT {OFFICE_ROLE} TO {role}"))
        await db.execute(text(_OFFICES_OF_THE_SERVICE.format(role=role)))


def _take_password(file: Path, role: str) -> str:
    """The role's password in a password file of libpq; a missing file is written with a new one."""
    if not file.exists():
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(f"*:*:*:{role}:{password}\n", encoding="ascii")
        return password
    for line in file.read_text(encoding="utf-8").splitlines():
        *_, user, password = line.split(":", 4) if line.count(":") >= 4 else ("", "")  # noqa: PLR2004 - host:port:database:user:password
        if user == role and password.isascii():
            return password
    raise CuibanError(
        f"{file} 没有 {role} 的密码（只能用 ASCII 字符）。"
        f"{file} has no password of {role} (of ASCII characters).",
        f"写成 *:*:*:{role}:密码，或删除文件。Write it like *:*:*:{role}:PASSWORD, or delete it.",
    )


def build_verifier(password: str) -> str:
    """What PostgreSQL stores of a password, so that it never stands in a statement or a log.

    SCRAM-SHA-256 (RFC 5803, RFC 7677) in PostgreSQL's form.
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, client64, server64 = (
        base64.b64encode(each).decode() for each in (salt, client, server)
    )
    return f"SCRAM-SHA-256${_ITERATIONS}:{salt64}${client64}:{server64}"
