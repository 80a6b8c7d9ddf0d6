"""Which gateway of a channel gets a message. Pure.

A message whose outcome is unknown is not chosen for: it stays with its gateway.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.notifier.domain.breaker import Circuit

PATIENCE = timedelta(seconds=90)
"""A limit that ends within this time, such as that of a minute, is waited for; else the next
gateway gets the message."""


@dataclass(frozen=True, slots=True)
class ChoosableGateway:
    """A gateway, as the choice sees it.

    Attributes:
        priority: lower ones go first.
        weight: of new messages among the gateways of one priority.
        share: the part of its weight that it has by its health.
        room: how many messages it can be given now.
        wait: until its limits allow another message; None when they do.
        refusals: how often it refused this message; 0 for a fresh one.
        rejected: whether it refused this message for good.
    """

    name: str
    priority: int = 1
    weight: int = 1
    share: float = 1.0
    room: int = 1
    circuit: Circuit = Circuit.CLOSED
    wait: timedelta | None = None
    refusals: int = 0
    rejected: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether messages wait for it if it has no room. A half-open one takes one at a time."""
        if self.wait is not None and self.wait > PATIENCE:
            return False
        match self.circuit:
            case Circuit.CLOSED:
                return True
            case Circuit.HALF_OPEN:
                return self.room > 0 and self.wait is None
            case Circuit.OPEN:
                return False

    @property
    def has_room(self) -> bool:
        """Whether it can be given a message now."""
        return self.is_usable and self.room > 0 and self.wait is None


def choose(gateways: Collection[ChoosableGateway], chance: float) -> ChoosableGateway | None:
    """The gateway for a message; None when it has to wait for one.

    Those that refused it least often go first, then lower priorities. Within a priority one with
    room is drawn by weight and share. A gateway that rejected the message gets it only if all did.

    Args:
        gateways: all gateways of the channel.
        chance: uniform in [0, 1).
    """
    usable = [each for each in _list_willing(gateways) if each.is_usable]
    if not usable:
        return None
    first = min(_rank(each) for each in usable)
    with_room = [each for each in usable if _rank(each) == first and each.has_room]
    return _draw(with_room, chance) if with_room else None


def _list_willing(gateways: Collection[ChoosableGateway]) -> Sequence[ChoosableGateway]:
    return [each for each in gateways if not each.rejected] or list(gateways)


def _rank(gateway: ChoosableGateway) -> tuple[int, int]:
    return gateway.refusals, gateway.priority


def _draw(gateways: Sequence[ChoosableGateway], chance: float) -> ChoosableGateway:
    left = chance * sum(each.weight * each.share for each in gateways)
    for each in gateways:
        left -= each.weight * each.share
        if left < 0:
            return each
    return gateways[-1]


def is_another_free(gateways: Collection[ChoosableGateway], chosen: ChoosableGateway) -> bool:
    """Whether a message that `chosen` refuses goes to another gateway at once.

    Each gateway is asked once in a round; after the round the message backs off. So a refusal by
    one that was asked more often than another ends the round.
    """
    willing = _list_willing(gateways)
    if chosen.refusals > min(each.refusals for each in willing):
        return False
    return any(
        each.refusals <= chosen.refusals and each.is_usable
        for each in willing
        if each.name != chosen.name
    )


def count_room(gateways: Collection[ChoosableGateway]) -> int:
    """How many fresh messages can be given away now.

    These go to the usable gateways of the lowest priority, and one to each half-open gateway before
    them. A backup gets none because the first has no room at the moment.
    """
    usable = [each for each in gateways if each.is_usable]
    closed = [each.priority for each in usable if each.circuit is Circuit.CLOSED]
    last = min(closed, default=max((each.priority for each in usable), default=0))
    return sum(each.room for each in usable if each.priority <= last and each.has_room)
