"""Gives the claimed notifications of one transaction to the gateways of their channel."""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.dispatch import gauges
from services.notifier.dispatch.offers import ChannelRules, GatewayRules
from services.notifier.domain.breaker import Circuit
from services.notifier.domain.choice import ChoosableGateway, choose, count_room, is_another_free
from services.notifier.domain.limits import (
    CountedOffer,
    count_free,
    find_spread,
    find_wait,
    find_wait_of_message,
    hash_text,
)
from services.notifier.domain.message import Content, Message
from services.notifier.domain.retry import OpenReason
from services.notifier.store import counted
from services.notifier.store.counted import NewOffer
from services.notifier.store.tried import Tried

_SOON = timedelta(seconds=1)
"""After which a notification that found no room looks again."""
_WHILE_HELD = timedelta(seconds=15)
"""After which one looks again that no other gateway may get than one that is held."""


@dataclass(frozen=True, slots=True)
class OutletState:
    """What a lane knows of one of its gateways: how many messages it can be given, and why."""

    room: int
    circuit: Circuit = Circuit.CLOSED
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """The gateway of a message; `elsewhere` as in `Offer`."""

    gateway: GatewayRules
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Postponed:
    """A message without a gateway at the moment waits for so long."""

    wait: timedelta
    reason: OpenReason


@dataclass(slots=True)
class Choosing:
    """The gateways of one channel during one claim. Make it with `open_choosing`.

    Attributes:
        real: the database's time: limits are about real gateways.
    """

    rules: ChannelRules
    real: datetime
    _candidates: dict[str, ChoosableGateway]
    _to_addresses: dict[str, dict[int, list[CountedOffer]]] = field(default_factory=dict)
    _new: list[NewOffer] = field(default_factory=list)

    @property
    def room(self) -> int:
        """How many fresh notifications can be given away."""
        return count_room(self._candidates.values())

    @property
    def is_probing(self) -> bool:
        """Whether all that is given away now are probes of half-open gateways."""
        return not any(
            each.circuit is Circuit.CLOSED and each.is_usable for each in self._candidates.values()
        )

    @property
    def shut(self) -> list[str]:
        """The gateways that can be given nothing now."""
        return [name for name, each in self._candidates.items() if not each.has_room]

    async def count_earlier(self, db: AsyncConnection, addresses: Collection[str]) -> None:
        """Load what counts against the limits of single numbers."""
        for gateway in self.rules.gateways:
            limits = gateway.limits
            if limits.number or limits.same_text:
                self._to_addresses[gateway.name] = await counted.list_offers_to(
                    db,
                    gateway.name,
                    {hash_text(each) for each in addresses},
                    since=self.real - limits.longest,
                )

    def choose(
        self,
        notification_id: UUID,
        address: str,
        content: Content,
        tried: Tried,
        stays_at: str,
        *,
        held: Collection[str] = (),
    ) -> Chosen | Postponed:
        """The gateway of a message.

        `stays_at` names the only one that may get it, if not empty; its office holds those `held`.
        """
        if stays_at in held:
            return Postponed(_WHILE_HELD, OpenReason.GATEWAY_HELD)
        message = notification_id, address, content.text
        candidates = [
            self._judge(each, message, tried)
            for each in self._candidates.values()
            if stays_at in {"", each.name} and each.name not in held
        ]
        chance = random.random()  # noqa: S311 - no secret
        chosen = choose(candidates, chance)
        if chosen is None:
            waits = [each.wait for each in candidates if each.wait is not None]
            if not waits or len(waits) < len(candidates):
                return Postponed(_SOON, OpenReason.GATEWAY_BUSY)
            gauges.LIMITED.labels(self.rules.channel).inc()
            return Postponed(max(min(waits), _SOON), OpenReason.GATEWAY_LIMIT)
        own = self._candidates[chosen.name]
        self._candidates[chosen.name] = replace(own, room=own.room - 1)
        gateway = self._get_rules(chosen.name)
        return Chosen(gateway, not stays_at and is_another_free(candidates, chosen))

    def _judge(
        self, candidate: ChoosableGateway, message: tuple[UUID, str, str], tried: Tried
    ) -> ChoosableGateway:
        """A gateway as the choice for one message sees it: its id, address and text."""
        wait = candidate.wait
        if candidate.name in self._to_addresses:
            name, address, text = message[0], hash_text(message[1]), hash_text(message[2])
            offers = self._to_addresses[candidate.name][address]
            others = (each for each in offers if each.message != name)
            limits = self._get_rules(candidate.name).limits
            of_number = find_wait_of_message(limits, others, address, text, self.real)
            wait = max((each for each in (wait, of_number) if each), default=None)
        return replace(
            candidate,
            wait=wait,
            refusals=tried.refusals.get(candidate.name, 0),
            rejected=candidate.name in tried.rejected,
        )

    def count(self, message: Message, number: int, gateway: GatewayRules) -> None:
        """Count an offer that is made, the attempt of this number."""
        if not gateway.limits:
            return
        name, address = message.notification_id, hash_text(message.address)
        offered = CountedOffer(name, address, hash_text(message.content.text), self.real)
        if gateway.name in self._to_addresses:
            self._to_addresses[gateway.name][address].append(offered)
        until = self.real + gateway.limits.longest
        self._new.append(
            NewOffer(name, number, gateway.name, address, offered.text, self.real, until)
        )

    async def write(self, db: AsyncConnection) -> None:
        """Store what was counted."""
        await counted.put_offers(db, self._new)

    def _get_rules(self, name: str) -> GatewayRules:
        return next(each for each in self.rules.gateways if each.name == name)


def make_candidates(
    rules: ChannelRules, states: Mapping[str, OutletState]
) -> list[ChoosableGateway]:
    """The gateways of a channel, as the choice sees them before their limits are known."""
    return [
        ChoosableGateway(
            name=gateway.name,
            priority=gateway.priority,
            weight=gateway.weight,
            share=state.share,
            room=state.room,
            circuit=state.circuit,
        )
        for gateway in rules.gateways
        for state in (states.get(gateway.name, OutletState(0)),)
    ]


async def open_choosing(
    db: AsyncConnection,
    rules: ChannelRules,
    states: Mapping[str, OutletState],
    real: datetime,
    held: Collection[str] = (),
) -> Choosing:
    """Look how much each gateway takes now, and lock the limited ones until the transaction ends.

    A limited gateway that another process is giving messages to has no room meanwhile. Those `held`
    for all offices have none either.
    """
    states = {name: state for name, state in states.items() if name not in held}
    unlimited = zip(rules.gateways, make_candidates(rules, states), strict=True)
    candidates = {
        gateway.name: await _apply_limits(db, gateway, candidate, real)
        for gateway, candidate in unlimited
    }
    return Choosing(rules, real, candidates)


async def _apply_limits(
    db: AsyncConnection, gateway: GatewayRules, candidate: ChoosableGateway, real: datetime
) -> ChoosableGateway:
    limits = gateway.limits
    if candidate.room and find_spread(gateway.name, gateway.spread, real):
        return replace(candidate, room=0)
    if not (limits and candidate.room):
        return candidate
    if not await counted.try_lock(db, gateway.name):
        return replace(candidate, room=0)
    if not limits.total:
        return candidate
    most = max(rate.most for rate in limits.total)
    since = real - limits.longest
    taken = await counted.list_latest(db, gateway.name, since=since, most=most)
    free = count_free(limits.total, taken, real) or 0
    wait = None if free else find_wait(limits.total, taken, real)
    return replace(candidate, room=min(candidate.room, free), wait=wait)
