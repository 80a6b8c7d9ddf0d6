"""Which faults strike, when, and whom: a seeded list, pure.

The same seed gives the same list. What a fault meets when it strikes depends on the machine.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override


class Kind(StrEnum):
    """What can go wrong."""

    SERVICE_KILLED = "service-killed"
    SERVICE_TERMINATED = "service-terminated"
    SERVICE_FROZEN = "service-frozen"
    BROKER_KILLED = "broker-killed"
    DATABASE_KILLED = "database-killed"
    DATABASE_FULL = "database-full"
    GATEWAYS_KILLED = "gateways-killed"
    GATEWAY_REFUSES = "gateway-refuses"
    GATEWAY_HANGS = "gateway-hangs"
    GATEWAY_LATE = "gateway-late"
    GATEWAY_DROPS = "gateway-drops"
    GATEWAY_LIES = "gateway-lies"
    POISON = "poison"
    TOLD_TWICE = "told-twice"
    OUT_OF_ORDER = "out-of-order"
    CLOCK_FORWARD = "clock-forward"
    CLOCK_BACK = "clock-back"
    # Only where the clock does not wait:
    SERVICE_AWAY = "service-away"
    TOPIC_REMADE = "topic-remade"
    RECORDS_DELETED = "records-deleted"
    TAIL_LOST = "tail-lost"
    HANDLER_BROKEN = "handler-broken"
    ROW_BROKEN = "row-broken"
    GATEWAY_MISSING = "gateway-missing"
    GATEWAY_ANSWERS = "gateway-answers"
    GATEWAY_PROXY = "gateway-proxy"
    CLOCK_WRONG = "clock-wrong"
    DISK_FULL = "disk-full"
    BROKERS_IN_TURN = "brokers-in-turn"
    NEXT_RELEASE = "next-release"


Classes = tuple[tuple[Kind, ...], ...]
"""Kinds that are alike. A short run has one kind of each."""

STEPPED: Classes = (
    (Kind.SERVICE_KILLED,),
    (Kind.SERVICE_TERMINATED,),
    (Kind.SERVICE_FROZEN,),
    (Kind.BROKER_KILLED, Kind.DATABASE_KILLED),
    (Kind.DATABASE_FULL,),
    (Kind.GATEWAYS_KILLED, Kind.GATEWAY_REFUSES, Kind.GATEWAY_HANGS, Kind.GATEWAY_LIES),
    (Kind.GATEWAY_LATE, Kind.GATEWAY_DROPS),
    (Kind.POISON,),
    (Kind.TOLD_TWICE, Kind.OUT_OF_ORDER),
    (Kind.CLOCK_FORWARD,),
    (Kind.CLOCK_BACK,),
)
RUNNING: Classes = (
    (Kind.SERVICE_AWAY,),
    (Kind.TOPIC_REMADE,),
    (Kind.RECORDS_DELETED,),
    (Kind.TAIL_LOST,),
    (Kind.HANDLER_BROKEN,),
    (Kind.ROW_BROKEN,),
    (Kind.GATEWAY_MISSING,),
    (Kind.GATEWAY_PROXY, Kind.GATEWAY_ANSWERS),
    (Kind.CLOCK_WRONG,),
    (Kind.DISK_FULL,),
    (Kind.BROKERS_IN_TURN,),
    (Kind.NEXT_RELEASE,),
    (Kind.SERVICE_KILLED, Kind.SERVICE_TERMINATED, Kind.SERVICE_FROZEN),
    (Kind.BROKER_KILLED, Kind.DATABASE_KILLED),
    (Kind.DATABASE_FULL,),
    (Kind.GATEWAYS_KILLED, Kind.GATEWAY_REFUSES, Kind.GATEWAY_HANGS, Kind.GATEWAY_LIES),
    (Kind.GATEWAY_LATE, Kind.GATEWAY_DROPS),
    (Kind.POISON,),
    (Kind.TOLD_TWICE, Kind.OUT_OF_ORDER),
)
_OFTEN = {Kind.SERVICE_KILLED: 4, Kind.BROKER_KILLED: 2, Kind.DATABASE_KILLED: 2}
"""How often a kind stands in the deck; once where nothing is said."""

SERVICES = ("ingest-1", "ingest-2", "scheduler-1", "scheduler-2", "notifier-1", "notifier-2")
TOPICS = ("tasks", "rules", "directory", "reminders", "deliveries")
_CHANNELS = ("email", "sms")
_TARGETS: dict[Kind, tuple[str, ...]] = {
    Kind.SERVICE_KILLED: SERVICES,
    Kind.SERVICE_TERMINATED: SERVICES,
    Kind.SERVICE_FROZEN: SERVICES,
    Kind.BROKER_KILLED: ("kafka",),
    Kind.DATABASE_KILLED: ("postgres",),
    Kind.DATABASE_FULL: ("postgres",),
    Kind.GATEWAYS_KILLED: ("sinks",),
    Kind.GATEWAY_REFUSES: _CHANNELS,
    Kind.GATEWAY_HANGS: _CHANNELS,
    Kind.GATEWAY_LATE: _CHANNELS,
    Kind.GATEWAY_DROPS: _CHANNELS,
    Kind.GATEWAY_LIES: _CHANNELS,
    Kind.TOLD_TWICE: TOPICS,
    Kind.OUT_OF_ORDER: ("ingest", "scheduler", "notifier"),
    Kind.SERVICE_AWAY: ("scheduler", "notifier"),
    Kind.TOPIC_REMADE: ("tasks", "reminders", "deliveries"),
    Kind.RECORDS_DELETED: ("tasks",),
    Kind.TAIL_LOST: ("tasks",),
    Kind.GATEWAY_MISSING: _CHANNELS,
    Kind.GATEWAY_ANSWERS: _CHANNELS,
    Kind.GATEWAY_PROXY: _CHANNELS,
    Kind.CLOCK_WRONG: SERVICES,
    Kind.DISK_FULL: ("postgres",),
    Kind.NEXT_RELEASE: ("ingest-2", "scheduler-2", "notifier-2"),
}
_LASTS: dict[Kind, tuple[float, float]] = {
    Kind.SERVICE_FROZEN: (20, 20),
    Kind.DATABASE_FULL: (4, 8),
    Kind.GATEWAY_REFUSES: (3, 8),
    Kind.GATEWAY_HANGS: (3, 8),
    Kind.GATEWAY_LATE: (3, 8),
    Kind.GATEWAY_DROPS: (1, 3),
    Kind.GATEWAY_LIES: (3, 8),
    Kind.OUT_OF_ORDER: (2, 4),
    Kind.SERVICE_AWAY: (10, 20),
    Kind.RECORDS_DELETED: (8, 12),
    Kind.GATEWAY_MISSING: (4, 8),
    Kind.GATEWAY_ANSWERS: (2, 5),
    Kind.GATEWAY_PROXY: (2, 5),
    Kind.CLOCK_WRONG: (4, 10),
    Kind.DISK_FULL: (4, 8),
    Kind.NEXT_RELEASE: (8, 12),
}
"""From and to how many seconds a kind lasts, where it does not last by itself."""
_LATEST = 0.6
CLOCK = frozenset({Kind.CLOCK_FORWARD, Kind.CLOCK_BACK})
"""Kinds that are done by whoever moves the clock."""
_BEFORE = CLOCK | {Kind.OUT_OF_ORDER}
"""Kinds that must strike with the step itself."""
SENDING = frozenset(kind for kind in Kind if kind.startswith("gateway"))
"""Kinds that hit nothing unless something is sent."""
_LAST_JUMP = 0.9
"""A clock that jumps needs steps to jump over."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        number: from 0, in the order of the list.
        target: a part of the stack, a channel, a topic; empty where the kind says it all.
        place: at which of the run's steps, as a fraction of them in [0, 1); for kinds that hit
            what is sent, at which of the steps with reminders.
        after: seconds from the step until it strikes.
        lasts: seconds, where it does not last by itself.
        draw: in [0, 1), for what the kind has to choose.
    """

    number: int
    kind: Kind
    target: str
    place: float
    after: float
    lasts: float
    draw: float

    @override
    def __str__(self) -> str:
        lasting = f" for {self.lasts:.0f} s" if self.lasts else ""
        return f"{self.kind} {self.target}".strip() + lasting


def fault_list(
    seed: int, count: int, classes: Classes = STEPPED, without: Iterable[Kind] = ()
) -> list[Fault]:
    """`count` faults, spread evenly over the run; one of each class comes before any other.

    Those kinds are left `without` that this machine can't do.
    """
    draw = random.Random(f"chaos/{seed}")  # noqa: S311 - a script, not a secret
    left = [[kind for kind in group if kind not in set(without)] for group in classes]
    kinds = [draw.choice(group) for group in left if group]
    while len(kinds) < count:
        deck = [kind for group in left for kind in group for _ in range(_OFTEN.get(kind, 1))]
        draw.shuffle(deck)
        kinds += deck
    kinds = kinds[:count]
    draw.shuffle(kinds)
    return [_fault(draw, number, kind, count) for number, kind in enumerate(kinds)]


def _fault(draw: random.Random, number: int, kind: Kind, count: int) -> Fault:
    after = draw.random() * _LATEST
    place = (number + draw.random()) / count
    return Fault(
        number=number,
        kind=kind,
        target=draw.choice(_TARGETS.get(kind, ("",))),
        place=min(place, _LAST_JUMP) if kind in CLOCK else place,
        after=0.0 if kind in _BEFORE else after,
        lasts=round(draw.uniform(*_LASTS.get(kind, (0, 0))), 1),
        draw=draw.random(),
    )


def by_kind(faults: Iterable[Fault]) -> dict[str, int]:
    """How many of each kind; all kinds are named."""
    counted = Counter(fault.kind for fault in faults)
    return {kind.value: counted[kind] for kind in Kind}
