"""API tokens: 256 random bits, of which only the SHA-256 digest is kept."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note
from services.ingest.store import offices, units
from services.ingest.store.rows import StoredToken
from shared.schemas import identity

_PREFIX = "cuiban_"
_SHOWN = len(_PREFIX) + 6


class Scope(StrEnum):
    """What a token may do. No scope includes another."""

    READ = "read"
    REPORT = "report"
    MANAGE = "manage"
    ADMIN = "admin"


_OF_A_UNIT = frozenset({Scope.READ, Scope.REPORT})


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The office, and the unit if it is bound to one, that a valid token acts for."""

    token_id: UUID
    office_id: UUID
    unit_id: UUID | None
    name: str
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token. `token` is its secret, which is not stored."""

    token_id: UUID
    token: str
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    unit_id: UUID | None
    created_at: datetime
    revoked_at: datetime | None = None


async def find_holder(db: AsyncConnection, token: str) -> TokenHolder | None:
    """Whom a token acts for; None when it is unknown or revoked."""
    stored = await offices.find_token(db, _hash_token(token))
    if stored is None:
        return None
    scopes = frozenset(map(Scope, stored.scopes))
    return TokenHolder(stored.token_id, stored.office_id, stored.unit_id, stored.name, scopes)


async def issue(
    db: AsyncConnection, act: Act, name: str, scopes: Sequence[Scope], unit_id: UUID | None
) -> Issued:
    """Make a token.

    Raises:
        RefusedError: no such unit, or a scope that no unit may have.
    """
    if unit_id is not None:
        await _require_unit_token(db, act, scopes, unit_id)
    token = _PREFIX + secrets.token_urlsafe(32)
    digest = _hash_token(token)
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
    after = {
        "name": name,
        "prefix": issued.prefix,
        "scopes": [scope.value for scope in issued.scopes],
        "unit_id": str(unit_id) if unit_id else None,
    }
    await note(db, act, "token.issued", issued.token_id, after=after)
    return issued


async def _require_unit_token(
    db: AsyncConnection, act: Act, scopes: Sequence[Scope], unit_id: UUID
) -> None:
    if await units.find_unit(db, act.office_id, unit_id) is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有这个单位。There is no such unit.",
            "请在单位列表中查找（`GET /v1/units`）。Look in the list of units (`GET /v1/units`).",
        )
    if not _OF_A_UNIT.issuperset(scopes):
        raise RefusedError(
            Fault.INVALID,
            "单位的令牌只能查看和填报。A token of a unit may only read and report.",
            "请去掉权限 manage 和 admin，或不限定单位（`unit_id`）。"
            "Leave the scopes manage and admin out, or name no unit (`unit_id`).",
        )


async def list_tokens(
    db: AsyncConnection, act: Act, after: UUID | None, limit: int
) -> list[StoredToken]:
    """The office's tokens by id, after one of them; no secret is stored."""
    return await offices.list_tokens(db, act.office_id, after, limit)


async def revoke(db: AsyncConnection, act: Act, token_id: UUID) -> None:
    """Revoke a token; a repeat changes nothing.

    Raises:
        RefusedError: the office has no such token.
    """
    token = await offices.revoke_token(db, act.office_id, token_id, act.now)
    if token is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这个令牌。There is no such token.")
    if token.revoked_at is None:
        before = {"name": token.name, "revoked": False}
        after = before | {"revoked": True}
        await note(db, act, "token.revoked", token_id, before=before, after=after)


def _hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
