"""Draws which faults are injected, when and where, from a seed. Pure.

The same seed gives the same list. The effect of a fault depends on what the machine is doing then.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override


class FaultKind(StrEnum):
    """A kind of fault."""

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
    # Only with a running clock:
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


FaultClasses = tuple[tuple[FaultKind, ...], ...]
"""Groups of similar kinds. A short run has one kind of each group."""

_IN_BOTH: FaultClasses = (
    (FaultKind.DATABASE_FULL,),
    (
        FaultKind.GATEWAYS_KILLED,
        FaultKind.GATEWAY_REFUSES,
        FaultKind.GATEWAY_HANGS,
        FaultKind.GATEWAY_LIES,
    ),
    (FaultKind.GATEWAY_LATE, FaultKind.GATEWAY_DROPS),
    (FaultKind.POISON,),
    (FaultKind.TOLD_TWICE, FaultKind.OUT_OF_ORDER),
)
STEPPED: FaultClasses = (
    (FaultKind.SERVICE_KILLED,),
    (FaultKind.SERVICE_TERMINATED,),
    (FaultKind.SERVICE_FROZEN,),
    (FaultKind.BROKER_KILLED, FaultKind.DATABASE_KILLED),
    *_IN_BOTH,
    (FaultKind.CLOCK_FORWARD,),
    (FaultKind.CLOCK_BACK,),
)
RUNNING: FaultClasses = (
    (FaultKind.SERVICE_AWAY,),
    (FaultKind.TOPIC_REMADE,),
    (FaultKind.RECORDS_DELETED,),
    (FaultKind.TAIL_LOST,),
    (FaultKind.HANDLER_BROKEN,),
    (FaultKind.ROW_BROKEN,),
    (FaultKind.GATEWAY_MISSING,),
    (FaultKind.GATEWAY_PROXY, FaultKind.GATEWAY_ANSWERS),
    (FaultKind.CLOCK_WRONG,),
    (FaultKind.DISK_FULL,),
    (FaultKind.BROKERS_IN_TURN,),
    (FaultKind.NEXT_RELEASE,),
    (FaultKind.SERVICE_KILLED, FaultKind.SERVICE_TERMINATED, FaultKind.SERVICE_FROZEN),
    (FaultKind.BROKER_KILLED, FaultKind.DATABASE_KILLED),
    *_IN_BOTH,
)
_WEIGHTS = {FaultKind.SERVICE_KILLED: 4, FaultKind.BROKER_KILLED: 2, FaultKind.DATABASE_KILLED: 2}
"""How many times a kind is in the deck; 1 when it is not listed."""

SERVICES = ("ingest-1", "ingest-2", "scheduler-1", "scheduler-2", "notifier-1", "notifier-2")
TOPICS = ("tasks", "rules", "directory", "reminders", "deliveries")
_CHANNELS = ("email", "sms")
_TARGETS: dict[FaultKind, tuple[str, ...]] = {
    FaultKind.SERVICE_KILLED: SERVICES,
    FaultKind.SERVICE_TERMINATED: SERVICES,
    FaultKind.SERVICE_FROZEN: SERVICES,
    FaultKind.BROKER_KILLED: ("kafka",),
    FaultKind.DATABASE_KILLED: ("postgres",),
    FaultKind.DATABASE_FULL: ("postgres",),
    FaultKind.GATEWAYS_KILLED: ("sinks",),
    FaultKind.GATEWAY_REFUSES: _CHANNELS,
    FaultKind.GATEWAY_HANGS: _CHANNELS,
    FaultKind.GATEWAY_LATE: _CHANNELS,
    FaultKind.GATEWAY_DROPS: _CHANNELS,
    FaultKind.GATEWAY_LIES: _CHANNELS,
    FaultKind.TOLD_TWICE: TOPICS,
    FaultKind.OUT_OF_ORDER: ("ingest", "scheduler", "notifier"),
    FaultKind.SERVICE_AWAY: ("scheduler", "notifier"),
    FaultKind.TOPIC_REMADE: ("tasks", "reminders", "deliveries"),
    FaultKind.RECORDS_DELETED: ("tasks",),
    FaultKind.TAIL_LOST: ("tasks",),
    FaultKind.GATEWAY_MISSING: _CHANNELS,
    FaultKind.GATEWAY_ANSWERS: _CHANNELS,
    FaultKind.GATEWAY_PROXY: _CHANNELS,
    FaultKind.CLOCK_WRONG: SERVICES,
    FaultKind.DISK_FULL: ("postgres",),
    FaultKind.NEXT_RELEASE: ("ingest-2", "scheduler-2", "notifier-2"),
}
_LASTS: dict[FaultKind, tuple[float, float]] = {
    FaultKind.SERVICE_FROZEN: (20, 20),
    FaultKind.DATABASE_FULL: (4, 8),
    FaultKind.GATEWAY_REFUSES: (3, 8),
    FaultKind.GATEWAY_HANGS: (3, 8),
    FaultKind.GATEWAY_LATE: (3, 8),
    FaultKind.GATEWAY_DROPS: (1, 3),
    FaultKind.GATEWAY_LIES: (3, 8),
    FaultKind.OUT_OF_ORDER: (2, 4),
    FaultKind.SERVICE_AWAY: (10, 20),
    FaultKind.RECORDS_DELETED: (8, 12),
    FaultKind.GATEWAY_MISSING: (4, 8),
    FaultKind.GATEWAY_ANSWERS: (2, 5),
    FaultKind.GATEWAY_PROXY: (2, 5),
    FaultKind.CLOCK_WRONG: (4, 10),
    FaultKind.DISK_FULL: (4, 8),
    FaultKind.NEXT_RELEASE: (8, 12),
}
"""Range of the duration in seconds, for kinds that do not end by themselves."""
_LONGEST_DELAY = 0.6  # seconds
CLOCK_KINDS = frozenset({FaultKind.CLOCK_FORWARD, FaultKind.CLOCK_BACK})
"""Kinds that the run performs by moving the clock."""
_IMMEDIATE_KINDS = CLOCK_KINDS | {FaultKind.OUT_OF_ORDER}
"""Kinds that must be in effect at the step itself."""
SENDING_KINDS = frozenset(kind for kind in FaultKind if kind.startswith("gateway"))
"""Kinds that have an effect only while messages are sent."""
_LAST_CLOCK_PLACE = 0.9
"""Clock faults are placed before the end, since a jump needs steps that it skips."""


@dataclass(frozen=True, slots=True)
class ScheduledFault:
    """A fault with its target and time.

    Attributes:
        number: its position in the list, from 0.
        target: a part of the stack, a channel or a topic; empty when the kind has none.
        place: the step of the run, as a fraction of its steps in [0, 1); for `SENDING_KINDS`, a
            fraction of the steps with reminders.
        after: seconds from the step until it is injected.
        lasts: its duration in seconds; 0 when it ends by itself.
        draw: a number in [0, 1) for the choices that the kind makes.
    """

    number: int
    kind: FaultKind
    target: str
    place: float
    after: float
    lasts: float
    draw: float

    @override
    def __str__(self) -> str:
        lasting = f" for {self.lasts:.0f} s" if self.lasts else ""
        return f"{self.kind} {self.target}".strip() + lasting


def draw_faults(
    seed: int, count: int, classes: FaultClasses = STEPPED, without: Iterable[FaultKind] = ()
) -> list[ScheduledFault]:
    """Draw `count` faults, spread evenly over the run; one of each class comes first.

    The kinds in `without` are left out, since this machine can't inject them.
    """
    draw = random.Random(f"chaos/{seed}")  # noqa: S311 - a script, not a secret
    left = [[kind for kind in group if kind not in set(without)] for group in classes]
    kinds = [draw.choice(group) for group in left if group]
    while len(kinds) < count:
        deck = [kind for group in left for kind in group for _ in range(_WEIGHTS.get(kind, 1))]
        draw.shuffle(deck)
        kinds += deck
    kinds = kinds[:count]
    draw.shuffle(kinds)
    return [_draw_fault(draw, number, kind, count) for number, kind in enumerate(kinds)]


def _draw_fault(draw: random.Random, number: int, kind: FaultKind, count: int) -> ScheduledFault:
    after = draw.random() * _LONGEST_DELAY
    place = (number + draw.random()) / count
    return ScheduledFault(
        number=number,
        kind=kind,
        target=draw.choice(_TARGETS.get(kind, ("",))),
        place=min(place, _LAST_CLOCK_PLACE) if kind in CLOCK_KINDS else place,
        after=0.0 if kind in _IMMEDIATE_KINDS else after,
        lasts=round(draw.uniform(*_LASTS.get(kind, (0, 0))), 1),
        draw=draw.random(),
    )


def count_by_kind(faults: Iterable[ScheduledFault]) -> dict[str, int]:
    """The number of faults of each kind; every kind is listed."""
    counted = Counter(fault.kind for fault in faults)
    return {kind.value: counted[kind] for kind in FaultKind}
