"""Signed links of contacts: revocations, requests for new ones, and the sessions they opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import PlanStatus
from services.ingest.store.fetching import fetch_all, fetch_first, list_columns
from services.ingest.store.link_tables import CONTACT_LINKS, LINK_SESSIONS
from services.ingest.store.rows import StoredUnit
from services.ingest.store.tables import OBLIGATIONS, PLANS, UNITS

_C, _O, _S, _U = CONTACT_LINKS.c, OBLIGATIONS.c, LINK_SESSIONS.c, UNITS.c
_MOST_UNITS = 50
"""Units that one mobile number may belong to."""
_KEPT = timedelta(days=1)
"""How long a session stays after its end."""


@dataclass(frozen=True, slots=True)
class Bond:
    """What a link, a code or a session is bound to. `digest` is of the contact's address."""

    office_id: UUID
    unit_id: UUID
    contact_id: UUID
    digest: bytes
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class StoredLinkSession:
    """A session that a link or a code opened, without its secret."""

    session_id: UUID
    office_id: UUID
    unit_id: UUID
    contact_id: UUID
    digest: bytes
    issued_at: datetime
    expires_at: datetime

    @property
    def bond(self) -> Bond:
        """What it is bound to, as the link that opened it."""
        return Bond(self.office_id, self.unit_id, self.contact_id, self.digest, self.issued_at)


_SESSION = list_columns(StoredLinkSession, _S)


async def find_units_by_mobile(db: AsyncConnection, mobile: str) -> list[StoredUnit]:
    """The units, of every office, that have a contact with this mobile number."""
    query = (
        select(*list_columns(StoredUnit, _U))
        .where(_U.contacts.contains([{"mobile": mobile}]))
        .order_by(_U.unit_id)
        .limit(_MOST_UNITS)
    )
    return await fetch_all(db, StoredUnit, query)


async def has_obligations(db: AsyncConnection, unit_id: UUID) -> bool:
    """Whether a unit has an obligation, done or not, of a plan that is in force."""
    query = select(
        exists().where(
            _O.unit_id == unit_id,
            _O.withdrawn_at.is_(None),
            PLANS.c.plan_id == _O.plan_id,
            PLANS.c.status == PlanStatus.PUBLISHED,
        )
    )
    return bool((await db.execute(query)).scalar_one())


async def find_revoked_at(db: AsyncConnection, bond: Bond) -> datetime | None:
    """Up to when links of a contact were revoked."""
    query = select(_C.revoked_at).where(
        _C.unit_id == bond.unit_id, _C.contact_id == bond.contact_id
    )
    revoked_at: datetime | None = (await db.execute(query)).scalar()
    return revoked_at


async def revoke(
    db: AsyncConnection, office_id: UUID, unit_id: UUID, contact_ids: Sequence[UUID], at: datetime
) -> None:
    """End the links of some contacts of a unit that were issued up to an instant."""
    row = postgresql.insert(CONTACT_LINKS).values(
        [
            {"unit_id": unit_id, "contact_id": each, "office_id": office_id, "revoked_at": at}
            for each in contact_ids
        ]
    )
    later = func.greatest(_C.revoked_at, row.excluded.revoked_at)
    await db.execute(
        row.on_conflict_do_update(
            index_elements=["unit_id", "contact_id"], set_={"revoked_at": later}
        )
    )


async def note_renewal(db: AsyncConnection, bond: Bond, at: datetime, pause: timedelta) -> bool:
    """Note that a contact asked for a new link; False when the last request is too recent."""
    row = postgresql.insert(CONTACT_LINKS).values(
        unit_id=bond.unit_id,
        contact_id=bond.contact_id,
        office_id=bond.office_id,
        renewed_at=at,
    )
    noted = row.on_conflict_do_update(
        index_elements=["unit_id", "contact_id"],
        set_={"renewed_at": at},
        where=or_(_C.renewed_at.is_(None), _C.renewed_at <= at - pause),
    )
    return (await db.execute(noted.returning(_C.unit_id))).first() is not None


async def add_session(
    db: AsyncConnection, session_id: UUID, bond: Bond, *, sha256: bytes, lifetime: timedelta
) -> StoredLinkSession:
    """Enter a session; those of the unit that ended a day ago are removed."""
    await db.execute(
        delete(LINK_SESSIONS).where(_S.unit_id == bond.unit_id, _S.expires_at < func.now() - _KEPT)
    )
    query = (
        insert(LINK_SESSIONS)
        .values(
            session_id=session_id,
            office_id=bond.office_id,
            unit_id=bond.unit_id,
            contact_id=bond.contact_id,
            digest=bond.digest,
            issued_at=bond.issued_at,
            sha256=sha256,
            opened_at=func.now(),
            expires_at=func.now() + lifetime,
        )
        .returning(*_SESSION)
    )
    return StoredLinkSession(*(await db.execute(query)).one())


async def end_session(db: AsyncConnection, session_id: UUID) -> bool:
    """End a session now; False when there is none."""
    ended = update(LINK_SESSIONS).where(_S.session_id == session_id, _S.expires_at > func.now())
    return bool((await db.execute(ended.values(expires_at=func.now()))).rowcount)


async def find_session(db: AsyncConnection, sha256: bytes) -> StoredLinkSession | None:
    """The session whose secret has this digest; None when it has ended."""
    query = select(*_SESSION).where(_S.sha256 == sha256, _S.expires_at > func.now())
    return await fetch_first(db, StoredLinkSession, query)
