"""API tokens: 256 random bits, of which only the SHA-256 digest is kept."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, Fault, RefusedError, note
from services.ingest.store import offices, units
from services.ingest.tables import AnyRow
from shared.schemas import identity

_PREFIX = "cuiban_"
_SHOWN = len(_PREFIX) + 6


class Scope(StrEnum):
    """What a token may do. None implies another."""

    READ = "read"
    REPORT = "report"
    MANAGE = "manage"
    ADMIN = "admin"


_OF_A_UNIT = frozenset({Scope.READ, Scope.REPORT})


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a valid token speaks for."""

    token_id: UUID
    office_id: UUID
    unit_id: UUID | None
    name: str
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token. `token` is told once and kept nowhere."""

    token_id: UUID
    token: str
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    unit_id: UUID | None
    created_at: datetime
    revoked_at: datetime | None = None


async def caller(db: AsyncConnection, token: str) -> Caller | None:
    """Whom a token speaks for; None when it is unknown or revoked."""
    row = await offices.token_by_digest(db, _digest(token))
    if row is None:
        return None
    scopes = frozenset(Scope(scope) for scope in row.scopes)
    return Caller(row.token_id, row.office_id, row.unit_id, row.name, scopes)


async def issue(
    db: AsyncConnection, act: Act, name: str, scopes: Sequence[Scope], unit_id: UUID | None
) -> Issued:
    """Make a token.

    Raises:
        RefusedError: no such unit, or a scope that no unit may have.
    """
    if unit_id is not None:
        if await units.unit(db, act.office_id, unit_id) is None:
            raise RefusedError(Fault.INVALID, "The token's unit does not exist.")
        if not _OF_A_UNIT.issuperset(scopes):
            raise RefusedError(
                Fault.INVALID,
                "A token of a unit may only read and report.",
                "Leave `manage` and `admin` out, or leave `unit_id` out.",
            )
    token = _PREFIX + secrets.token_urlsafe(32)
    digest = _digest(token)
    issued = Issued(
        token_id=identity.derive_id("token", digest.hex()),
        token=token,
        name=name,
        prefix=token[:_SHOWN],
        scopes=tuple(dict.fromkeys(scopes)),
        unit_id=unit_id,
        created_at=act.now,
    )
    await offices.add_token(
        db,
        token_id=issued.token_id,
        office_id=act.office_id,
        unit_id=unit_id,
        name=name,
        prefix=issued.prefix,
        sha256=digest,
        scopes=[scope.value for scope in issued.scopes],
        now=act.now,
    )
    told = {"name": name, "prefix": issued.prefix, "scopes": [s.value for s in issued.scopes]}
    unit = str(unit_id) if unit_id else None
    await note(db, act, "token.issued", issued.token_id, after=told | {"unit_id": unit})
    return issued


async def listed(db: AsyncConnection, act: Act, after: UUID | None, limit: int) -> Sequence[AnyRow]:
    """The office's tokens, without their secrets."""
    return await offices.tokens(db, act.office_id, after, limit)


async def revoke(db: AsyncConnection, act: Act, token_id: UUID) -> None:
    """Revoke a token; again is no change.

    Raises:
        RefusedError: the office has no such token.
    """
    before = await offices.revoke(db, act.office_id, token_id, act.now)
    if before is None:
        raise RefusedError(Fault.NOT_FOUND, "There is no such token.")
    if before.revoked_at is None:
        was = {"name": before.name, "revoked": False}
        await note(db, act, "token.revoked", token_id, before=was, after={**was, "revoked": True})


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
