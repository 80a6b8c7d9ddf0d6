"""What an installation says of messages: the notifier sends by it, a forecast counts by it."""

import re
from collections.abc import Set as AbstractSet
from datetime import time, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from shared.base_settings import NonNegativeDuration
from shared.messages.limits import Policy, QuietHours, choose_by_channel
from shared.schemas.rules import Channel
from shared.settings import Settings


def _parse_quiet_hours(written: object) -> object:
    """`21:00-07:30` as quiet hours; an empty text means none."""
    if not isinstance(written, str):
        return written
    if written.strip() in {"", "none"}:
        return None
    begin, _, end = written.partition("-")
    try:
        return QuietHours(time.fromisoformat(begin.strip()), time.fromisoformat(end.strip()))
    except ValueError as error:  # the error's own text contains the value
        raise ValueError("write quiet hours like: 21:00-07:30") from error


def _parse_channels(written: object) -> object:
    """`sms email` as channels; an empty text means none."""
    if not isinstance(written, str):
        return written
    try:
        return frozenset(Channel(word.lower()) for word in re.findall(r"[^\s,]+", written))
    except ValueError as error:  # the error's own text contains the value
        raise ValueError(f"write channels, of these: {' '.join(Channel)}") from error


Quiet = Annotated[QuietHours | None, NoDecode, BeforeValidator(_parse_quiet_hours)]
Channels = Annotated[frozenset[Channel], NoDecode, BeforeValidator(_parse_channels)]


class MessageSettings(Settings):
    """The settings of messages. Notifier and ingest need the same: ingest forecasts by them."""

    channels_off: Channels = frozenset()
    """Channels on which nothing is sent (`sms`): their notifications end as suppressed, with the
    reason channel-off. It overrides the channel's gateway."""
    sms_signature: str = Field(default="政务公开", max_length=18)
    """The registered signature, put before the text as 【…】; empty if the gateway adds it."""
    quiet_email: Quiet = None
    quiet_sms: Quiet = QuietHours(time(21, 0), time(7, 30))
    rate_limit: int = Field(default=0, ge=0)
    """Notifications to one contact on one channel within `rate_window`; 0 means no limit."""
    rate_window: NonNegativeDuration = timedelta(days=1)
    useful_for: NonNegativeDuration | None = None
    """How long after its slot a reminder without overdue items is still sent."""

    portal_url: str = Field(default="", max_length=100, pattern=r"^(https?://[!-~]+[^/\s])?$")
    """The address of the portal, where a unit answers. A mail links to it (`/u/…`), a short message
    names it; without it, or without `link_keys`, messages have no link."""

    def make_policy(self, unconnected: AbstractSet[Channel] = frozenset()) -> Policy:
        """The installation's limits; `unconnected` are channels without a gateway."""
        quiet = (
            (channel, choose_by_channel(channel, self.quiet_email, self.quiet_sms))
            for channel in Channel
        )
        return Policy(
            off=self.channels_off,
            unconnected=frozenset(unconnected),
            quiet=tuple((channel, hours) for channel, hours in quiet if hours),
            rate_limit=self.rate_limit,
            rate_window=self.rate_window,
            useful_for=self.useful_for,
        )
