"""What follows an attempt: it is sent, tried again, failed, or held for a decision. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from services.notifier.domain.message import (
    Blame,
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
    Refusal,
)

_JITTER = 0.2
_LONGEST = timedelta(days=1)


class WhenUnknown(StrEnum):
    """What to do when it is unknown whether a gateway accepted a message."""

    REOFFER = "reoffer"
    """Send it again under the same id: for gateways that recognise a repeat."""
    HOLD = "hold"
    """Hold it for a decision: for gateways that would deliver it twice."""


class OpenReason(StrEnum):
    """Why a notification stays open though no gateway refused it."""

    UNKNOWN_OUTCOME = "unknown-outcome"
    GATEWAY_GONE = "gateway-gone"
    """The gateway that perhaps has it is not named any more."""
    GATEWAY_BUSY = "gateway-busy"
    """Its gateway has no room at the moment."""
    GATEWAY_LIMIT = "gateway-limit"
    """Its gateways take no more messages to this number at the moment."""
    GATEWAY_HELD = "gateway-held"
    """A hold shuts the gateway that perhaps has it."""


class FailReason(StrEnum):
    """Why a notification failed though no single refusal was permanent."""

    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class MarkSent:
    """It is sent."""

    gateway_message_id: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    """It is tried again after `delay`. `counts`: the attempt is one of the failures."""

    delay: timedelta
    reason: Refusal | OpenReason
    counts: bool = True


@dataclass(frozen=True, slots=True)
class MarkFailed:
    """It has failed: it is never tried again."""

    reason: Refusal | FailReason
    detail: str


@dataclass(frozen=True, slots=True)
class HoldForDecision:
    """It is held until an operator decides."""


NextStep = MarkSent | TryAgain | MarkFailed | HoldForDecision


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When and how often a channel tries again.

    Attributes:
        delays: after the 1st, 2nd, … failure; after the last delay the next failure is final.
        unknown_pause: the shortest delay after an unknown outcome.
        when_unknown: whether it is tried again after an unknown outcome.
    """

    delays: tuple[timedelta, ...]
    unknown_pause: timedelta
    when_unknown: WhenUnknown


def decide_next(
    outcome: Outcome,
    failures: int,
    retry: RetryPolicy,
    *,
    now: datetime,
    deadline: datetime | None,
    chance: float,
    elsewhere: bool = False,
) -> NextStep:
    """What follows an attempt that ended with `outcome`.

    Args:
        outcome: how the attempt ended.
        failures: earlier attempts that counted and ended badly.
        retry: when and how often the channel tries again.
        now: the office's time.
        deadline: the end of the date that the reminder is about, in the office's time.
        chance: uniform in [0, 1), for the jitter.
        elsewhere: whether another gateway can be offered the message at once.
    """
    why: Refusal | OpenReason
    if at_once := _decide_at_once(outcome, elsewhere=elsewhere):
        return at_once
    match outcome:
        case MessageAccepted(gateway_message_id=message_id):
            return MarkSent(message_id)
        case MessageRefused(blame=Blame.GATEWAY):
            # The message waits for the gateway, without a limit.
            delay = _limit_to_deadline(retry.delays[0], retry, now, deadline)
            return TryAgain(delay, outcome.reason, counts=False)
        case MessageRefused(blame=Blame.SUSPECTED):
            # Perhaps the gateway: it is tried at growing intervals, and never fails because of it.
            failures = min(failures, len(retry.delays) - 1)
            why, least = outcome.reason, timedelta(0)
        case MessageRefused():
            why, least = outcome.reason, min(outcome.retry_after or timedelta(0), _LONGEST)
        case OutcomeUnknown():
            if retry.when_unknown is WhenUnknown.HOLD:
                return HoldForDecision()
            why, least = OpenReason.UNKNOWN_OUTCOME, retry.unknown_pause
        case _:
            assert_never(outcome)
    if failures >= len(retry.delays):
        detail = f"{why}: {outcome.detail}" if outcome.detail else why
        return MarkFailed(FailReason.EXHAUSTED, detail)
    factor = 1 - _JITTER + 2 * _JITTER * chance
    delay = max(retry.delays[failures] * factor, least)
    return TryAgain(_limit_to_deadline(delay, retry, now, deadline), why)


def _decide_at_once(outcome: Outcome, *, elsewhere: bool) -> NextStep | None:
    """What follows a refusal that needs no back-off; None for any other outcome."""
    match outcome:
        case MessageRefused() if elsewhere and _may_go_elsewhere(outcome):
            return TryAgain(timedelta(0), outcome.reason, counts=False)
        case MessageRefused(permanent=True):
            return MarkFailed(outcome.reason, outcome.detail)
        case _:
            return None


def _may_go_elsewhere(refused: MessageRefused) -> bool:
    """Whether another gateway may take what one refused: unless the address is wrong."""
    return not (refused.permanent and refused.reason is Refusal.BAD_ADDRESS)


def _limit_to_deadline(
    delay: timedelta, retry: RetryPolicy, now: datetime, deadline: datetime | None
) -> timedelta:
    """`delay`, or half of the time until the deadline if `delay` would pass it.

    So attempts go on until the deadline without becoming a burst: none is closer than the first
    delay.
    """
    if deadline is None or now + delay < deadline:
        return delay
    return max((deadline - now) / 2, min(delay, retry.delays[0]))
