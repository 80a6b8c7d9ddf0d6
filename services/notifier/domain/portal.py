"""How a contact gets to the portal: by the link in a mail, or by the code in a short message. Pure.

The same notification gives the same link and code whenever it is rendered.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.links import CODE_DAYS, CodeSubject, LinkKeys, SignedLink, hash_address
from shared.messages.wording import Door


@dataclass(frozen=True, slots=True)
class Guest:
    """Whom a message is for. `address` is where it goes."""

    office_id: UUID
    unit_id: UUID
    contact_id: UUID
    address: str


@dataclass(frozen=True, slots=True)
class Portal:
    """The portal, and the keys that open it."""

    url: str
    keys: LinkKeys
    lifetime: timedelta

    def make_link(
        self, guest: Guest, notification_id: UUID, issued_at: datetime, zone: ZoneInfo
    ) -> Door:
        """The link for a mail."""
        expires_at = issued_at + self.lifetime
        token = self.keys.sign(
            SignedLink(
                office_id=guest.office_id,
                unit_id=guest.unit_id,
                contact_id=guest.contact_id,
                notification_id=notification_id,
                digest=hash_address(guest.address),
                issued_at=issued_at,
                expires_at=expires_at,
            )
        )
        return Door(f"{self.url}/u/{token}", token, expires_at.astimezone(zone).date())

    def make_code(self, guest: Guest, issued_at: datetime, zone: ZoneInfo) -> Door:
        """The constant address and the code for a short message."""
        subject = CodeSubject(guest.office_id, guest.unit_id, guest.contact_id, guest.address)
        code = self.keys.make_code(subject, issued_at.astimezone(UTC).date())
        last = issued_at + timedelta(days=CODE_DAYS)
        return Door(f"{self.url}/u", code, last.astimezone(zone).date())
