"""The state of one gateway in this process: its circuit and its health, with log and metrics."""

from collections import deque
from dataclasses import dataclass, field
from uuid import UUID

from services.notifier.dispatch import gauges
from services.notifier.domain.breaker import Breaker, Circuit
from services.notifier.domain.health import Health
from services.notifier.domain.message import (
    MessageRefused,
    Outcome,
    Refusal,
    get_detail,
    name_outcome,
)
from shared.logging import log
from shared.schemas.rules import Channel

_HINTS = {
    Refusal.INSECURE: "let the server offer TLS, or allow the password without it",
    Refusal.UNAUTHORISED: "correct the user, password or key",
    Refusal.REFUSES_US: "correct what the detail names: sender, host, address, account, balance",
    Refusal.FORBIDDEN: "have our address added to its allow-list, or correct the key",
    Refusal.GONE: "ask its operator why it was closed; it is tried again automatically",
}
_NO_ANSWER = "no-answer"
_KEPT = 5
"""How many of the latest answers are kept, for people."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a gateway answered; `at` is in seconds of `shared.clock.monotonic`."""

    at: float
    outcome: str
    detail: str


@dataclass(slots=True)
class Rest:
    """Whether a gateway rests, and which share of messages it has."""

    channel: Channel
    gateway: str
    breaker: Breaker = field(default_factory=Breaker)
    health: Health = field(default_factory=Health)
    answers: deque[KeptAnswer] = field(default_factory=lambda: deque(maxlen=_KEPT))

    @property
    def probing(self) -> bool:
        """Whether the gateway gets no message, or one at a time."""
        return bool(self.breaker.pause)

    def get_circuit(self, now: float) -> Circuit:
        """The state of the circuit at `now`."""
        return self.breaker.get_circuit(now)

    def learn(self, message_id: UUID, outcome: Outcome, now: float) -> Outcome:
        """Take an outcome at `now`; returns it with the judged blame."""
        until, rested = self.breaker.until, self.probing
        outcome = self.breaker.learn(message_id, outcome, now)
        self.health = self.health.learn(outcome)
        self.answers.append(KeptAnswer(now, name_outcome(outcome), get_detail(outcome)))
        gauges.SHARE.labels(self.channel, self.gateway).set(self.health.share)
        if self.breaker.until > until:
            self._show_rest(outcome)
        elif rested and not self.probing:
            log(__name__).info("gateway.answers", channel=self.channel, gateway=self.gateway)
            gauges.RESTING.labels(self.channel, self.gateway).set(0)
        return outcome

    def _show_rest(self, outcome: Outcome) -> None:
        refused = outcome if isinstance(outcome, MessageRefused) else None
        reason = refused.reason if refused else _NO_ANSWER
        gauges.RESTING.labels(self.channel, self.gateway).set(1)
        gauges.RESTS.labels(self.channel, self.gateway, reason).inc()
        log(__name__).warning(
            "gateway.rests",
            channel=self.channel,
            gateway=self.gateway,
            reason=reason,
            detail=self.breaker.why,
            hint=_HINTS.get(refused.reason, "") if refused else "",
            messages_agree=self.breaker.agreeing,
            seconds=self.breaker.pause,
        )
