"""Which rules of a slot share a message, and in which way it is sent. Pure.

Rules that are sent in the usual way share the digest of an audience. A rule with a way of its own
has a message of its own, so that its way holds for none of the others' items (docs/adr/0108). Each
other unit whose post hears has messages of its own, too (docs/adr/0120).
"""

from typing import Final, NamedTuple
from uuid import UUID

from shared.rules.book import ChannelOrder, How, Rule, Urgency


class MessageName(NamedTuple):
    """A message of an audience in a slot of the unit that owes what it names.

    Attributes:
        rule_id: of the rule that has it sent in a way of its own; empty for the digest.
        to_unit: the unit whose post hears it; None: the unit that owes it.
    """

    rule_id: str = ""
    to_unit: UUID | None = None

    def get_order(self) -> tuple[bool, str, str]:
        """Its place among the messages of an audience and slot: the unit's own digest is first."""
        return self.to_unit is not None, self.rule_id, str(self.to_unit or "")


DIGEST: Final = MessageName()
"""What rules without a way of their own tell the unit."""
_USUAL = {"order": ChannelOrder.TOGETHER, "urgency": Urgency.DIGEST}
"""Values that say what happens anyway."""


def get_own_how(rule: Rule) -> How | None:
    """The way in which a rule is sent; None when it is the usual one."""
    if rule.how is None:
        return None
    is_own = any(value not in (None, _USUAL.get(name)) for name, value in rule.how)
    return rule.how if is_own else None


def is_in_order(how: How | None) -> bool:
    """Whether a channel waits for the one before it."""
    return how is not None and how.order is ChannelOrder.IN_ORDER


def name_message(rule: Rule, to_unit: UUID | None = None) -> MessageName:
    """The message of a slot that has a rule's items, for the unit or another one."""
    return MessageName("" if get_own_how(rule) is None else rule.rule_id, to_unit)
