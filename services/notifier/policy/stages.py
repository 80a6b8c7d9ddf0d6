"""Whether a notification goes out now: pure stages, each with a reason for what it decides.

The deadline guard stands above every deferral: a reminder is never pushed past the date that it
is about. Then it goes at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.notifier.message import HoldReason
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Channel

_DAY = timedelta(days=1)


class SuppressReason(StrEnum):
    """Why a notification never goes out."""

    WITHDRAWN = "withdrawn"
    NO_ADDRESS = "no-address"
    NO_CONTACT = "no-contact"
    CHANNEL_OFF = "channel-off"
    PAST_USEFULNESS = "past-usefulness"


class DeferReason(StrEnum):
    """Why a notification goes out later."""

    QUIET_HOURS = "quiet-hours"
    RATE_LIMIT = "rate-limit"


@dataclass(frozen=True, slots=True)
class Send:
    """It goes out now."""


@dataclass(frozen=True, slots=True)
class Defer:
    """It goes out not before `until`."""

    until: datetime
    reason: DeferReason


@dataclass(frozen=True, slots=True)
class Suppress:
    """It never goes out."""

    reason: SuppressReason


@dataclass(frozen=True, slots=True)
class Hold:
    """It waits, however long, for what only a new start of the service can bring."""

    reason: HoldReason


Decision = Send | Defer | Suppress | Hold


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local times of day from which and until which nothing is sent, perhaps over midnight."""

    begin: time
    end: time

    def over_at(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet hours that `now` lies in are over; None when it lies in none."""
        local = now.astimezone(zone)
        clock = local.time()
        if self.begin <= self.end:
            quiet, today = self.begin <= clock < self.end, True
        else:
            quiet, today = clock >= self.begin or clock < self.end, clock < self.end
        if not quiet:
            return None
        day = local.date() if today else local.date() + _DAY
        until = datetime.combine(day, self.end, tzinfo=zone).astimezone(UTC)
        return until if until > now else None  # a clock change can put the end behind us


@dataclass(frozen=True, slots=True)
class Policy:
    """The office's limits. `quiet` by channel; `rate_limit` 0 and `useful_for` None mean off.

    `off` are channels that the office has switched off, `unconnected` those without a gateway.
    """

    off: frozenset[Channel] = frozenset()
    unconnected: frozenset[Channel] = frozenset()
    quiet: tuple[tuple[Channel, QuietHours], ...] = ()
    rate_limit: int = 0
    rate_window: timedelta = _DAY
    useful_for: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a notification when it could be sent.

    Attributes:
        channel: how it would go.
        address: where to; empty when the contact has none any more, None when nobody holds it.
        slot: when it was due.
        zone: the office's time zone.
        items: what is still owed of the reminder, without what was withdrawn.
        sent: when the contact was last sent something on this channel, rising.
    """

    channel: Channel
    address: str | None
    slot: datetime
    zone: ZoneInfo
    items: Sequence[ReminderItem]
    sent: Sequence[datetime] = ()


def deadline(items: Sequence[ReminderItem], zone: ZoneInfo, now: datetime) -> datetime | None:
    """The end (24:00) of the nearest date among `items` that is not over; None if all are."""
    today = now.astimezone(zone).date()
    ahead = [item.due_on for item in items if item.due_on >= today]
    if not ahead:
        return None
    return datetime.combine(min(ahead) + _DAY, time(0), tzinfo=zone).astimezone(UTC)


def _withdrawn(facts: Facts, _: Policy, __: datetime) -> Suppress | None:
    return None if facts.items else Suppress(SuppressReason.WITHDRAWN)


def _addressless(facts: Facts, _: Policy, __: datetime) -> Suppress | None:
    if facts.address is None:
        return Suppress(SuppressReason.NO_CONTACT)
    return None if facts.address else Suppress(SuppressReason.NO_ADDRESS)


def _switched_off(facts: Facts, policy: Policy, __: datetime) -> Suppress | None:
    return Suppress(SuppressReason.CHANNEL_OFF) if facts.channel in policy.off else None


def _unconnected(facts: Facts, policy: Policy, __: datetime) -> Hold | None:
    """A gateway that is not named may be a mistake; nothing is given up for a mistake."""
    return Hold(HoldReason.NO_GATEWAY) if facts.channel in policy.unconnected else None


def _past_usefulness(facts: Facts, policy: Policy, now: datetime) -> Suppress | None:
    """Old news is not sent, unless something in it is overdue: that stays true."""
    if policy.useful_for is None or now - facts.slot <= policy.useful_for:
        return None
    today = now.astimezone(facts.zone).date()
    if any(item.overdue or item.due_on < today for item in facts.items):
        return None
    return Suppress(SuppressReason.PAST_USEFULNESS)


def _quiet_hours(facts: Facts, policy: Policy, now: datetime) -> Defer | None:
    for channel, quiet in policy.quiet:
        if channel == facts.channel and (until := quiet.over_at(now, facts.zone)):
            return Defer(until, DeferReason.QUIET_HOURS)
    return None


def _rate_limit(facts: Facts, policy: Policy, now: datetime) -> Defer | None:
    recent = [sent for sent in facts.sent if sent > now - policy.rate_window]
    if not policy.rate_limit or len(recent) < policy.rate_limit:
        return None
    free = recent[-policy.rate_limit] + policy.rate_window
    return Defer(free, DeferReason.RATE_LIMIT)


Stage = Callable[[Facts, Policy, datetime], Suppress | Defer | Hold | None]
STAGES: tuple[Stage, ...] = (
    _withdrawn,
    _addressless,
    _switched_off,
    _unconnected,
    _past_usefulness,
    _quiet_hours,
    _rate_limit,
)


def decide(facts: Facts, policy: Policy, now: datetime) -> Decision:
    """What to do with a notification at `now`: the first stage that objects decides."""
    for stage in STAGES:
        match stage(facts, policy, now):
            case (Suppress() | Hold()) as ends:
                return ends
            case Defer(until=until) as defer:
                limit = deadline(facts.items, facts.zone, now)
                if limit is None or until < limit:
                    return defer
            case None:
                pass
    return Send()
