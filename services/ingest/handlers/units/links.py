"""Whether a contact's link is still good, and what ends it.

Nothing is stored when a link is sent. A link is good while its contact holds the post with the
address that the link went to, nobody revoked it, the unit is not retired, and a plan in force has
an obligation of the unit.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.words import AUDIENCES
from services.ingest.handlers.acting import Act, note, tell
from services.ingest.handlers.office.rules import get_office_zone
from services.ingest.handlers.units.contacts import find_holder
from services.ingest.store import links as store
from services.ingest.store import offices, units
from services.ingest.store.links import Bond
from shared.links import hash_address
from shared.schemas import identity
from shared.schemas.events import LinkRequested
from shared.schemas.rules import Audience

_RENEWAL_PAUSE = timedelta(hours=1)
"""Between two new links for one contact."""


@dataclass(frozen=True, slots=True)
class LinkContact:
    """The contact whose link is good."""

    office_id: UUID
    office: str
    unit_id: UUID
    unit: str
    contact_id: UUID
    post: Audience
    name: str

    @property
    def actor(self) -> str:
        """How the journal names the contact."""
        return f"{self.unit} {AUDIENCES[self.post]}{self.name}"


@dataclass(frozen=True, slots=True)
class Revoked:
    """Which links of a unit were ended: those of these posts, issued up to `revoked_at`."""

    unit_id: UUID
    revoked_at: datetime
    posts: tuple[Audience, ...]


async def find_contact(db: AsyncConnection, bond: Bond, now: datetime) -> LinkContact | None:
    """The contact that a link is bound to; None when the link is not good (any more)."""
    unit = await units.find_unit(db, bond.office_id, bond.unit_id)
    if unit is None or unit.retired_at is not None:
        return None
    today = now.astimezone(await get_office_zone(db, bond.office_id)).date()
    holder = find_holder(unit.contacts, bond.contact_id, today)
    if holder is None or not _has_address(holder, bond.digest):
        return None
    revoked_at = await store.find_revoked_at(db, bond)
    if revoked_at is not None and bond.issued_at <= revoked_at:
        return None
    if not await store.has_obligations(db, bond.unit_id):
        return None
    office = await offices.get_office(db, bond.office_id)
    return LinkContact(
        office_id=bond.office_id,
        office=office.name,
        unit_id=unit.unit_id,
        unit=unit.name,
        contact_id=bond.contact_id,
        post=Audience(holder["post"]),
        name=holder.get("name", ""),
    )


def _has_address(holder: dict[str, Any], digest: bytes) -> bool:
    addresses = filter(None, (holder.get("email"), holder.get("mobile")))
    return any(hash_address(address) == digest for address in addresses)


async def revoke(
    db: AsyncConnection, act: Act, unit_id: UUID, post: Audience | None, reason: str
) -> Revoked:
    """End all links, codes and sessions of a unit's contacts up to now, or of one post.

    Raises:
        RefusedError: no such unit.
    """
    if await units.lock_unit(db, act.office_id, unit_id) is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
    posts = (post,) if post else tuple(Audience)
    contact_ids = [identity.derive_contact_id(unit_id, each.value, 0) for each in posts]
    await store.revoke(db, act.office_id, unit_id, contact_ids, act.now)
    after = {
        "posts": [each.value for each in posts],
        "revoked_at": act.now.isoformat(),
        "reason": reason,
    }
    await note(db, act, "links.revoked", unit_id, after=after)
    return Revoked(unit_id, act.now, posts)


async def request_renewal(db: AsyncConnection, act: Act, bond: Bond) -> bool:
    """Let a contact get a new link at the registered address; False when that is too soon."""
    await units.lock_unit(db, bond.office_id, bond.unit_id)
    if not await store.note_renewal(db, bond, act.now, _RENEWAL_PAUSE):
        return False
    event = LinkRequested(
        office_id=bond.office_id,
        unit_id=bond.unit_id,
        request_id=uuid4(),
        contact_id=bond.contact_id,
        requested_at=act.now,
        timezone=(await get_office_zone(db, bond.office_id)).key,
    )
    await tell(db, act, event, event.request_id)
    after = {"contact_id": str(bond.contact_id), "request_id": str(event.request_id)}
    await note(db, act, "link.requested", bond.unit_id, after=after)
    return True
