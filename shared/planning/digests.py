"""What an audience of one unit is told in a slot, message by message. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from shared.rules.book import How, Rule
from shared.rules.messages import MessageName, get_own_how, is_in_order, name_message
from shared.rules.occurrences import Occurrence
from shared.schemas.rules import Channel

OwedT = TypeVar("OwedT")


@dataclass(slots=True)
class MessageContent(Generic[OwedT]):
    """The obligations of one message, and by which rules each is in it.

    Attributes:
        name: whether it is the digest or a rule's own, and whose post hears it.
        how: the way of sending of its rule; None for the usual one.
    """

    name: MessageName
    how: How | None = None
    items: dict[UUID, tuple[Occurrence, OwedT]] = field(default_factory=dict)
    rules: defaultdict[UUID, list[Rule]] = field(default_factory=lambda: defaultdict(list))

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels of all rules that gave it an item; where they have an order, in it."""
        rules = (rule for of_one in self.rules.values() for rule in of_one)
        wanted = tuple(dict.fromkeys(each for rule in rules for each in rule.channels))
        if is_in_order(self.how):
            return wanted
        return tuple(channel for channel in Channel if channel in wanted)

    def add(self, rule: Rule, occurrence: Occurrence, obligation_id: UUID, owed: OwedT) -> None:
        """Add an obligation's item; of two items the one with the higher overdue number stays."""
        self.how = get_own_how(rule)
        self.rules[obligation_id].append(rule)
        known = self.items.get(obligation_id)
        if known is None or known[0].overdue < occurrence.overdue:
            self.items[obligation_id] = (occurrence, owed)

    def remove(self, obligation_id: UUID) -> list[Rule]:
        """Leave an obligation out; the rules that gave it an item."""
        self.items.pop(obligation_id, None)
        return self.rules.pop(obligation_id, [])


@dataclass(slots=True)
class SlotDigest(Generic[OwedT]):
    """The messages of one audience in a slot, by name."""

    messages: dict[MessageName, MessageContent[OwedT]] = field(default_factory=dict)

    def add(
        self,
        rule: Rule,
        to_unit: UUID | None,
        occurrence: Occurrence,
        obligation_id: UUID,
        owed: OwedT,
    ) -> None:
        """Add an obligation's item to the message of its rule to a unit."""
        name = name_message(rule, to_unit)
        message = self.messages.setdefault(name, MessageContent(name))
        message.add(rule, occurrence, obligation_id, owed)

    def remove(self, obligation_id: UUID) -> list[Rule]:
        """Leave an obligation out of the unit's own messages; the rules that gave it an item."""
        return [
            rule
            for name, message in self.messages.items()
            if name.to_unit is None
            for rule in message.remove(obligation_id)
        ]

    def is_empty(self) -> bool:
        """Whether no message has an item."""
        return not any(message.items for message in self.messages.values())

    def list_messages(self) -> Iterator[MessageContent[OwedT]]:
        """The messages that have items, in the order of their names: the unit's digest first."""
        names = sorted(self.messages, key=MessageName.get_order)
        return (self.messages[name] for name in names if self.messages[name].items)
