"""What a simulated vendor does wrong on request."""

from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from shared.errors import CuibanError

MOST_TIMES = 1_000_000


class VendorFault(StrEnum):
    """A fault; any status of HTTP from 400 to 599 is one too, such as `503`."""

    TOO_MANY = "429"
    SERVER_ERROR = "5xx"
    FORBIDDEN = "403"
    FAILING_BODY = "failing-body"
    """A status of success, and a body that reports a failure."""
    THROTTLED_BODY = "throttled-body"
    """A status of success, and a body that reports too many messages."""
    PARTIAL = "partial"
    """The first number of the message is refused, the others are accepted."""
    ACCEPT_THEN_TIMEOUT = "accept-then-timeout"
    ACCEPT_THEN_RESET = "accept-then-reset"
    HANG = "hang"
    SLOW_DRIP = "slow-drip"
    """It is accepted, and the answer comes byte by byte."""
    RESET = "reset"
    HUGE = "huge"
    """It is accepted, and the answer has megabytes."""
    BROKEN = "broken"
    """It is accepted, and the answer is cut in the middle."""
    DUPLICATE_RECEIPTS = "duplicate-receipts"
    LATE_RECEIPTS = "late-receipts"
    OUT_OF_ORDER_RECEIPTS = "out-of-order-receipts"
    """The report is pushed before the answer is given."""


_ALIASES = {
    "duplicate-receipt": VendorFault.DUPLICATE_RECEIPTS,
    "late-receipt": VendorFault.LATE_RECEIPTS,
    "out-of-order-receipt": VendorFault.OUT_OF_ORDER_RECEIPTS,
    "timeout": VendorFault.ACCEPT_THEN_TIMEOUT,
    "one-refused": VendorFault.PARTIAL,
}
_CLEAR = {"", "ok", "none"}


class WaitingFaults:
    """The faults that wait for the next messages of each vendor."""

    def __init__(self, vendors: Mapping[str, object]) -> None:
        self._waiting: dict[str, deque[str]] = {name: deque() for name in vendors}

    def add(self, wanted: Mapping[str, Any], default_vendor: str = "") -> None:
        """Add what a request asks for: `vendor`, `fault` and how many `times`; `ok` ends all.

        Raises:
            CuibanError: there is no such vendor or fault, or the number is out of bounds.
        """
        vendor = str(wanted.get("vendor") or default_vendor)
        fault, times = str(wanted.get("fault", "")), wanted.get("times", 1)
        if vendor not in self._waiting:
            raise CuibanError(f"There is no vendor {vendor!r}: {', '.join(self._waiting)}.")
        if not isinstance(times, int) or not 0 < times <= MOST_TIMES:
            raise CuibanError(f"times is from 1 to {MOST_TIMES}.")
        if fault in _CLEAR:
            self._waiting[vendor].clear()
            return
        fault = _ALIASES.get(fault, fault)
        if fault not in set(VendorFault) and not _is_status(fault):
            raise CuibanError(
                f"There is no fault {fault!r}: {', '.join(VendorFault)}, or a status."
            )
        self._waiting[vendor].extend([fault] * times)

    def take(self, vendor: str) -> str:
        """The fault of the next message, which then is used up; empty when there is none."""
        waiting = self._waiting[vendor]
        return waiting.popleft() if waiting else ""

    def count(self) -> dict[str, int]:
        """How many faults wait, by vendor."""
        return {vendor: len(waiting) for vendor, waiting in self._waiting.items() if waiting}


def _is_status(fault: str) -> bool:
    return fault.isdecimal() and int(fault[:4]) in range(400, 600)


def get_status(fault: str) -> int | None:
    """The status that a fault answers with; None when it is another fault."""
    if fault == VendorFault.SERVER_ERROR:
        return 500
    return int(fault) if _is_status(fault) else None
