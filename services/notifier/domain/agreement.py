"""Whether a suspected refusal is due to the gateway or to one message. Pure.

A gateway that answers 403 may have blocked us, or this one number may have opted out. The answer to
one message can't tell; the answers to the others do.
"""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.notifier.domain.message import Blame, MessageAccepted, MessageRefused, Outcome

AGREE = 3
"""So many different messages refused in a row, none accepted between, mean that it is the gateway.
Two could be two opted-out contacts of one unit."""
_REMEMBERED = 10_000
"""How many refused messages are remembered; a forgotten one is judged anew."""


@dataclass(slots=True)
class Agreement:
    """The recent answers of one gateway, in this process.

    A suspected refusal is blamed on
    - the message, if the gateway has accepted another since this one was first refused;
    - the gateway, if `AGREE` different messages were refused since it last accepted any.
    Otherwise it stays suspected: the message is tried again, and does not fail because of it.
    """

    _accepted: int = 0
    _first_refused: OrderedDict[UUID, int] = field(default_factory=OrderedDict)
    _agreeing: set[UUID] = field(default_factory=set)

    @property
    def agreeing(self) -> int:
        """How many different messages were refused since the last acceptance."""
        return len(self._agreeing)

    def judge(self, message_id: UUID, outcome: Outcome) -> Outcome:
        """`outcome`, with the blame judged if it is a suspected refusal."""
        match outcome:
            case MessageAccepted():
                self._accepted += 1
                self._agreeing.clear()
                self._first_refused.pop(message_id, None)
                return outcome
            case MessageRefused(blame=Blame.SUSPECTED):
                return replace(outcome, judged=self._judge_suspected(message_id))
            case _:
                return outcome

    def _judge_suspected(self, message_id: UUID) -> Blame:
        if self._accepted > self._first_refused.setdefault(message_id, self._accepted):
            return Blame.MESSAGE
        if len(self._first_refused) > _REMEMBERED:
            self._first_refused.popitem(last=False)
        self._agreeing.add(message_id)
        return Blame.GATEWAY if len(self._agreeing) >= AGREE else Blame.SUSPECTED
