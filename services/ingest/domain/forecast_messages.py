"""The messages of a forecast reminder, counted by what the notifier decides. Pure."""

from collections import defaultdict, deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.messages.limits import Policy
from shared.messages.recipients import Addressed, Recipient, list_addressed
from shared.messages.sms import write_sms
from shared.messages.sms_parts import count_parts
from shared.messages.stages import Defer, EarlierMessage, Facts, Suppress, SuppressReason, decide
from shared.messages.wording import Digest, Door
from shared.planning.forecaster import ForecastReminder, SharedReminder, UnitForecast
from shared.rules.messages import is_in_order
from shared.schemas.refs import rank_ref
from shared.schemas.rules import Channel

_KEPT = 20_000
"""For how many reminders counts are kept."""
_LAST_OF_PLANE = 0xFFFF
_MOST_A_DAY = 1000
"""The highest daily limit of a rule."""
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

    sent: dict[Channel, int] = field(default_factory=lambda: dict.fromkeys(Channel, 0))
    sms_parts: int = 0
    suppressed: dict[SuppressReason, int] = field(default_factory=dict)
    deferred: int = 0

    @property
    def messages(self) -> int:
        """How many are sent."""
        return sum(self.sent.values())

    def add(self, other: "MessageCounts") -> None:
        """Add the messages of others."""
        for channel, number in other.sent.items():
            self.sent[channel] += number
        self.sms_parts += other.sms_parts
        self.deferred += other.deferred
        for reason, number in other.suppressed.items():
            self.suppress(reason, number)

    def suppress(self, reason: SuppressReason, number: int = 1) -> None:
        """Add messages that are never sent."""
        self.suppressed[reason] = self.suppressed.get(reason, 0) + number


@dataclass(frozen=True, slots=True)
class _Messages:
    """The messages of reminders to one post on a day; `shape` is what counting depends on."""

    every: tuple[Addressed, ...]
    shape: tuple[tuple[Channel, SuppressReason | None], ...]


@dataclass(frozen=True, slots=True)
class ToldUnit:
    """A unit whose posts hear: its name, and its contacts."""

    name: str
    recipients: Sequence[Recipient]


_NOBODY = ToldUnit("", ())


class MessageCounter:
    """Counts the messages of reminders, unit after unit.

    What it counted is kept for units that are alike: the messages of a reminder depend on how many
    there are of each kind, and on what the short message says.
    """

    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        self._kept: dict[SharedReminder, dict[Hashable, MessageCounts]] = {}

    def count_unit(
        self,
        unit: ToldUnit,
        forecast: UnitForecast,
        others: Mapping[UUID, ToldUnit] = MappingProxyType({}),
    ) -> Iterator[tuple[ForecastReminder, MessageCounts]]:
        """Each reminder of a unit with its messages; `others` are further units that hear."""
        own = _UnitMessages(self._sending, unit, others)
        if self._sending.policy.rate_limit or any(map(_has_daily_limit, forecast.fired)):
            for reminder in forecast.list_reminders():
                yield reminder, own.count(reminder)
            return
        if len(self._kept) > _KEPT:
            self._kept.clear()
        wide = max(map(ord, unit.name), default=0) > _LAST_OF_PLANE
        name: Hashable = unit.name if wide else len(unit.name)
        for reminder in forecast.list_reminders():
            fired, groups = reminder
            key = (
                own.list_messages(reminder).shape,
                tuple([len(groups[number]) for number in fired.groups]),
                _find_first_ref(reminder),
                name,
            )
            kept = self._kept.setdefault(fired, {})
            counts = kept.get(key)
            if counts is None:
                counts = kept[key] = own.count(reminder)
            yield reminder, counts


def _has_daily_limit(fired: SharedReminder) -> bool:
    return fired.due.how is not None and fired.due.how.daily_limit is not None


def _find_first_ref(reminder: ForecastReminder) -> str:
    """The ref that the short message names."""
    refs = [reminder.groups[number][0].measure.ref for number in reminder.fired.earliest]
    return refs[0] if len(refs) == 1 else min(refs, key=rank_ref)


class _UnitMessages:
    """Counts the messages of one unit's reminders, which come in order of slots."""

    def __init__(self, sending: Sending, unit: ToldUnit, others: Mapping[UUID, ToldUnit]) -> None:
        self._sending, self._unit, self._others = sending, unit, others
        self._has_days = any(
            each.valid_from or each.valid_to
            for hearing in (unit, *others.values())
            for each in hearing.recipients
        )
        self._messages: dict[Hashable, _Messages] = {}
        limit = sending.policy.rate_limit
        self._sent: defaultdict[tuple[UUID | None, Channel], deque[datetime]] = defaultdict(
            lambda: deque(maxlen=limit)
        )
        self._sent_by_rule: defaultdict[Hashable, deque[datetime]] = defaultdict(
            lambda: deque(maxlen=_MOST_A_DAY)
        )

    def list_messages(self, reminder: ForecastReminder) -> _Messages:
        """The messages of a reminder, addressed to who holds the post at its slot."""
        slot, to_unit = reminder.slot, reminder.to_unit
        key = (reminder.audience, reminder.channels, to_unit, slot if self._has_days else None)
        known = self._messages.get(key)
        if known is None:
            every = tuple(
                list_addressed(
                    reminder.audience,
                    reminder.channels,
                    self._find_told(to_unit).recipients,
                    slot=slot,
                    zone=self._sending.zone,
                    now=slot,
                )
            )
            shape = tuple((each.channel, each.suppressed) for each in every)
            known = self._messages[key] = _Messages(every, shape)
        return known

    def _find_told(self, to_unit: UUID | None) -> ToldUnit:
        return self._unit if to_unit is None else self._others.get(to_unit, _NOBODY)

    def count(self, reminder: ForecastReminder) -> MessageCounts:
        """The messages of the next reminder.

        Where channels have an order, no receipt is expected: what is sent if nobody answers.
        """
        counts, parts = MessageCounts(), dict[date, int]()
        in_order = is_in_order(reminder.fired.due.how)
        earlier: defaultdict[UUID | None, list[EarlierMessage]] = defaultdict(list)
        for message in self.list_messages(reminder).every:
            before = earlier[message.contact_id] if in_order else []
            sent_at = self._find_sending(reminder, message, counts, before)
            if sent_at is None:
                continue
            before.append(EarlierMessage(sent_at, is_sent=True))
            counts.sent[message.channel] += 1
            counts.deferred += sent_at > reminder.slot
            if message.channel is Channel.SMS:
                today = sent_at.astimezone(self._sending.zone).date()
                if today not in parts:
                    parts[today] = count_parts(self._write(reminder, today))
                counts.sms_parts += parts[today]
        return counts

    def _find_sending(
        self,
        reminder: ForecastReminder,
        message: Addressed,
        counts: MessageCounts,
        before: Sequence[EarlierMessage],
    ) -> datetime | None:
        """When a message is sent; None, and counted with the reason, when it never is."""
        if message.suppressed:
            counts.suppress(message.suppressed)
            return None
        due = reminder.fired.due
        earlier = self._sent[message.contact_id, message.channel]
        of_rule = self._sent_by_rule[message.contact_id, message.channel, due.rule_id]
        facts = Facts(
            channel=message.channel,
            address=message.address,
            slot=reminder.slot,
            zone=self._sending.zone,
            items=due.items,
            sent=earlier,
            how=due.how,
            sent_by_rule=of_rule,
            earlier=tuple(before),
        )
        at = reminder.slot
        while True:
            match decide(facts, self._sending.policy, at):
                case Defer(until=until):
                    at = until
                case Suppress(reason=reason):
                    counts.suppress(reason)
                    return None
                case _:
                    earlier.append(at)
                    if _has_daily_limit(reminder.fired):
                        of_rule.append(at)
                    return at

    def _write(self, reminder: ForecastReminder, today: date) -> str:
        """The short message of a reminder on a day."""
        portal = self._sending.portal
        is_own = reminder.to_unit is None
        digest = Digest(
            office="",
            unit=self._unit.name,
            told_unit="" if is_own else self._find_told(reminder.to_unit).name or "—",
            audience=reminder.audience,
            plan_title=reminder.fired.due.plan_title,
            items=reminder.list_items(),
            slot_day=reminder.slot.astimezone(self._sending.zone).date(),
            today=today,
            door=Door(portal, _CODE, today) if portal and is_own else None,
        )
        return write_sms(digest, self._sending.signature)
