"""What follows an attempt: sent, tried again, failed, or held for a person. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from services.notifier.message import Accepted, Fault, Outcome, Refusal, Refused, Unknown

_JITTER = 0.2
_LONGEST = timedelta(days=1)


class WhenUnknown(StrEnum):
    """What to do when nobody can tell whether a gateway took a message."""

    REOFFER = "reoffer"
    """Offer it again under the same id: for gateways that know a repeat."""
    HOLD = "hold"
    """Let a person find out: for gateways that would deliver it twice."""


class AgainReason(StrEnum):
    """Why it is tried again though the gateway did not refuse it."""

    UNKNOWN_OUTCOME = "unknown-outcome"


class FailReason(StrEnum):
    """Why it failed though no single refusal was permanent."""

    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class Sent:
    """It is done."""

    gateway_message_id: str


@dataclass(frozen=True, slots=True)
class Again:
    """It is tried again after `delay`. `counts` is False when nothing was offered."""

    delay: timedelta
    reason: Refusal | AgainReason
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Failed:
    """It is never tried again."""

    reason: Refusal | FailReason
    detail: str


@dataclass(frozen=True, slots=True)
class Held:
    """A person decides."""


Next = Sent | Again | Failed | Held


@dataclass(frozen=True, slots=True)
class Retrying:
    """How a channel tries again.

    Attributes:
        delays: after the 1st, 2nd, … failure; when they are used up it has failed.
        unknown_pause: the shortest delay after an unknown outcome.
        when_unknown: whether it is offered again at all then.
    """

    delays: tuple[timedelta, ...]
    unknown_pause: timedelta
    when_unknown: WhenUnknown


def follow(
    outcome: Outcome,
    failures: int,
    retrying: Retrying,
    *,
    now: datetime,
    deadline: datetime | None,
    chance: float,
) -> Next:
    """What follows `outcome`.

    Args:
        outcome: how the attempt ended.
        failures: how many attempts that counted had ended badly before it.
        retrying: how the channel tries again.
        now: the office's time.
        deadline: the end of the date that the reminder is about, by the office's time.
        chance: uniform in [0, 1), for the jitter.
    """
    why: Refusal | AgainReason
    match outcome:
        case Accepted(gateway_message_id=found):
            return Sent(found)
        case Refused(permanent=True):
            return Failed(outcome.reason, outcome.detail)
        case Refused(fault=Fault.GATEWAY):
            # Not the message's fault: it waits for the gateway, however long.
            delay = _guarded(retrying.delays[0], retrying, now, deadline)
            return Again(delay, outcome.reason, counts=False)
        case Refused(fault=Fault.SUSPECTED):
            # Perhaps the gateway's fault: it is asked ever more rarely, but it never fails of it.
            failures = min(failures, len(retrying.delays) - 1)
            why, least = outcome.reason, timedelta(0)
        case Refused():
            why, least = outcome.reason, min(outcome.retry_after or timedelta(0), _LONGEST)
        case Unknown():
            if retrying.when_unknown is WhenUnknown.HOLD:
                return Held()
            why, least = AgainReason.UNKNOWN_OUTCOME, retrying.unknown_pause
        case _:
            assert_never(outcome)
    if failures >= len(retrying.delays):
        return Failed(FailReason.EXHAUSTED, f"{why}: {outcome.detail}" if outcome.detail else why)
    factor = 1 - _JITTER + 2 * _JITTER * chance
    delay = max(retrying.delays[failures] * factor, least)
    return Again(_guarded(delay, retrying, now, deadline), why)


def _guarded(
    delay: timedelta, retrying: Retrying, now: datetime, deadline: datetime | None
) -> timedelta:
    """`delay`, or half of what is left before the deadline when it would pass that.

    Halving keeps on trying until the end without a storm; the first delay is the shortest.
    """
    if deadline is None or now + delay < deadline:
        return delay
    return max((deadline - now) / 2, min(delay, retrying.delays[0]))
