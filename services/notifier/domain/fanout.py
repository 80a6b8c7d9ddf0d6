"""Fan-out: a reminder becomes a notification for each contact and channel. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifier.domain.message import Notification
from services.notifier.domain.stages import SuppressReason
from shared.schemas import identity
from shared.schemas.rules import Audience, Channel

get_zone = lru_cache(maxsize=64)(ZoneInfo)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A holder of a contact's post, and the days on which they hold it.

    Successive holders of a post share its `contact_id`: a notification goes to the holder of the
    day.
    """

    contact_id: UUID
    post: str
    email: str
    mobile: str
    valid_from: date | None
    valid_to: date | None

    def is_valid_on(self, day: date) -> bool:
        """Whether the contact holds the post on `day`; both ends count."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )

    def get_address(self, channel: Channel) -> str:
        """The address on a channel; empty when there is none."""
        match channel:
            case Channel.EMAIL:
                return self.email.strip()
            case Channel.SMS | Channel.WECOM | Channel.DINGTALK | Channel.FEISHU:
                return self.mobile.strip()
            case _:
                assert_never(channel)


@dataclass(frozen=True, slots=True)
class DueReminder:
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


def select_holders(
    recipients: Sequence[Recipient], slot: datetime, zone: ZoneInfo, now: datetime
) -> dict[UUID, Recipient]:
    """Who holds each contact's post at `now`, by contact; the last listed wins.

    The day is the office's. It is never before the slot's day, in case the clocks of two machines
    differ at midnight.
    """
    day = max(slot, now).astimezone(zone).date()
    return {
        recipient.contact_id: recipient for recipient in recipients if recipient.is_valid_on(day)
    }


Withdrawals = Mapping[tuple[UUID, UUID], datetime]
"""By unit and obligation: up to which slot the obligation must not be reminded of."""


def select_owed(
    unit_id: UUID, slot: datetime, obligation_ids: Sequence[UUID], withdrawals: Withdrawals
) -> tuple[UUID, ...]:
    """Those obligations of a reminder that are not withdrawn for its slot."""
    return tuple(
        obligation
        for obligation in obligation_ids
        if (until := withdrawals.get((unit_id, obligation))) is None or until < slot
    )


@dataclass(frozen=True, slots=True)
class PlannedNotification:
    """A notification to store. With `suppressed` it ends at once, for that reason."""

    notification: Notification
    contact_id: UUID | None
    suppressed: SuppressReason | None = None


def fan_out(
    due: DueReminder,
    recipients: Sequence[Recipient],
    now: datetime,
    withdrawals: Withdrawals = MappingProxyType({}),
) -> list[PlannedNotification]:
    """The notifications of a reminder, for the contacts of its audience whose post is held now.

    A contact who has an address on some of the channels gets nothing on the others. Without any
    address, without a contact, or without an obligation that is still owed the notifications are
    suppressed, so that each due one is counted.
    """
    of_post = [recipient for recipient in recipients if recipient.post == due.audience]
    contacts = select_holders(of_post, due.slot, get_zone(due.timezone), now).values()
    owed = select_owed(due.unit_id, due.slot, due.obligation_ids, withdrawals)
    planned = []
    channels = tuple(dict.fromkeys(due.channels))
    for channel in channels:
        for holder in contacts:
            address = holder.get_address(channel)
            if not address and any(map(holder.get_address, channels)):
                continue
            reason = None if address else SuppressReason.NO_ADDRESS
            planned.append(
                _plan_notification(due, channel, holder.contact_id, address, reason, owed)
            )
        if not contacts:
            planned.append(
                _plan_notification(due, channel, None, "", SuppressReason.NO_CONTACT, owed)
            )
    return planned


def list_left_out(due: DueReminder, planned: Sequence[PlannedNotification]) -> list[Channel]:
    """The channels of a reminder on which its contacts have no address and need none."""
    used = {plan.notification.channel for plan in planned}
    return [channel for channel in dict.fromkeys(due.channels) if channel not in used]


def _plan_notification(  # noqa: PLR0917 - one caller, right above
    due: DueReminder,
    channel: Channel,
    contact_id: UUID | None,
    address: str,
    reason: SuppressReason | None,
    owed: tuple[UUID, ...],
) -> PlannedNotification:
    return PlannedNotification(
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
