"""A link, or a mobile number with its code, opens a short session of a contact.

Whatever is wrong with a link has one and the same fault; only one that is merely expired says so.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import Enum, auto
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.sign_in_limits import ADDRESS, CODE, SignInLimit
from services.ingest.handlers.accounts.sessions import Device
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.units import links
from services.ingest.handlers.units.cells import parse_mobile
from services.ingest.handlers.units.links import LinkContact
from services.ingest.store import links as store
from services.ingest.store import sign_in_failures
from services.ingest.store.links import Bond
from services.ingest.store.rows import StoredUnit
from services.ingest.store.sign_in_failures import make_subject
from shared.errors import CuibanError
from shared.links import CODE_DIGITS, CodeSubject, LinkKeys, SignedLink, hash_address

PREFIX = "link_"
"""What the secret of every such session begins with."""


class LinkFault(Enum):
    """Why a link opens nothing."""

    UNKNOWN = auto()
    """Guessed, altered, foreign, revoked, or of a contact who has gone."""
    EXPIRED = auto()
    WAIT = auto()
    """There were too many wrong ones."""


class LinkError(CuibanError):
    """A link or a code opens nothing. `wait` is how long to wait before the next attempt."""

    def __init__(self, fault: LinkFault, wait: timedelta = timedelta(0)) -> None:
        super().__init__(fault.name)
        self.fault, self.wait = fault, wait


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A new session of a contact. `secret` is not stored."""

    contact: LinkContact
    expires_at: datetime
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LinkDoor:
    """Verifies links and codes, and opens sessions.

    Attributes:
        lifetime: of a session.
        now: the office's time.
    """

    engine: AsyncEngine
    keys: LinkKeys
    device: Device
    lifetime: timedelta
    now: datetime
    correlation_id: UUID

    async def open_by_token(self, token: str) -> OpenedLink:
        """Open a session by the token of a link.

        Raises:
            LinkError: the link opens nothing, or it is too early.
        """
        subject = await self._count({self._address: ADDRESS})
        link = self.keys.verify(token)
        async with self.engine.begin() as db:
            bond, contact = await self._find(db, link)
            if bond is not None and contact is not None:
                await sign_in_failures.take_back(db, subject)
                if link is not None and link.expires_at > self.now:
                    after = {"notification_id": str(link.notification_id)}
                    return await self._open(db, bond, contact, after)
        raise LinkError(LinkFault.UNKNOWN if contact is None else LinkFault.EXPIRED)

    async def open_by_code(self, mobile: str, code: str) -> OpenedLink:
        """Open a session by a mobile number and the code that was sent to it.

        Raises:
            LinkError: there is no such code, it is too old, or it is too early.
        """
        number = _normalise_mobile(mobile)
        guessed = make_subject("link-mobile", number)
        await self._count({guessed: CODE, self._address: ADDRESS})
        async with self.engine.begin() as db:
            bond = await self._find_by_code(db, number, "".join(code.split()))
            contact = await links.find_contact(db, bond, self.now) if bond else None
            if bond is not None and contact is not None:
                await sign_in_failures.forget(db, guessed)
                await sign_in_failures.take_back(db, self._address)
                return await self._open(db, bond, contact, {})
        raise LinkError(LinkFault.UNKNOWN)

    async def request_renewal(self, token: str) -> None:
        """Let the contact of a link, expired or not, get a new one at the registered address.

        Whether that happened is not told.

        Raises:
            LinkError: it is too early.
        """
        subject = await self._count({self._address: ADDRESS})
        link = self.keys.verify(token)
        async with self.engine.begin() as db:
            bond, contact = await self._find(db, link)
            if bond is not None and contact is not None:
                await sign_in_failures.take_back(db, subject)
                await links.request_renewal(db, self._make_act(contact), bond)

    @property
    def _address(self) -> bytes:
        return make_subject("link-address", self.device.address)

    async def _count(self, limits: Mapping[bytes, SignInLimit]) -> bytes:
        """Count an attempt as failed; returns the subject of the caller's address."""
        async with self.engine.begin() as db:
            counted = await sign_in_failures.count_attempts(db, limits)
            if isinstance(counted, timedelta):
                raise LinkError(LinkFault.WAIT, counted)
        return self._address

    async def _find(
        self, db: AsyncConnection, link: SignedLink | None
    ) -> tuple[Bond | None, LinkContact | None]:
        if link is None:
            return None, None
        bond = Bond(link.office_id, link.unit_id, link.contact_id, link.digest, link.issued_at)
        return bond, await links.find_contact(db, bond, self.now)

    async def _find_by_code(self, db: AsyncConnection, mobile: str, code: str) -> Bond | None:
        """What the code of a mobile number is bound to. Its day begins when it was issued."""
        if not (code.isascii() and code.isdigit() and len(code) == CODE_DIGITS):
            return None
        bond = None
        for unit in await store.find_units_by_mobile(db, mobile):
            for contact_id in _list_contacts(unit, mobile):
                subject = CodeSubject(unit.office_id, unit.unit_id, contact_id, mobile)
                day = self.keys.find_day(subject, code, self.now.astimezone(UTC).date())
                if day is not None:
                    began = datetime.combine(day, time(), UTC)
                    digest = hash_address(mobile)
                    bond = Bond(unit.office_id, unit.unit_id, contact_id, digest, began)
        return bond

    async def _open(
        self, db: AsyncConnection, bond: Bond, contact: LinkContact, after: Mapping[str, str]
    ) -> OpenedLink:
        secret = PREFIX + secrets.token_urlsafe(32)
        session = await store.add_session(
            db, uuid4(), bond, sha256=_hash_secret(secret), lifetime=self.lifetime
        )
        recorded = {
            "unit_id": str(bond.unit_id),
            "contact_id": str(bond.contact_id),
            "address": self.device.address,
        }
        act = self._make_act(contact)
        await note(db, act, "link.opened", session.session_id, after=recorded | dict(after))
        return OpenedLink(contact, session.expires_at, secret)

    def _make_act(self, contact: LinkContact) -> Act:
        return Act(contact.office_id, contact.actor, self.now, self.correlation_id, contact.unit_id)


async def find_holder(
    db: AsyncConnection, secret: str, now: datetime
) -> tuple[UUID, LinkContact] | None:
    """The session that a secret opens, and its contact; None when it or its link has ended."""
    session = await store.find_session(db, _hash_secret(secret))
    if session is None:
        return None
    contact = await links.find_contact(db, session.bond, now)
    return None if contact is None else (session.session_id, contact)


async def end_session(db: AsyncConnection, act: Act, session_id: UUID) -> None:
    """End the session of a contact; its link opens another one.

    Raises:
        RefusedError: the caller has no session that a link opened.
    """
    if not await store.end_session(db, session_id):
        raise RefusedError(
            Fault.NOT_FOUND,
            "不是由链接打开的会话。No link opened this session.",
            "个人登录请另行退出（`DELETE /v1/sessions/current`）；令牌不用退出。"
            "A person signs out otherwise (`DELETE /v1/sessions/current`); a token has no session.",
        )
    await note(db, act, "link.closed", session_id, before={"unit_id": str(act.unit_id)})


def _list_contacts(unit: StoredUnit, mobile: str) -> list[UUID]:
    ids = [each["contact_id"] for each in unit.contacts if each.get("mobile") == mobile]
    return [UUID(each) for each in dict.fromkeys(ids)]


def _normalise_mobile(written: str) -> str:
    """A number as the directory has it; what is no number is nobody's."""
    try:
        return parse_mobile(written)
    except ValueError:
        return ""


def _hash_secret(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
