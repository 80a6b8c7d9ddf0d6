"""People's accounts, and their recovery codes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.accounts import AccountRole
from services.ingest.store.account_tables import RECOVERY_CODES, USERS
from services.ingest.store.fetching import fetch_all, fetch_first, list_columns


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A person's account. `code_secret` counts only once it is confirmed."""

    user_id: UUID
    office_id: UUID
    unit_id: UUID | None
    name: str
    role: AccountRole
    password_hash: str | None = field(repr=False)
    code_secret: str | None = field(repr=False)
    openid_subject: str | None
    code_confirmed_at: datetime | None
    code_step: int | None
    created_at: datetime
    disabled_at: datetime | None

    @property
    def one_time_codes(self) -> bool:
        """Whether sign-in asks for a one-time code."""
        return self.code_confirmed_at is not None


_U = USERS.c
_R = RECOVERY_CODES.c
_USER = list_columns(StoredUser, _U)


async def add_user(db: AsyncConnection, **values: Any) -> bool:  # noqa: ANN401 - the table's columns
    """Enter an account; False when its sign-in name is taken."""
    inserted = await db.execute(
        postgresql.insert(USERS)
        .values(created_at=func.now(), **values)
        .on_conflict_do_nothing(index_elements=["sign_in_name"])
        .returning(_U.user_id)
    )
    return inserted.first() is not None


async def find_by_sign_in_name(db: AsyncConnection, sign_in_name: str) -> StoredUser | None:
    """The account with this sign-in name, whatever its office."""
    return await fetch_first(db, StoredUser, select(*_USER).where(_U.sign_in_name == sign_in_name))


async def find_by_subject(db: AsyncConnection, subject: str) -> StoredUser | None:
    """The account that is bound to a person's id at a provider, whatever its office."""
    return await fetch_first(db, StoredUser, select(*_USER).where(_U.openid_subject == subject))


async def find_user(db: AsyncConnection, office_id: UUID, user_id: UUID) -> StoredUser | None:
    """An account; None when the office has no such account."""
    query = select(*_USER).where(_U.office_id == office_id, _U.user_id == user_id)
    return await fetch_first(db, StoredUser, query)


async def lock_user(db: AsyncConnection, office_id: UUID, user_id: UUID) -> StoredUser | None:
    """An account, locked until the transaction ends; None when the office has no such account."""
    query = select(*_USER).where(_U.office_id == office_id, _U.user_id == user_id)
    return await fetch_first(db, StoredUser, query.with_for_update())


async def list_users(
    db: AsyncConnection, office_id: UUID, after: UUID | None, limit: int
) -> list[StoredUser]:
    """An office's accounts by id, after one of them."""
    query = select(*_USER).where(_U.office_id == office_id)
    if after is not None:
        query = query.where(_U.user_id > after)
    return await fetch_all(db, StoredUser, query.order_by(_U.user_id).limit(limit))


async def change_user(db: AsyncConnection, user_id: UUID, **values: Any) -> None:  # noqa: ANN401 - the table's columns
    """Set columns of an account that the caller has locked."""
    await db.execute(update(USERS).where(_U.user_id == user_id).values(**values))


async def replace_recovery_codes(
    db: AsyncConnection, office_id: UUID, user_id: UUID, digests: Iterable[bytes]
) -> None:
    """Give an account these recovery codes instead of those that it had."""
    await db.execute(delete(RECOVERY_CODES).where(_R.user_id == user_id))
    rows = [{"user_id": user_id, "office_id": office_id, "sha256": sha256} for sha256 in digests]
    if rows:
        await db.execute(insert(RECOVERY_CODES), rows)


async def use_recovery_code(db: AsyncConnection, user_id: UUID, sha256: bytes) -> bool:
    """Use up a recovery code; False when the account has no such code."""
    used = await db.execute(
        delete(RECOVERY_CODES)
        .where(_R.user_id == user_id, _R.sha256 == sha256)
        .returning(_R.user_id)
    )
    return used.first() is not None
