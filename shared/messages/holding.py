"""What holds keep from being sent. Pure.

A hold names all messages of an office, those of a channel, or one gateway of a channel. It
suppresses nothing: what it keeps stays pending.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from shared.schemas.rules import Channel


@dataclass(frozen=True, slots=True)
class ActiveHold:
    """A hold that is not released.

    Attributes:
        office_id: None means all offices.
        channel: None means all channels.
        gateway: empty means all gateways.
    """

    office_id: UUID | None = None
    channel: Channel | None = None
    gateway: str = ""

    def is_of(self, office_id: UUID | None) -> bool:
        """Whether it holds for an office; None asks for all offices together."""
        return self.office_id is None or self.office_id == office_id

    def is_keeping(self, channel: Channel, gateway: str) -> bool:
        """Whether it keeps messages of a channel from one of its gateways."""
        return self.channel in {None, channel} and self.gateway in {"", gateway}


@dataclass(frozen=True, slots=True)
class HeldOffices:
    """The offices of which nothing is sent on a channel.

    Attributes:
        every: all of them.
        ids: those, unless it is all.
    """

    every: bool
    ids: frozenset[UUID] = frozenset()


def list_shut(
    holds: Iterable[ActiveHold], office_id: UUID | None, channel: Channel
) -> frozenset[str]:
    """The names of the gateways that a hold shuts for an office alone; None: for all offices."""
    return frozenset(
        each.gateway
        for each in holds
        if each.gateway and each.is_of(office_id) and each.is_keeping(channel, each.gateway)
    )


def find_held(
    holds: Collection[ActiveHold], channel: Channel, gateways: Collection[str]
) -> HeldOffices:
    """The offices that no gateway of a channel may be given a message of.

    Args:
        holds: all that are not released.
        channel: the channel.
        gateways: the names of its gateways, at least one.
    """
    if _is_shut(holds, None, channel, gateways):
        return HeldOffices(every=True)
    named = {each.office_id for each in holds if each.office_id is not None}
    held = frozenset(each for each in named if _is_shut(holds, each, channel, gateways))
    return HeldOffices(every=False, ids=held)


def _is_shut(
    holds: Collection[ActiveHold],
    office_id: UUID | None,
    channel: Channel,
    gateways: Collection[str],
) -> bool:
    return all(is_held(holds, office_id, channel, gateway) for gateway in gateways)


def is_held(
    holds: Iterable[ActiveHold], office_id: UUID | None, channel: Channel, gateway: str
) -> bool:
    """Whether a hold keeps a message of an office from a gateway of its channel."""
    return any(each.is_of(office_id) and each.is_keeping(channel, gateway) for each in holds)
