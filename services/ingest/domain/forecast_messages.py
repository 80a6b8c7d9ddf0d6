"""The messages of a forecast reminder, counted by what the notifier decides. Pure."""

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.messages.recipients import Addressed, Recipient, list_addressed
from shared.messages.sms import write_sms
from shared.messages.sms_parts import count_parts
from shared.messages.stages import Defer, Facts, Policy, Suppress, SuppressReason, decide
from shared.messages.wording import Digest, Door
from shared.planning.forecaster import ForecastReminder
from shared.schemas.rules import Channel

_CODE = "0" * 8
"""As long as the code of a short message (`shared.links.LinkKeys.make_code`)."""


@dataclass(frozen=True, slots=True)
class Sending:
    """How an office's messages are sent.

    Attributes:
        policy: its limits and those of the installation.
        signature: of short messages, without brackets.
        portal: the address that a short message names; empty when it names none.
        zone: the time zone of the rule book.
    """

    policy: Policy
    signature: str
    portal: str
    zone: ZoneInfo


@dataclass(slots=True)
class MessageCounts:
    """Messages: those sent by channel, the SMS parts of these, and those never sent, by reason.

    `deferred` of those sent are sent later than their slot.
    """

    sent: Counter[Channel] = field(default_factory=Counter)
    sms_parts: int = 0
    suppressed: Counter[SuppressReason] = field(default_factory=Counter)
    deferred: int = 0

    def add(self, other: "MessageCounts") -> None:
        """Add the messages of others."""
        self.sent.update(other.sent)
        self.sms_parts += other.sms_parts
        self.suppressed.update(other.suppressed)
        self.deferred += other.deferred


class UnitMessages:
    """Counts the messages of one unit's reminders, which come in order of slots."""

    def __init__(self, sending: Sending, unit: str, recipients: Sequence[Recipient]) -> None:
        self._sending, self._unit, self._recipients = sending, unit, recipients
        limit = sending.policy.rate_limit
        self._sent: defaultdict[tuple[UUID | None, Channel], deque[datetime]] = defaultdict(
            lambda: deque(maxlen=limit)
        )

    def count(self, reminder: ForecastReminder) -> MessageCounts:
        """The messages of the next reminder."""
        counts, parts = MessageCounts(), dict[date, int]()
        zone = self._sending.zone
        for message in list_addressed(
            reminder.audience,
            reminder.fired.channels,
            self._recipients,
            slot=reminder.slot,
            zone=zone,
            now=reminder.slot,
        ):
            sent_at = self._find_sending(reminder, message, counts)
            if sent_at is None:
                continue
            counts.sent[message.channel] += 1
            counts.deferred += sent_at > reminder.slot
            if message.channel is Channel.SMS:
                today = sent_at.astimezone(zone).date()
                if today not in parts:
                    parts[today] = count_parts(self._write(reminder, today))
                counts.sms_parts += parts[today]
        return counts

    def _find_sending(
        self, reminder: ForecastReminder, message: Addressed, counts: MessageCounts
    ) -> datetime | None:
        """When a message is sent; None, and counted with the reason, when it never is."""
        if message.suppressed:
            counts.suppressed[message.suppressed] += 1
            return None
        earlier = self._sent[message.contact_id, message.channel]
        facts = Facts(
            channel=message.channel,
            address=message.address,
            slot=reminder.slot,
            zone=self._sending.zone,
            items=reminder.fired.items,
            sent=earlier,
        )
        at = reminder.slot
        while True:
            match decide(facts, self._sending.policy, at):
                case Defer(until=until):
                    at = until
                case Suppress(reason=reason):
                    counts.suppressed[reason] += 1
                    return None
                case _:
                    earlier.append(at)
                    return at

    def _write(self, reminder: ForecastReminder, today: date) -> str:
        """The short message of a reminder on a day."""
        portal = self._sending.portal
        digest = Digest(
            office="",
            unit=self._unit,
            audience=reminder.audience,
            plan_title=reminder.fired.plan_title,
            items=reminder.list_items(),
            slot_day=reminder.slot.astimezone(self._sending.zone).date(),
            today=today,
            door=Door(portal, _CODE, today) if portal else None,
        )
        return write_sms(digest, self._sending.signature)
