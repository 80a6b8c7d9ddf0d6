"""The circuit breaker of one gateway, and when an answer opens it. Pure.

Closed: messages flow. Open: none is offered, for a pause that doubles each time. Half-open: after
the pause one message is offered at a time, and its answer decides. Times are seconds of the
caller's clock.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from services.notifier.domain.agreement import Agreement
from services.notifier.domain.message import (
    Blame,
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
)

FIRST_PAUSE = 0.5
LONGEST_ALONE = 5.0
"""Seconds between two probes of a channel's only gateway, at most: a notification that becomes due
waits no longer than this once the gateway is back, or if it was not the cause at all."""
LONGEST_BESIDE_OTHERS = 60.0
"""The same where other gateways send meanwhile. A probe of a gateway that does not answer leaves a
message of unknown outcome, so there are fewer of them."""
UNANSWERED = 5
"""So many different messages in a row whose answer was lost open the circuit."""


class Circuit(StrEnum):
    """The state of a gateway's circuit."""

    CLOSED = "closed"
    HALF_OPEN = "half-open"
    OPEN = "open"


@dataclass(slots=True)
class Breaker:
    """The circuit of one gateway, in this process.

    Attributes:
        longest: seconds of a pause, at most.
        until: the end of the pause.
        why: what opened the circuit; empty while it is closed.
        pause: seconds of the present pause; 0 while the circuit is closed.
        since: when the circuit was last closed or opened; None before the first time.
    """

    longest: float = LONGEST_ALONE
    until: float = 0.0
    why: str = ""
    pause: float = 0.0
    since: float | None = None
    _agreement: Agreement = field(default_factory=Agreement)
    _unanswered: set[UUID] = field(default_factory=set)

    @property
    def agreeing(self) -> int:
        """How many different messages were refused since the last acceptance."""
        return self._agreement.agreeing

    def get_circuit(self, now: float) -> Circuit:
        """The state at `now`."""
        if not self.pause:
            return Circuit.CLOSED
        return Circuit.OPEN if now < self.until else Circuit.HALF_OPEN

    def learn(self, message_id: UUID, outcome: Outcome, now: float) -> Outcome:
        """Take an outcome at `now`; returns it with the judged blame."""
        outcome = self._agreement.judge(message_id, outcome)
        match outcome:
            case MessageRefused(blame=Blame.GATEWAY):
                self._open(f"{outcome.reason}: {outcome.detail}".removesuffix(": "), now)
            case MessageRefused(blame=Blame.SUSPECTED) | MessageRefused(judged=Blame.MESSAGE):
                pass  # neither shows whether the gateway works
            case OutcomeUnknown(detail=detail):
                self._unanswered.add(message_id)
                if self.pause or len(self._unanswered) >= UNANSWERED:
                    self._open(f"no answer: {detail}".removesuffix(": "), now)
            case MessageAccepted() | MessageRefused():
                self._close(now)
            case _:
                assert_never(outcome)
        return outcome

    def _open(self, why: str, now: float) -> None:
        """Begin a pause, unless one is going on: answers to earlier offers still come in it."""
        if now >= self.until:
            self.since = self.since if self.pause else now
            self.pause = min(self.pause * 2 or FIRST_PAUSE, self.longest)
            self.until, self.why = now + self.pause, why

    def _close(self, now: float) -> None:
        self.since = now if self.pause else self.since
        self.pause = self.until = 0.0
        self.why = ""
        self._unanswered.clear()
