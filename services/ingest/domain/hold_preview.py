"""What the release of a hold would send. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from uuid import UUID


@dataclass(frozen=True, slots=True)
class HoldScope:
    """What a hold names; empty means all."""

    channel: str = ""
    gateway: str = ""

    def is_of(self, channel: str) -> bool:
        """Whether it can keep messages of a channel."""
        return self.channel in {"", channel}


@dataclass(frozen=True, slots=True)
class WaitingMessages:
    """The messages about what one unit owes that are due on a channel and wait.

    Attributes:
        messages: how many.
        pointless: how many of them have nothing that is still owed as they say.
        oldest: the earliest slot of the others; None when there are none.
    """

    unit_id: UUID
    unit: str
    channel: str
    messages: int
    pointless: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class UnitPreview:
    """What would be sent on a channel about what one unit owes."""

    unit_id: UUID
    unit: str
    channel: str
    messages: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class ChannelPreview:
    """What would be sent on a channel."""

    channel: str
    messages: int
    units: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class ReleasePreview:
    """What a release would send (`messages`), withdraw (`pointless`), and not reach (`kept`)."""

    messages: int
    oldest: datetime | None
    pointless: int
    kept: int
    channels: tuple[ChannelPreview, ...]
    units: tuple[UnitPreview, ...]


def preview_release(
    hold: HoldScope, others: Sequence[HoldScope], waiting: Sequence[WaitingMessages]
) -> ReleasePreview:
    """What the release of a hold would send.

    Args:
        hold: what the hold names.
        others: what the other holds name that are not released. One of a single gateway keeps
            nothing for certain: other gateways of its channel go on.
        waiting: all that waits, by unit and channel.
    """
    own = [each for each in waiting if hold.is_of(each.channel)]
    wide = [each for each in others if not each.gateway]
    kept = [each for each in own if any(other.is_of(each.channel) for other in wide)]
    free = [each for each in own if each not in kept]
    units = [
        UnitPreview(each.unit_id, each.unit, each.channel, number, each.oldest)
        for each in free
        if (number := each.messages - each.pointless) and each.oldest is not None
    ]
    units.sort(key=lambda each: (each.channel, -each.messages, each.unit))
    return ReleasePreview(
        messages=sum(each.messages for each in units),
        oldest=min((each.oldest for each in units), default=None),
        pointless=sum(each.pointless for each in free),
        kept=sum(each.messages for each in kept),
        channels=tuple(
            _sum_channel(channel, list(rows))
            for channel, rows in groupby(units, attrgetter("channel"))
        ),
        units=tuple(units),
    )


def _sum_channel(channel: str, units: Sequence[UnitPreview]) -> ChannelPreview:
    messages = sum(each.messages for each in units)
    return ChannelPreview(channel, messages, len(units), min(each.oldest for each in units))
