"""Whether a notification is sent now: pure stages, each with a reason for its decision.

A deferral never passes the date that the reminder is about; it is sent at once instead. What a rule
says of its own messages (`how`) goes before, or beside, what the office says of all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from shared.messages.limits import Policy, QuietHours
from shared.rules.book import How, Urgency
from shared.schemas import events, messages
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Channel

_DAY = timedelta(days=1)
_LOOK_AGAIN = timedelta(minutes=15)
"""How long a channel waits for the end of an earlier message; its failure ends the wait at once."""
LONGEST_DAY = timedelta(hours=25)
"""A local day on which the clocks go back."""


class SuppressReason(StrEnum):
    """Why a notification is never sent."""

    WITHDRAWN = events.WITHDRAWN
    NO_ADDRESS = "no-address"
    NO_CONTACT = "no-contact"
    CHANNEL_OFF = "channel-off"
    PAST_USEFULNESS = "past-usefulness"
    EARLIER_CHANNEL = "earlier-channel"
    CANCELLED = messages.CANCELLED


class DeferReason(StrEnum):
    """Why a notification is sent later."""

    QUIET_HOURS = "quiet-hours"
    RATE_LIMIT = "rate-limit"
    DAILY_LIMIT = "daily-limit"
    IN_ORDER = "in-order"


class HoldReason(StrEnum):
    """Why a notification waits for the operator."""

    NO_GATEWAY = "held/no-gateway"


@dataclass(frozen=True, slots=True)
class Send:
    """It is sent now."""


@dataclass(frozen=True, slots=True)
class Defer:
    """It is sent at `until` at the earliest."""

    until: datetime
    reason: DeferReason


@dataclass(frozen=True, slots=True)
class Suppress:
    """It is never sent."""

    reason: SuppressReason


@dataclass(frozen=True, slots=True)
class Hold:
    """It waits until the service is started with other settings."""

    reason: HoldReason


Decision = Send | Defer | Suppress | Hold


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """The same reminder to the same contact on a channel that goes before.

    Attributes:
        begun: since when it waits for its receipt: when it was sent, or is due.
        is_sent: whether a gateway accepted it.
        is_delivered: whether a receipt says that it reached the contact.
        is_given_up: whether it failed for good, or is never sent.
    """

    begun: datetime
    is_sent: bool = False
    is_delivered: bool = False
    is_given_up: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What the decision on a notification depends on.

    Attributes:
        channel: on which it would be sent.
        address: empty when the contact has none any more, None when its post has no holder.
        slot: when it was due.
        zone: the office's time zone.
        items: the reminder's items that are still owed.
        sent: when the contact was sent something on this channel lately, ascending.
        how: the way of sending of its rule; None for the digest.
        sent_by_rule: when the contact was sent messages of its rule on this channel in the last
            `LONGEST_DAY`, in any order.
        earlier: the messages on the channels that go before, where channels have an order.
        is_released: whether a person has it sent now, whatever the hours and limits.
    """

    channel: Channel
    address: str | None
    slot: datetime
    zone: ZoneInfo
    items: Sequence[ReminderItem]
    sent: Sequence[datetime] = ()
    how: How | None = None
    sent_by_rule: Sequence[datetime] = ()
    earlier: Sequence[EarlierMessage] = ()
    is_released: bool = False

    @property
    def is_urgent(self) -> bool:
        """Whether its rule has it sent at once: at any hour, and whatever else was sent."""
        return self.how is not None and self.how.urgency is Urgency.URGENT


def find_deadline(items: Sequence[ReminderItem], zone: ZoneInfo, now: datetime) -> datetime | None:
    """The end (24:00) of the nearest date of `items` that has not passed; None if all have."""
    today = now.astimezone(zone).date()
    ahead = [item.due_on for item in items if item.due_on >= today]
    if not ahead:
        return None
    return datetime.combine(min(ahead) + _DAY, time(0), tzinfo=zone).astimezone(UTC)


def _check_withdrawn(facts: Facts, _: Policy, __: datetime) -> Suppress | None:
    return None if facts.items else Suppress(SuppressReason.WITHDRAWN)


def _check_address(facts: Facts, _: Policy, __: datetime) -> Suppress | None:
    if facts.address is None:
        return Suppress(SuppressReason.NO_CONTACT)
    return None if facts.address else Suppress(SuppressReason.NO_ADDRESS)


def _check_switched_off(facts: Facts, policy: Policy, __: datetime) -> Suppress | None:
    return Suppress(SuppressReason.CHANNEL_OFF) if facts.channel in policy.off else None


def _check_connected(facts: Facts, policy: Policy, __: datetime) -> Hold | None:
    """A missing gateway setting may be a mistake, so the notification is kept."""
    return Hold(HoldReason.NO_GATEWAY) if facts.channel in policy.unconnected else None


def _check_useful(facts: Facts, policy: Policy, now: datetime) -> Suppress | None:
    """An old reminder is not sent, unless an item is overdue: that is still true.

    A rule's own days hold for what is overdue, too: a rule about overdue items may have them.
    """
    if facts.how is not None and (days := facts.how.useful_days) is not None:
        is_useful = now - facts.slot <= days * _DAY
        return None if is_useful else Suppress(SuppressReason.PAST_USEFULNESS)
    if policy.useful_for is None or now - facts.slot <= policy.useful_for:
        return None
    today = now.astimezone(facts.zone).date()
    if any(item.overdue or item.due_on < today for item in facts.items):
        return None
    return Suppress(SuppressReason.PAST_USEFULNESS)


def _check_order(facts: Facts, _: Policy, now: datetime) -> Suppress | Defer | None:
    """A channel waits until those before it are given up, or the time for their receipts is over.

    Without such a time it is enough that a gateway accepted an earlier message.
    """
    earlier = [each for each in facts.earlier if not each.is_given_up]
    hours = None if facts.how is None else facts.how.answer_within_hours
    if any(each.is_delivered or (hours is None and each.is_sent) for each in earlier):
        return Suppress(SuppressReason.EARLIER_CHANNEL)
    if not earlier:
        return None
    if hours is None:
        return Defer(now + _LOOK_AGAIN, DeferReason.IN_ORDER)
    until = max(each.begun for each in earlier) + timedelta(hours=hours)
    return Defer(until, DeferReason.IN_ORDER) if until > now else None


def _check_quiet_hours(facts: Facts, policy: Policy, now: datetime) -> Defer | None:
    """The latest end counts of all quiet hours that it is now, the rule's own among them."""
    if facts.is_urgent:
        return None
    hours = [quiet for channel, quiet in policy.quiet if channel == facts.channel]
    if facts.how is not None and (own := facts.how.quiet_hours) is not None:
        hours.append(QuietHours(own.begin, own.end))
    ends = [until for quiet in hours if (until := quiet.find_end(now, facts.zone))]
    return Defer(max(ends), DeferReason.QUIET_HOURS) if ends else None


def _check_rate_limit(facts: Facts, policy: Policy, now: datetime) -> Defer | None:
    if facts.is_urgent:
        return None
    recent = [sent for sent in facts.sent if sent > now - policy.rate_window]
    if not policy.rate_limit or len(recent) < policy.rate_limit:
        return None
    free = recent[-policy.rate_limit] + policy.rate_window
    return Defer(free, DeferReason.RATE_LIMIT)


def _check_daily_limit(facts: Facts, _: Policy, now: datetime) -> Defer | None:
    """What is beyond a rule's daily limit waits for the next day, at the time of its slot."""
    if facts.how is None or (limit := facts.how.daily_limit) is None:
        return None
    today = now.astimezone(facts.zone).date()
    sent = [at for at in facts.sent_by_rule if at.astimezone(facts.zone).date() == today]
    if len(sent) < limit:
        return None
    clock = facts.slot.astimezone(facts.zone).time()
    tomorrow = datetime.combine(today + _DAY, clock, tzinfo=facts.zone).astimezone(UTC)
    return Defer(tomorrow, DeferReason.DAILY_LIMIT)


Stage = Callable[[Facts, Policy, datetime], Suppress | Defer | Hold | None]
_WHATEVER_HAPPENS: tuple[Stage, ...] = (
    _check_withdrawn,
    _check_address,
    _check_switched_off,
    _check_connected,
)
"""What holds of a message that a person released, too."""
STAGES: tuple[Stage, ...] = (
    *_WHATEVER_HAPPENS,
    _check_useful,
    _check_order,
    _check_quiet_hours,
    _check_rate_limit,
    _check_daily_limit,
)


def decide(facts: Facts, policy: Policy, now: datetime) -> Decision:
    """What to do with a notification at `now`: the first stage with an objection decides."""
    for stage in _WHATEVER_HAPPENS if facts.is_released else STAGES:
        match stage(facts, policy, now):
            case (Suppress() | Hold()) as ends:
                return ends
            case Defer(until=until) as defer:
                limit = find_deadline(facts.items, facts.zone, now)
                if limit is None or until < limit:
                    return defer
            case None:
                pass
    return Send()
