"""What a lane works with: its channel's rules, and the offers that it makes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifier.domain.message import Message, Notification
from services.notifier.domain.portal import Portal
from services.notifier.domain.retry import RetryPolicy
from shared.messages.limits import Policy
from shared.schemas.rules import Channel


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """The rules of one channel's dispatch.

    Attributes:
        signature: of the sender, at the head of an SMS.
        lease: how long a claimed notification belongs to its claimer.
        portal: where a contact answers; None when messages have no link.
    """

    channel: Channel
    policy: Policy
    retrying: RetryPolicy
    signature: str
    lease: timedelta
    portal: Portal | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """An attempt that is written and not yet made.

    Attributes:
        number: of the attempt, from 1; it fences the outcome.
        failures: earlier attempts that counted and ended badly.
        retrying: whether an earlier attempt was refused, or had an unknown outcome.
        deadline: the end of the date that it is about, if that is ahead.
    """

    message: Message
    notification: Notification
    number: int
    failures: int
    retrying: bool
    deadline: datetime | None
