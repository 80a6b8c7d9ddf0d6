"""A reminder becomes notifications: one for each contact of the post and each channel. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifier.message import Notification
from services.notifier.policy.stages import SuppressReason
from shared.schemas import identity
from shared.schemas.rules import Audience, Channel

zone_of = lru_cache(maxsize=64)(ZoneInfo)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who holds a contact's post, and on which days.

    People who follow each other in a post share its `contact_id`, so that what one of them was
    to hear goes to the next.
    """

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
class Due:
    """A reminder, as fan-out needs it."""

    reminder_id: UUID
    office_id: UUID
    unit_id: UUID
    audience: Audience
    slot: datetime
    timezone: str
    channels: tuple[Channel, ...]
    obligation_ids: tuple[UUID, ...]
    correlation_id: UUID


def holders(
    recipients: Sequence[Recipient], slot: datetime, zone: ZoneInfo, now: datetime
) -> dict[UUID, Recipient]:
    """Who is written to at `now`, by contact: the last listed of those who hold it on that day.

    The day is the office's. It is never before the slot's, should the clocks of two machines
    differ about midnight.
    """
    day = max(slot, now).astimezone(zone).date()
    return {one.contact_id: one for one in recipients if one.valid_on(day)}


Withdrawn = Mapping[tuple[UUID, UUID], datetime]
"""By unit and obligation: up to which slot it must not be reminded of."""


def still_owed(
    unit_id: UUID, slot: datetime, obligation_ids: Sequence[UUID], withdrawn: Withdrawn
) -> tuple[UUID, ...]:
    """Those obligations of a reminder that were not withdrawn for its slot."""
    return tuple(
        obligation
        for obligation in obligation_ids
        if (until := withdrawn.get((unit_id, obligation))) is None or until < slot
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """A notification to make. With `suppressed` it ends at once, for that reason."""

    notification: Notification
    contact_id: UUID | None
    suppressed: SuppressReason | None = None


def fan_out(
    due: Due,
    recipients: Sequence[Recipient],
    now: datetime,
    withdrawn: Withdrawn = MappingProxyType({}),
) -> list[Planned]:
    """The notifications of a reminder, for the contacts of the post that someone holds now.

    What has no address, or no contact, or nothing that is still owed, gives a suppressed
    notification: what was due is never silently missing.
    """
    of_post = [one for one in recipients if one.post == due.audience]
    written_to = holders(of_post, due.slot, zone_of(due.timezone), now).values()
    owed = still_owed(due.unit_id, due.slot, due.obligation_ids, withdrawn)
    planned = []
    for channel in dict.fromkeys(due.channels):
        for holder in written_to:
            address = holder.address(channel)
            reason = None if address else SuppressReason.NO_ADDRESS
            planned.append(_planned(due, channel, holder.contact_id, address, reason, owed))
        if not written_to:
            planned.append(_planned(due, channel, None, "", SuppressReason.NO_CONTACT, owed))
    return planned


def _planned(  # noqa: PLR0917 - one caller, right above
    due: Due,
    channel: Channel,
    contact_id: UUID | None,
    address: str,
    reason: SuppressReason | None,
    owed: tuple[UUID, ...],
) -> Planned:
    return Planned(
        notification=Notification(
            notification_id=identity.derive_notification_id(
                due.reminder_id, contact_id or "nobody", channel
            ),
            reminder_id=due.reminder_id,
            office_id=due.office_id,
            unit_id=due.unit_id,
            audience=due.audience,
            channel=channel,
            slot=due.slot,
            address=address,
            correlation_id=due.correlation_id,
            obligation_ids=owed or due.obligation_ids,
        ),
        contact_id=contact_id,
        suppressed=reason if owed else SuppressReason.WITHDRAWN,
    )
