"""How well a gateway works, in steps: what its share of new messages depends on. Pure."""

from dataclasses import dataclass, replace

from services.notifier.domain.message import (
    Blame,
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
)

SHARES = (1.0, 0.5, 0.25, 0.125, 0.0625)
"""The part of its weight that a gateway has, by step. The last is not 0: without messages a gateway
could not win its share back."""
WINS_BACK = 10
"""So many messages accepted in a row win one step back. Losing a step takes one failure."""


@dataclass(frozen=True, slots=True)
class Health:
    """The step of a gateway, and how many messages it accepted in a row since the last change."""

    step: int = 0
    accepted: int = 0

    @property
    def share(self) -> float:
        """The part of its weight that the gateway has now."""
        return SHARES[self.step]

    def learn(self, outcome: Outcome) -> "Health":
        """The health after an outcome, with its judged blame.

        What a message caused changes nothing.
        """
        match outcome:
            case MessageAccepted() if not self.step:
                return self
            case MessageAccepted() if self.accepted + 1 >= WINS_BACK:
                return Health(self.step - 1)
            case MessageAccepted():
                return replace(self, accepted=self.accepted + 1)
            case OutcomeUnknown() | MessageRefused(blame=Blame.GATEWAY | Blame.RATE):
                return Health(min(self.step + 1, len(SHARES) - 1))
            case _:
                return self
