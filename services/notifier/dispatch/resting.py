"""When a gateway is left alone, and for how long. Times are in seconds of a clock that is given."""

from dataclasses import dataclass, field
from uuid import UUID

from services.notifier.dispatch import gauges
from services.notifier.message import Fault, Outcome, Refusal, Refused
from services.notifier.policy.agreement import Agreement
from shared.logging import log
from shared.schemas.rules import Channel

FIRST_REST = 0.5
LONGEST_REST = 5.0
"""Seconds. A gateway that is away is asked with one message at least so often: it may be back any
moment, and what has just become due would wait for so long if it was not at fault at all."""
_HINTS = {
    Refusal.INSECURE: "let the server offer TLS, or allow the password without it",
    Refusal.UNAUTHORISED: "mend user, password or key",
    Refusal.REFUSES_US: "mend what the detail names: sender, host, address, account, balance",
    Refusal.FORBIDDEN: "mend our place in its allow-list, or its key",
    Refusal.GONE: "ask why it was closed; it is asked again by itself",
}


@dataclass(slots=True)
class Rest:
    """Whether a gateway rests: it is asked with one message at a time, ever more rarely."""

    channel: Channel
    until: float = 0.0
    why: str = ""
    _pause: float = 0.0
    _agreement: Agreement = field(default_factory=Agreement)

    @property
    def probing(self) -> bool:
        """Whether it is asked with one message only."""
        return bool(self._pause)

    def learn(self, message_id: UUID, outcome: Outcome, now: float) -> Outcome:
        """Take note of an outcome at `now`; returns it with the fault that was found."""
        outcome = self._agreement.judge(message_id, outcome)
        match outcome:
            case Refused(fault=Fault.GATEWAY):
                if now >= self.until:
                    self._begin(outcome, now)
            case Refused(fault=Fault.SUSPECTED):
                pass  # nothing is known of the gateway yet
            case Refused(judged=Fault.MESSAGE):
                pass  # nor does it tell that it works: this message it refuses either way
            case _:
                self._end()
        return outcome

    def _begin(self, refused: Refused, now: float) -> None:
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
