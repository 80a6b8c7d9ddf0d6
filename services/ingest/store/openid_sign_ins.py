"""Sign-ins through a provider that have begun. Times are the database's."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.store.account_tables import OPENID_SIGN_INS
from services.ingest.store.fetching import fetch_first, list_columns

_S = OPENID_SIGN_INS.c


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """What must be known when the person comes back from the provider."""

    office_id: UUID
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


async def add(db: AsyncConnection, sha256: bytes, begun: BegunSignIn, lifetime: timedelta) -> None:
    """Keep a sign-in that begins, and remove what nobody finished."""
    old = (
        select(_S.sha256)
        .where(_S.expires_at < func.now())
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    await db.execute(delete(OPENID_SIGN_INS).where(_S.sha256.in_(old)))
    await db.execute(
        insert(OPENID_SIGN_INS).values(
            sha256=sha256,
            office_id=begun.office_id,
            state=begun.state,
            nonce=begun.nonce,
            verifier=begun.verifier,
            expires_at=func.now() + lifetime,
        )
    )


async def take(db: AsyncConnection, sha256: bytes) -> BegunSignIn | None:
    """The sign-in with this digest, which is then gone; None when it counts no more."""
    taken = (
        delete(OPENID_SIGN_INS)
        .where(_S.sha256 == sha256, _S.expires_at >= func.now())
        .returning(*list_columns(BegunSignIn, _S))
    )
    return await fetch_first(db, BegunSignIn, taken)
