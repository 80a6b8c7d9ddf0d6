"""Sign-in through an office's identity provider.

It begins here, goes on at the provider, and ends here with the code that the person brings back.
The secret that the beginning returned is needed at the end. It stays in the browser that began, so
that nobody can sign others in under an account that is not theirs.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.ingest.domain.accounts import AccountRole, normalise_sign_in_name
from services.ingest.domain.identity_providers import IdentityProvider
from services.ingest.domain.refusals import RefusedError
from services.ingest.domain.sign_in_limits import ADDRESS
from services.ingest.gateways import openid
from services.ingest.handlers.accounts.accounts import NewUser, create_user
from services.ingest.handlers.accounts.sessions import Device, OpenedSession, open_session
from services.ingest.handlers.accounts.signing_in import SignInError, SignInFault
from services.ingest.handlers.acting import Act, note
from services.ingest.store import openid_sign_ins, sign_in_failures, users
from services.ingest.store.openid_sign_ins import BegunSignIn
from services.ingest.store.users import StoredUser
from shared.logging import log

LIFETIME = timedelta(minutes=10)
"""How long a person may take at the provider."""
_AWAY = timedelta(seconds=30)
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class StartedSignIn:
    """The provider's page, and the secret with which the sign-in is finished."""

    address: str
    attempt: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """Who somebody is at the provider: an id that never changes, and the account's name here."""

    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class ProviderSignIn:
    """Signs people of one office in through its provider.

    Attributes:
        lifetime: of a session, at most.
        now: the office's time, for the journal.
    """

    engine: AsyncEngine
    office_id: UUID
    provider: IdentityProvider
    device: Device
    lifetime: timedelta
    now: datetime
    correlation_id: UUID

    async def start(self) -> StartedSignIn:
        """Begin a sign-in.

        Raises:
            SignInError: there were too many failures from this address, or the provider is away.
        """
        async with self.engine.begin() as db:
            counted = await sign_in_failures.count_attempts(db, {self._subject: ADDRESS})
            if isinstance(counted, timedelta):
                raise SignInError(SignInFault.WAIT, counted)
        try:
            departure = await openid.start(self.provider)
        except (openid.ProviderAwayError, openid.ProviderRefusedError) as error:
            log(__name__).error("sign-in.provider-away", error=error.message)
            raise SignInError(SignInFault.PROVIDER_AWAY, _AWAY) from error
        attempt = secrets.token_urlsafe(32)
        begun = BegunSignIn(self.office_id, departure.state, departure.nonce, departure.verifier)
        async with self.engine.begin() as db:
            await openid_sign_ins.add(db, hash_attempt(attempt), begun, LIFETIME)
        return StartedSignIn(departure.address, attempt)

    async def finish(self, begun: BegunSignIn, state: str, code: str) -> OpenedSession:
        """Open a session for whom the provider names.

        Raises:
            SignInError: the provider does not confirm it, or the person has no account here.
        """
        if not hmac.compare_digest(begun.state.encode(), state.encode("utf-8", "surrogatepass")):
            raise SignInError(SignInFault.PROVIDER_REFUSED)
        try:
            claims = await openid.fetch_claims(self.provider, code, begun.nonce, begun.verifier)
        except openid.ProviderAwayError as error:
            log(__name__).error("sign-in.provider-away", error=error.message)
            raise SignInError(SignInFault.PROVIDER_AWAY, _AWAY) from error
        except openid.ProviderRefusedError as error:
            log(__name__).warning("sign-in.provider-refused", error=error.message)
            raise SignInError(SignInFault.PROVIDER_REFUSED) from error
        identity = self._read_identity(claims)
        async with self.engine.begin() as db:
            user = await self._find_account(db, identity)
            opened = await open_session(db, self._make_act(user), user, self.device, self.lifetime)
            await sign_in_failures.take_back(db, self._subject)
        return opened

    def _read_identity(self, claims: dict[str, Any]) -> ProviderIdentity:
        subject, name = claims.get("sub"), claims.get(self.provider.claim)
        if not isinstance(subject, str) or not isinstance(name, str) or not name.strip():
            log(__name__).error("sign-in.claim-missing", claim=self.provider.claim)
            raise SignInError(SignInFault.NO_ACCOUNT)
        return ProviderIdentity(f"{self.provider.issuer} {subject}", " ".join(name.split()))

    async def _find_account(self, db: AsyncConnection, identity: ProviderIdentity) -> StoredUser:
        """The account of a person, locked. The first sign-in binds it to the provider's id."""
        known = await users.find_by_subject(db, identity.subject)
        if known is None:
            known = await users.find_by_sign_in_name(db, normalise_sign_in_name(identity.name))
        if known is None:
            return await self._make_account(db, identity)
        user = await users.lock_user(db, self.office_id, known.user_id)
        if user is None or user.disabled_at or user.openid_subject not in {None, identity.subject}:
            log(__name__).warning("sign-in.no-account", user_id=str(known.user_id))
            raise SignInError(SignInFault.NO_ACCOUNT)
        if user.openid_subject is None:
            await self._bind(db, user, identity)
        return user

    async def _make_account(self, db: AsyncConnection, identity: ProviderIdentity) -> StoredUser:
        if self.provider.create is None or len(identity.name) > _LONGEST_NAME:
            log(__name__).warning("sign-in.no-account")
            raise SignInError(SignInFault.NO_ACCOUNT)
        act = Act(self.office_id, identity.name, self.now, self.correlation_id)
        role = AccountRole(self.provider.create)
        try:
            user = await create_user(db, act, NewUser(identity.name, role, None, None))
        except RefusedError as error:
            raise SignInError(SignInFault.NO_ACCOUNT) from error
        await self._bind(db, user, identity)
        return user

    async def _bind(
        self, db: AsyncConnection, user: StoredUser, identity: ProviderIdentity
    ) -> None:
        await users.change_user(db, user.user_id, openid_subject=identity.subject)
        after = {"provider": self.provider.issuer}
        await note(db, self._make_act(user), "user.bound", user.user_id, after=after)

    @property
    def _subject(self) -> bytes:
        return sign_in_failures.make_subject("provider", self.device.address)

    def _make_act(self, user: StoredUser) -> Act:
        return Act(user.office_id, user.name, self.now, self.correlation_id, user.unit_id)


async def take_attempt(engine: AsyncEngine, attempt: str) -> BegunSignIn:
    """The sign-in that began with this secret, which counts once.

    Raises:
        SignInError: there is none, or it began too long ago.
    """
    async with engine.begin() as db:
        begun = await openid_sign_ins.take(db, hash_attempt(attempt))
    if begun is None:
        raise SignInError(SignInFault.PROVIDER_REFUSED)
    return begun


def hash_attempt(attempt: str) -> bytes:
    """The digest that is stored of such a secret."""
    return hashlib.sha256(attempt.encode("utf-8", "surrogatepass")).digest()
