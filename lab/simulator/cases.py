"""The cases that an adapter must pass, and the outcomes that keep messages safe."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from lab.simulator.faults import VendorFault
from lab.simulator.protocol import Refusing
from services.notifier.domain.message import (
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
    Refusal,
)

PATIENT = timedelta(seconds=30)
_SHORT = timedelta(seconds=2)
"""For the cases in which the time-out must run out."""


@dataclass(frozen=True, slots=True)
class ConformanceCase:
    """A fault of the vendor, and what the outcome must be. `taken`: messages that then arrived."""

    name: str
    fault: str
    expected: str
    is_expected: Callable[[Outcome], bool]
    taken: int = 0
    timeout: timedelta = PATIENT
    why: Refusing | None = None


def is_accepted(outcome: Outcome) -> bool:
    """Whether the outcome is: accepted."""
    return isinstance(outcome, MessageAccepted)


def is_unknown(outcome: Outcome) -> bool:
    """Whether the outcome is: unknown."""
    return isinstance(outcome, OutcomeUnknown)


def is_refused(outcome: Outcome) -> bool:
    """Whether the outcome is: refused."""
    return isinstance(outcome, MessageRefused)


def is_refused_for_now(outcome: Outcome) -> bool:
    """Whether the outcome is: refused for now."""
    return isinstance(outcome, MessageRefused) and not outcome.permanent


def is_refused_for_good(outcome: Outcome) -> bool:
    """Whether the outcome is: refused for good."""
    return isinstance(outcome, MessageRefused) and outcome.permanent


def is_busy(outcome: Outcome) -> bool:
    """Whether the outcome is: busy."""
    return is_refused_for_now(outcome) and getattr(outcome, "reason", None) is Refusal.BUSY


_UNKNOWN, FOR_NOW = "unknown", "refused, and to be tried again"
CASES = (
    ConformanceCase("accepted", "", "accepted", is_accepted, taken=1),
    ConformanceCase("too-many", VendorFault.TOO_MANY, "refused as busy", is_busy),
    ConformanceCase("server-error", VendorFault.SERVER_ERROR, _UNKNOWN, is_unknown),
    ConformanceCase("bad-gateway", "502", _UNKNOWN, is_unknown),
    ConformanceCase("forbidden", VendorFault.FORBIDDEN, FOR_NOW, is_refused_for_now),
    ConformanceCase(
        "failing-body", VendorFault.FAILING_BODY, "refused", is_refused, why=Refusing.FAILING
    ),
    ConformanceCase(
        "throttled-body",
        VendorFault.THROTTLED_BODY,
        FOR_NOW,
        is_refused_for_now,
        why=Refusing.THROTTLED,
    ),
    ConformanceCase(
        "number-refused",
        VendorFault.PARTIAL,
        "refused for good",
        is_refused_for_good,
        why=Refusing.BAD_NUMBER,
    ),
    ConformanceCase(
        "accept-then-timeout",
        VendorFault.ACCEPT_THEN_TIMEOUT,
        _UNKNOWN,
        is_unknown,
        taken=1,
        timeout=_SHORT,
    ),
    ConformanceCase(
        "accept-then-reset", VendorFault.ACCEPT_THEN_RESET, _UNKNOWN, is_unknown, taken=1
    ),
    ConformanceCase("hang", VendorFault.HANG, _UNKNOWN, is_unknown, timeout=_SHORT),
    ConformanceCase("reset", VendorFault.RESET, _UNKNOWN, is_unknown),
    ConformanceCase(
        "slow-drip", VendorFault.SLOW_DRIP, _UNKNOWN, is_unknown, taken=1, timeout=_SHORT
    ),
    ConformanceCase("huge-answer", VendorFault.HUGE, _UNKNOWN, is_unknown, taken=1),
    ConformanceCase("broken-answer", VendorFault.BROKEN, _UNKNOWN, is_unknown, taken=1),
)
