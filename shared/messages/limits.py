"""The limits of an office: when nothing is sent, how much, and for how long it is useful. Pure."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar, assert_never
from zoneinfo import ZoneInfo

from shared.schemas.office import OfficeSettings
from shared.schemas.rules import Channel

_DAY = timedelta(days=1)
HoursT = TypeVar("HoursT")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local times of day between which nothing is sent, possibly over midnight."""

    begin: time
    end: time

    def find_end(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When the present quiet hours end; None when `now` is outside of them."""
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
        return (
            until if until > now else None
        )  # a change of the zone's offset can put the end before now


@dataclass(frozen=True, slots=True)
class Policy:
    """The office's limits.

    Attributes:
        off: channels that the office has switched off.
        unconnected: channels without a gateway.
        quiet: quiet hours, each of a channel, which may have several.
        rate_limit: notifications to a contact within `rate_window` on a channel; 0: no limit.
        useful_for: how long after its slot a reminder without overdue items is sent; None: always.
    """

    off: frozenset[Channel] = frozenset()
    unconnected: frozenset[Channel] = frozenset()
    quiet: tuple[tuple[Channel, QuietHours], ...] = ()
    rate_limit: int = 0
    rate_window: timedelta = _DAY
    useful_for: timedelta | None = None


def apply_settings(policy: Policy, settings: OfficeSettings) -> Policy:
    """The limits of an office: what it set itself, else what the installation has."""
    by_channel = dict(policy.quiet)
    by_channel |= {
        channel: QuietHours(own.begin, own.end)
        for channel in Channel
        if (own := choose_by_channel(channel, settings.quiet_email, settings.quiet_sms))
    }
    quiet = list(by_channel.items())
    if (working := settings.working_hours) is not None:
        outside = QuietHours(working.end, working.begin)
        quiet += [(channel, outside) for channel in Channel]
    hours, days = settings.rate_hours, settings.useful_days
    limit = policy.rate_limit if settings.rate_limit is None else settings.rate_limit
    return replace(
        policy,
        quiet=tuple(quiet),
        rate_limit=limit,
        rate_window=policy.rate_window if hours is None else timedelta(hours=hours),
        useful_for=policy.useful_for if days is None else timedelta(days=days),
    )


def choose_by_channel(channel: Channel, email: HoursT, sms: HoursT) -> HoursT | None:
    """The quiet hours of a channel; the channels of groups have none of their own."""
    match channel:
        case Channel.EMAIL:
            return email
        case Channel.SMS:
            return sms
        case Channel.WECOM | Channel.DINGTALK | Channel.FEISHU:
            return None
        case _:
            assert_never(channel)
