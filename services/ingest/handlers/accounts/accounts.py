"""Accounts of people: what an administrator does with them. Each change stands in the journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.accounts import AccountRole, SessionEnd, normalise_sign_in_name
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.accounts.sessions import end_sessions, require_user
from services.ingest.handlers.acting import Act, note
from services.ingest.store import sign_in_failures, units
from services.ingest.store import users as store
from services.ingest.store.sessions import read_database_time
from services.ingest.store.users import StoredUser


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account to make. Without a password hash it signs in through a provider alone."""

    name: str
    role: AccountRole
    unit_id: UUID | None
    password_hash: str | None = field(repr=False)


async def create_user(db: AsyncConnection, act: Act, new: NewUser) -> StoredUser:
    """Make an account.

    Raises:
        RefusedError: the name is taken, no such unit, or role and unit do not fit.
    """
    await _check_role(db, act, new.role, new.unit_id)
    user_id = uuid4()
    entered = await store.add_user(
        db,
        user_id=user_id,
        office_id=act.office_id,
        unit_id=new.unit_id,
        name=" ".join(new.name.split()),
        sign_in_name=normalise_sign_in_name(new.name),
        role=new.role,
        password_hash=new.password_hash,
    )
    if not entered:
        raise RefusedError(
            Fault.CONFLICT,
            "用户名已被使用，用户名在全系统内不能重复。"
            "This name is taken. Names are unique in the installation.",
            "请换一个，例如姓名加单位。Choose another, such as the full name with the office.",
        )
    user = await get_user(db, act, user_id)
    await note(db, act, "user.created", user_id, after=_describe(user))
    return user


async def _check_role(
    db: AsyncConnection, act: Act, role: AccountRole, unit_id: UUID | None
) -> None:
    if (role is AccountRole.UNIT) != (unit_id is not None):
        raise RefusedError(
            Fault.INVALID,
            "单位账号必须属于一个单位，其他账号不能属于单位。"
            "An account with the role unit has a unit, and no other account has one.",
            "只有角色 unit 才填单位（`unit_id`）。"
            "Name a unit with the role unit alone (`unit_id`).",
        )
    if unit_id is not None and await units.find_unit(db, act.office_id, unit_id) is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有这个单位。There is no such unit.",
            "请在单位列表中查找（`GET /v1/units`）。Look in the list of units (`GET /v1/units`).",
        )


async def get_user(db: AsyncConnection, act: Act, user_id: UUID) -> StoredUser:
    """An account of the office.

    Raises:
        RefusedError: the office has no such account.
    """
    return require_user(await store.find_user(db, act.office_id, user_id))


async def list_users(
    db: AsyncConnection, act: Act, after: UUID | None, limit: int
) -> list[StoredUser]:
    """The office's accounts by id, after one of them, the disabled ones too."""
    return await store.list_users(db, act.office_id, after, limit)


async def disable_user(db: AsyncConnection, act: Act, user_id: UUID, actor: UUID | None) -> None:
    """Disable an account and end its sessions; a repeat changes nothing.

    Raises:
        RefusedError: the office has no such account, or it is the actor's own.
    """
    user = await _lock_other(db, act, user_id, actor)
    if user.disabled_at is None:
        await _change(db, act, "user.disabled", user, disabled_at=await read_database_time(db))
        await end_sessions(db, act, user_id, SessionEnd.DISABLED)


async def enable_user(db: AsyncConnection, act: Act, user_id: UUID) -> None:
    """Let a disabled account sign in again; a repeat changes nothing.

    Raises:
        RefusedError: the office has no such account.
    """
    user = await _lock(db, act, user_id)
    if user.disabled_at is not None:
        await _change(db, act, "user.enabled", user, disabled_at=None)


async def reset_user(db: AsyncConnection, act: Act, user_id: UUID, password_hash: str) -> None:
    """Give an account a new password, no one-time codes and no provider; end sessions and lock.

    Raises:
        RefusedError: the office has no such account.
    """
    user = await _lock(db, act, user_id)
    await set_password(db, act, user, password_hash, "user.reset", keep=None)
    await clear_codes(db, user)
    await store.change_user(db, user.user_id, openid_subject=None)


async def set_password(
    db: AsyncConnection,
    act: Act,
    user: StoredUser,
    password_hash: str,
    action: str,
    *,
    keep: UUID | None,
) -> int:
    """Store an account's password hash; how many sessions ended: all but `keep`. It is locked."""
    await store.change_user(db, user.user_id, password_hash=password_hash)
    name = normalise_sign_in_name(user.name)
    await sign_in_failures.forget(db, sign_in_failures.make_subject("account", name))
    await note(db, act, action, user.user_id, after={"name": user.name})
    return await end_sessions(db, act, user.user_id, SessionEnd.PASSWORD, keep=keep)


async def clear_codes(db: AsyncConnection, user: StoredUser) -> None:
    """Turn off an account's one-time codes and recovery codes. It is locked."""
    nothing = {"code_secret": None, "code_confirmed_at": None, "code_step": None}
    await store.change_user(db, user.user_id, **nothing)
    await store.replace_recovery_codes(db, user.office_id, user.user_id, [])


async def change_role(
    db: AsyncConnection, act: Act, user_id: UUID, role: AccountRole, actor: UUID | None
) -> None:
    """Give an account of the office another role, and end its sessions.

    Raises:
        RefusedError: the office has no such account, it is the actor's own, or a unit's.
    """
    user = await _lock_other(db, act, user_id, actor)
    if user.role is role:
        return
    await _check_role(db, act, role, user.unit_id)
    await _change(db, act, "user.role-changed", user, role=role)
    await end_sessions(db, act, user_id, SessionEnd.ROLE)


async def _change(
    db: AsyncConnection,
    act: Act,
    action: str,
    user: StoredUser,
    **values: Any,  # noqa: ANN401 - the table's columns
) -> None:
    await store.change_user(db, user.user_id, **values)
    changed = await get_user(db, act, user.user_id)
    await note(db, act, action, user.user_id, before=_describe(user), after=_describe(changed))


async def _lock_other(
    db: AsyncConnection, act: Act, user_id: UUID, actor: UUID | None
) -> StoredUser:
    """So that an office never loses its last administrator, nobody does it to himself."""
    if user_id == actor:
        raise RefusedError(
            Fault.CONFLICT,
            "不能停用自己的账号，也不能更改自己的角色。"
            "Nobody disables the own account or changes its role.",
            "请由另一位管理员办理。Ask another administrator.",
        )
    return await _lock(db, act, user_id)


async def _lock(db: AsyncConnection, act: Act, user_id: UUID) -> StoredUser:
    return require_user(await store.lock_user(db, act.office_id, user_id))


def _describe(user: StoredUser) -> Mapping[str, Any]:
    return {
        "name": user.name,
        "role": user.role.value,
        "unit_id": str(user.unit_id) if user.unit_id else None,
        "disabled": user.disabled_at is not None,
    }
