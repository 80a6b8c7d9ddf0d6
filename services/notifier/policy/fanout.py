"""A reminder becomes notifications: one for each contact of the post and each channel. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifier.policy.stages import SuppressReason
from shared import identity
from shared.rules import Audience, Channel

zone_of = lru_cache(maxsize=64)(ZoneInfo)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A contact, as fan-out needs it."""

    contact_id: UUID
    post: str
    email: str
    mobile: str
    valid_from: date | None
    valid_to: date | None

    def valid_on(self, day: date) -> bool:
        """Whether the contact holds the post on `day`; both ends count."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )

    def address(self, channel: Channel) -> str:
        """Where the contact is reached on a channel; empty when nowhere."""
        match channel:
            case Channel.EMAIL:
                return self.email.strip()
            case Channel.SMS:
                return self.mobile.strip()


@dataclass(frozen=True, slots=True)
class Planned:
    """A notification to make. With `suppressed` it ends at once, for that reason."""

    notification_id: UUID
    contact_id: UUID | None
    channel: Channel
    address: str
    suppressed: SuppressReason | None = None


def fan_out(
    reminder_id: UUID,
    recipients: Sequence[Recipient],
    *,
    audience: Audience,
    slot: datetime,
    timezone: str,
    channels: Sequence[Channel],
) -> list[Planned]:
    """The notifications of a reminder, for the contacts that hold the post on the slot's day.

    A channel that a contact has no address for, or a post that nobody holds, gives a suppressed
    notification: what was due is never silently missing.
    """
    day = slot.astimezone(zone_of(timezone)).date()
    holders = [r for r in recipients if r.post == audience and r.valid_on(day)]
    planned = []
    for channel in dict.fromkeys(channels):
        for holder in holders:
            address = holder.address(channel)
            planned.append(
                Planned(
                    identity.notification_id(reminder_id, holder.contact_id, channel),
                    holder.contact_id,
                    channel,
                    address,
                    None if address else SuppressReason.NO_ADDRESS,
                )
            )
        if not holders:
            nobody = identity.notification_id(reminder_id, "nobody", channel)
            planned.append(Planned(nobody, None, channel, "", SuppressReason.NO_CONTACT))
    return planned
