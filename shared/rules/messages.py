"""Which rules of a slot share a message, and in which way it is sent. Pure.

Rules that are sent in the usual way share the digest of an audience. A rule with a way of its own
has a message of its own, so that its way holds for none of the others' items (docs/adr/0108).
"""

from typing import Final

from shared.rules.book import ChannelOrder, How, Rule, Urgency

DIGEST: Final = ""
"""The name of the message that rules without a way of their own share."""
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


def name_message(rule: Rule) -> str:
    """The message of a slot that has a rule's items: `DIGEST`, or the rule's own `rule_id`."""
    return DIGEST if get_own_how(rule) is None else rule.rule_id
