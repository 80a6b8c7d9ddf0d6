"""When a gateway rests, and for how long. Times are seconds of the caller's clock."""

from dataclasses import dataclass, field
from typing import assert_never
from uuid import UUID

from services.notifier.dispatch import gauges
from services.notifier.domain.agreement import Agreement
from services.notifier.domain.message import (
    Blame,
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
    Refusal,
)
from shared.logging import log
from shared.schemas.rules import Channel

FIRST_REST = 0.5
LONGEST_REST = 5.0
"""Seconds between two probes, at most. So a notification that becomes due waits no longer than this
once the gateway is back, or if the gateway was not the cause at all."""
_HINTS = {
    Refusal.INSECURE: "let the server offer TLS, or allow the password without it",
    Refusal.UNAUTHORISED: "correct the user, password or key",
    Refusal.REFUSES_US: "correct what the detail names: sender, host, address, account, balance",
    Refusal.FORBIDDEN: "have our address added to its allow-list, or correct the key",
    Refusal.GONE: "ask its operator why it was closed; it is tried again automatically",
}


@dataclass(slots=True)
class Rest:
    """Whether a gateway rests: it is probed with one message at a time, at growing intervals."""

    channel: Channel
    until: float = 0.0
    why: str = ""
    _pause: float = 0.0
    _agreement: Agreement = field(default_factory=Agreement)

    @property
    def probing(self) -> bool:
        """Whether the gateway gets one message at a time."""
        return bool(self._pause)

    def learn(self, message_id: UUID, outcome: Outcome, now: float) -> Outcome:
        """Take an outcome at `now`; returns it with the judged blame."""
        outcome = self._agreement.judge(message_id, outcome)
        match outcome:
            case MessageRefused(blame=Blame.GATEWAY):
                if now >= self.until:
                    self._begin(outcome, now)
            case MessageRefused(blame=Blame.SUSPECTED) | MessageRefused(judged=Blame.MESSAGE):
                pass  # neither shows whether the gateway works
            case MessageAccepted() | MessageRefused() | OutcomeUnknown():
                self._end()
            case _:
                assert_never(outcome)
        return outcome

    def _begin(self, refused: MessageRefused, now: float) -> None:
        self._pause = min(self._pause * 2 or FIRST_REST, LONGEST_REST)
        self.until = now + self._pause
        self.why = f"{refused.reason}: {refused.detail}" if refused.detail else refused.reason
        gauges.RESTING.labels(self.channel).set(1)
        gauges.RESTS.labels(self.channel, refused.reason).inc()
        log(__name__).warning(
            "gateway.rests",
            channel=self.channel,
            reason=refused.reason,
            detail=refused.detail,
            hint=_HINTS.get(refused.reason, ""),
            messages_agree=self._agreement.agreeing,
            seconds=self._pause,
        )

    def _end(self) -> None:
        if self._pause:
            log(__name__).info("gateway.answers", channel=self.channel)
            gauges.RESTING.labels(self.channel).set(0)
        self._pause = self.until = 0.0
        self.why = ""
