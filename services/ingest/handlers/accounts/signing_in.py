"""Sign-in: a password, perhaps a one-time code, then a session.

An unknown name, a wrong password and a disabled account get the same answer after the same time.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.ingest.domain.accounts import normalise_sign_in_name
from services.ingest.domain.one_time_codes import find_step, hash_recovery_code
from services.ingest.domain.passwords import is_outdated
from services.ingest.domain.sign_in_limits import ACCOUNT, ADDRESS
from services.ingest.handlers.accounts.hashing import Hasher
from services.ingest.handlers.accounts.sessions import Device, OpenedSession, open_session
from services.ingest.handlers.acting import Act, note
from services.ingest.store import sign_in_failures, users
from services.ingest.store.sessions import read_database_time
from services.ingest.store.users import StoredUser
from shared.errors import CuibanError
from shared.logging import log


class SignInFault(StrEnum):
    """Why somebody is not signed in."""

    WRONG = "sign-in-failed"
    CODE_NEEDED = "code-needed"
    WRONG_CODE = "code-wrong"
    WAIT = "too-many-failures"
    PROVIDER_AWAY = "provider-away"
    PROVIDER_REFUSED = "provider-refused"
    NO_ACCOUNT = "no-account"


class SignInError(CuibanError):
    """Nobody was signed in. `wait` is how long to wait before the next attempt."""

    def __init__(self, fault: SignInFault, wait: timedelta = timedelta(0)) -> None:
        super().__init__(fault.value)
        self.fault, self.wait = fault, wait


@dataclass(frozen=True, slots=True)
class EnteredCredentials:
    """What somebody entered; `code` is empty or a one-time code or a recovery code."""

    name: str
    password: str = field(repr=False)
    code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Verifies passwords, and opens sessions.

    Attributes:
        lifetime: of a session, at most.
        now: the office's time, for the journal.
    """

    engine: AsyncEngine
    hasher: Hasher
    device: Device
    lifetime: timedelta
    now: datetime
    correlation_id: UUID

    async def open_session(self, given: EnteredCredentials) -> OpenedSession:
        """Open a session for whom the credentials belong to.

        Raises:
            SignInError: they belong to nobody, a code is missing or wrong, or it is too early.
        """
        user = await self.verify_password(given.name, given.password)
        renewed = None
        if user.password_hash and is_outdated(user.password_hash):
            renewed = await self.hasher.hash(given.password)
        account, address = self._make_subjects(given.name)
        if user.one_time_codes and not given.code:
            async with self.engine.begin() as db:
                await sign_in_failures.take_back(db, account, address)
            raise SignInError(SignInFault.CODE_NEEDED)
        async with self.engine.begin() as db:
            fresh = await users.lock_user(db, user.office_id, user.user_id)
            if fresh is None or fresh.disabled_at or fresh.password_hash != user.password_hash:
                raise SignInError(SignInFault.WRONG)
            act = self._make_act(fresh)
            if fresh.one_time_codes:
                await use_code(db, act, fresh, given.code)
            if renewed:
                await users.change_user(db, fresh.user_id, password_hash=renewed)
            await sign_in_failures.forget(db, account)
            await sign_in_failures.take_back(db, address)
            return await open_session(db, act, fresh, self.device, self.lifetime)

    async def verify_password(self, name: str, password: str) -> StoredUser:
        """The account with this name and password. The attempt stays counted as failed.

        Raises:
            SignInError: there is none that is not disabled, or it is too early.
        """
        account, address = self._make_subjects(name)
        async with self.engine.begin() as db:
            limits = {account: ACCOUNT, address: ADDRESS}
            counted = await sign_in_failures.count_attempts(db, limits)
            if isinstance(counted, timedelta):
                raise SignInError(SignInFault.WAIT, counted)
            user = await users.find_by_sign_in_name(db, normalise_sign_in_name(name))
        usable = user if user is not None and user.disabled_at is None else None
        if await self.hasher.verify(usable.password_hash if usable else None, password) and usable:
            return usable
        log(__name__).warning("sign-in.failed", failures=counted[account])
        if user is not None and counted[account] == ACCOUNT.locks_at:
            async with self.engine.begin() as db:
                after = {"failures": counted[account], "address": self.device.address}
                await note(db, self._make_act(user), "user.locked", user.user_id, after=after)
        raise SignInError(SignInFault.WRONG)

    async def confirm_password(self, name: str, password: str) -> None:
        """Make sure that a signed-in person knows the password of the account.

        Raises:
            SignInError: it is wrong, or it is too early.
        """
        await self.verify_password(name, password)
        account, address = self._make_subjects(name)
        async with self.engine.begin() as db:
            await sign_in_failures.forget(db, account)
            await sign_in_failures.take_back(db, address)

    def _make_subjects(self, name: str) -> tuple[bytes, bytes]:
        return (
            sign_in_failures.make_subject("account", normalise_sign_in_name(name)),
            sign_in_failures.make_subject("address", self.device.address),
        )

    def _make_act(self, user: StoredUser) -> Act:
        return Act(user.office_id, user.name, self.now, self.correlation_id, user.unit_id)


async def use_code(db: AsyncConnection, act: Act, user: StoredUser, code: str) -> None:
    """Use up a one-time code, or a recovery code, of an account that the caller has locked.

    Raises:
        SignInError: it is none of the account's, or was used before.
    """
    assert user.code_secret  # noqa: S101 - the account has one-time codes
    now = await read_database_time(db)
    step = find_step(user.code_secret, code, now, user.code_step)
    if step is not None:
        await users.change_user(db, user.user_id, code_step=step)
    elif await users.use_recovery_code(db, user.user_id, hash_recovery_code(code)):
        await note(db, act, "recovery-code.used", user.user_id)
    else:
        raise SignInError(SignInFault.WRONG_CODE)
