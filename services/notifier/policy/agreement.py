"""Whether a refusal is the gateway's fault or one message's: different messages must agree. Pure.

A gateway that answers 403 may not know us any more, or this one number may have opted out. One
message can't tell: what the others met does.
"""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.notifier.message import Accepted, Fault, Outcome, Refused

AGREE = 3
"""So many different messages in a row, none accepted between, speak against the gateway. Two
could be two opted-out contacts of one unit."""
_REMEMBERED = 10_000
"""Refused messages that are remembered; the oldest is forgotten first and judged anew."""


@dataclass(slots=True)
class Agreement:
    """What one gateway answered lately. Lives as long as its process.

    A suspected refusal is found to be
    - the message's, when the gateway has accepted another since this one was first refused;
    - the gateway's, when `AGREE` different messages were refused since it last accepted any;
    - else it stays suspected: the message backs off, and does not fail of it.
    """

    _accepted: int = 0
    _first_refused: OrderedDict[UUID, int] = field(default_factory=OrderedDict)
    _agreeing: set[UUID] = field(default_factory=set)

    @property
    def agreeing(self) -> int:
        """How many different messages were refused since the last acceptance."""
        return len(self._agreeing)

    def judge(self, message_id: UUID, outcome: Outcome) -> Outcome:
        """`outcome`, with the fault found when it is a suspected refusal."""
        match outcome:
            case Accepted():
                self._accepted += 1
                self._agreeing.clear()
                self._first_refused.pop(message_id, None)
                return outcome
            case Refused(fault=Fault.SUSPECTED):
                return replace(outcome, judged=self._found(message_id))
            case _:
                return outcome

    def _found(self, message_id: UUID) -> Fault:
        if self._accepted > self._first_refused.setdefault(message_id, self._accepted):
            return Fault.MESSAGE
        if len(self._first_refused) > _REMEMBERED:
            self._first_refused.popitem(last=False)
        self._agreeing.add(message_id)
        return Fault.GATEWAY if len(self._agreeing) >= AGREE else Fault.SUSPECTED
