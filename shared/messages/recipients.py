"""Who gets a reminder's messages, at which addresses. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.messages.stages import SuppressReason
from shared.schemas.rules import Audience, Channel


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
    set_aside: frozenset[Channel] = frozenset()
    """The channels on which the address bounced for good."""

    def is_valid_on(self, day: date) -> bool:
        """Whether the contact holds the post on `day`; both ends count."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )

    def get_address(self, channel: Channel) -> str:
        """The address on a channel; empty when there is none, or it is set aside."""
        if channel in self.set_aside:
            return ""
        match channel:
            case Channel.EMAIL:
                return self.email.strip()
            case Channel.SMS | Channel.WECOM | Channel.DINGTALK | Channel.FEISHU:
                return self.mobile.strip()
            case _:
                assert_never(channel)


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


def _list_holders(
    post: Audience, recipients: Sequence[Recipient], slot: datetime, zone: ZoneInfo, now: datetime
) -> list[Recipient]:
    of_post = [recipient for recipient in recipients if recipient.post == post]
    return list(select_holders(of_post, slot, zone, now).values())


@dataclass(frozen=True, slots=True)
class Addressed:
    """A message of a reminder. With `suppressed` it is never sent, for that reason."""

    channel: Channel
    contact_id: UUID | None
    address: str
    suppressed: SuppressReason | None = None


def list_addressed(
    audience: Audience,
    channels: Sequence[Channel],
    recipients: Sequence[Recipient],
    *,
    slot: datetime,
    zone: ZoneInfo,
    now: datetime,
) -> Iterator[Addressed]:
    """The messages of a reminder, for the contacts of its audience whose post is held at `now`.

    A contact who has an address on some of the channels gets nothing on the others. Without any
    address, or without a contact, the messages are suppressed, so that each due one is counted.
    Where all addresses of the audience are set aside, the next post that has one hears instead.
    """
    holders = _list_holders(audience, recipients, slot, zone, now)
    wanted = tuple(dict.fromkeys(channels))
    if any(holder.set_aside.intersection(wanted) for holder in holders):
        posts = list(Audience)
        for post in posts[posts.index(audience) :]:
            others = _list_holders(post, recipients, slot, zone, now)
            if any(other.get_address(channel) for other in others for channel in wanted):
                holders = others
                break
    for channel in wanted:
        for holder in holders:
            address = holder.get_address(channel)
            if not address and any(map(holder.get_address, wanted)):
                continue
            reason = None if address else SuppressReason.NO_ADDRESS
            yield Addressed(channel, holder.contact_id, address, reason)
        if not holders:
            yield Addressed(channel, None, "", SuppressReason.NO_CONTACT)
