"""What people do with their own account: change the password, turn one-time codes on and off."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain import one_time_codes
from services.ingest.domain.accounts import SessionEnd
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.accounts.accounts import clear_codes, set_password
from services.ingest.handlers.accounts.sessions import end_sessions
from services.ingest.handlers.acting import Act, note
from services.ingest.store import users as store
from services.ingest.store.sessions import SessionHolder, read_database_time
from services.ingest.store.users import StoredUser


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The secret for an authenticator app, in base 32 and as an `otpauth://` address."""

    secret: str = field(repr=False)
    address: str = field(repr=False)


async def change_password(
    db: AsyncConnection, act: Act, own: SessionHolder, password_hash: str
) -> int:
    """Give the own account another password; how many other sessions ended."""
    user = await _lock_own(db, own)
    action = "user.password-changed"
    return await set_password(db, act, user, password_hash, action, keep=own.session_id)


async def start_codes(db: AsyncConnection, act: Act, own: SessionHolder) -> Enrolment:
    """Make a secret for one-time codes; sign-in asks for them once a first one confirmed it.

    Raises:
        RefusedError: the account has one-time codes already.
    """
    user = await _lock_own(db, own)
    if user.one_time_codes:
        raise RefusedError(
            Fault.CONFLICT,
            "账号已启用一次性验证码。The account has one-time codes already.",
            "请先停用（`POST /v1/me/totp/disable`）。"
            "Turn them off first (`POST /v1/me/totp/disable`).",
        )
    secret = one_time_codes.generate_secret()
    await store.change_user(db, user.user_id, code_secret=secret)
    await note(db, act, "user.codes-started", user.user_id)
    return Enrolment(secret, one_time_codes.make_address(secret, user.name))


async def confirm_codes(db: AsyncConnection, act: Act, own: SessionHolder, code: str) -> list[str]:
    """Turn on one-time codes by a first code, and end the other sessions.

    Returns:
        Recovery codes. They are shown once; only their digests are stored.

    Raises:
        RefusedError: the code is wrong, or there is nothing to confirm.
    """
    user = await _lock_own(db, own)
    if user.code_secret is None or user.one_time_codes:
        raise RefusedError(
            Fault.CONFLICT,
            "没有待确认的验证码密钥。There is no secret that waits for its first code.",
            "请先生成一个（`POST /v1/me/totp`）。Make one first (`POST /v1/me/totp`).",
        )
    now = await read_database_time(db)
    step = one_time_codes.find_step(user.code_secret, code, now, None)
    if step is None:
        raise RefusedError(
            Fault.INVALID,
            "验证码不正确。The code is wrong.",
            "请输入验证器当前显示的数字，并校准手机时间。"
            "Enter the code that the app shows now, and set the telephone's clock right.",
        )
    await store.change_user(db, user.user_id, code_confirmed_at=now, code_step=step)
    codes = one_time_codes.generate_recovery_codes()
    digests = map(one_time_codes.hash_recovery_code, codes)
    await store.replace_recovery_codes(db, user.office_id, user.user_id, digests)
    await note(db, act, "user.codes-confirmed", user.user_id)
    await end_sessions(db, act, user.user_id, SessionEnd.CODES, keep=own.session_id)
    return codes


async def disable_codes(db: AsyncConnection, act: Act, own: SessionHolder) -> None:
    """Turn off one-time codes, and end the other sessions; a repeat changes nothing."""
    user = await _lock_own(db, own)
    if user.code_secret is not None:
        await clear_codes(db, user)
        await note(db, act, "user.codes-disabled", user.user_id)
        await end_sessions(db, act, user.user_id, SessionEnd.CODES, keep=own.session_id)


async def _lock_own(db: AsyncConnection, own: SessionHolder) -> StoredUser:
    user = await store.lock_user(db, own.office_id, own.user_id)
    assert user is not None  # noqa: S101 - accounts are never deleted
    return user
