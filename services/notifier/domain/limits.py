"""Limits of gateways: how many messages in a period, in all and to one number. Pure.

A vendor counts the messages of the last minutes or hours, not of the clock's. So do we: each
message has an instant, and a limit looks back from now.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from uuid import UUID

RATE = r"^([1-9]\d{0,5})/([1-9]\d{0,3})?(s|min|h|d)$"
"""How a rate is written: `20/min`, `2/59s`, `50/24h`."""
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
LONGEST = timedelta(days=31)
_ON_ITS_WAY = timedelta(seconds=1)
"""Added to each period: a message may reach the vendor later than the one that is counted before
it, and its clock is another."""
_SPREAD_FROM = 1.0
"""Seconds after a full minute at which a gateway with a spread sends at the earliest."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `most` messages in any `period`."""

    most: int
    period: timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one gateway.

    Attributes:
        total: of all messages.
        number: of those to one address or number.
        same_text: of those to one address or number with the same text.
    """

    total: tuple[Rate, ...] = ()
    number: tuple[Rate, ...] = ()
    same_text: tuple[Rate, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.total or self.number or self.same_text)

    @property
    def longest(self) -> timedelta:
        """How long an offer counts, at most; zero without limits."""
        rates = (*self.total, *self.number, *self.same_text)
        return max((each.period + _ON_ITS_WAY for each in rates), default=timedelta(0))


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class CountedOffer:
    """An offer that counts against limits. Address and text are numbers of `hash_text`."""

    message: UUID
    address: int
    text: int
    at: datetime


def parse_rate(written: str) -> Rate:
    """A rate such as `20/min`.

    Raises:
        ValueError: it is none, or its period is longer than 31 days.
    """
    match = re.fullmatch(RATE, written)
    period = timedelta(seconds=int(match[2] or 1) * _SECONDS[match[3]]) if match else LONGEST * 2
    if match is None or period > LONGEST:
        raise ValueError(
            "写“条数/时间”，如 20/min、2/59s、50/24h，最长31天。"
            "Write messages per time, such as 20/min, 2/59s or 50/24h; at most 31 days."
        )
    return Rate(int(match[1]), period)


def find_wait(rates: Iterable[Rate], taken: Sequence[datetime], now: datetime) -> timedelta | None:
    """How long until all rates allow another message; None when they do now.

    `taken` are the instants of earlier messages, ascending.
    """
    ends = [
        taken[-rate.most] + rate.period + _ON_ITS_WAY for rate in rates if len(taken) >= rate.most
    ]
    wait = max(ends, default=now) - now
    return wait if wait > timedelta(0) else None


def count_free(rates: Iterable[Rate], taken: Sequence[datetime], now: datetime) -> int | None:
    """How many messages all rates allow at once; None when there is no rate."""
    free = [
        rate.most - sum(each + rate.period + _ON_ITS_WAY > now for each in taken) for rate in rates
    ]
    return max(min(free), 0) if free else None


def find_wait_of_message(
    limits: Limits, counted: Iterable[CountedOffer], address: int, text: int, now: datetime
) -> timedelta | None:
    """How long a message to an address waits for the limits of one number; None when not at all.

    `counted` are offers of other messages, in the order of time.
    """
    to_same = [each for each in counted if each.address == address]
    waits = (
        find_wait(limits.number, [each.at for each in to_same], now),
        find_wait(limits.same_text, [each.at for each in to_same if each.text == text], now),
    )
    return max((each for each in waits if each), default=None)


def find_spread(name: str, spread: timedelta, now: datetime) -> timedelta | None:
    """How long a gateway waits now, so that it does not send at the beginning of a minute.

    Vendors ask for this, since everybody's reminders are due then. The wait ends at another second
    in each minute, and for each gateway at its own; all processes find the same.
    """
    if not spread:
        return None
    minute = now.replace(second=0, microsecond=0)
    part = (hash_text(f"{name} {minute.timestamp():.0f}") % 1000) / 1000
    seconds = min(_SPREAD_FROM + part * spread.total_seconds(), spread.total_seconds())
    wait = minute + timedelta(seconds=seconds) - now
    return wait if wait > timedelta(0) else None


def hash_text(text: str) -> int:
    """A number of 64 bits, signed, that stands for a text and does not give it away."""
    return int.from_bytes(
        blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), signed=True
    )
