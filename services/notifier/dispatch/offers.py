"""What a lane works with: its channel's rules, and the offers that it makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifier.domain.limits import NO_LIMITS, Limits
from services.notifier.domain.message import Message, Notification
from services.notifier.domain.portal import Portal
from services.notifier.domain.retry import RetryPolicy
from services.notifier.store.templates import OwnTemplate
from shared.messages.limits import Policy
from shared.schemas.rules import Channel


@dataclass(frozen=True, slots=True)
class GatewayRules:
    """The rules of one gateway.

    Attributes:
        priority: of several gateways of a channel the lower ones go first.
        weight: of new messages among those of the same priority.
        spread: at the beginning of each minute; sending begins within it.
        replies: whether it pushes what people answer to short messages.
        pulls_receipts: whether it is asked for receipts.
    """

    name: str
    channel: Channel
    retrying: RetryPolicy
    priority: int = 1
    weight: int = 1
    limits: Limits = NO_LIMITS
    spread: timedelta = timedelta(0)
    replies: bool = False
    pulls_receipts: bool = False


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """The rules of one channel's dispatch.

    Attributes:
        gateways: at least one, in the order of their priority.
        signature: of the sender, at the head of an SMS.
        lease: how long a claimed notification belongs to its claimer.
        portal: where a contact answers; None when messages have no link.
        calendar: whether mails bring calendar entries.
        templates: the office's own, by name; it uses the built-in one where there is none.
    """

    channel: Channel
    policy: Policy
    gateways: tuple[GatewayRules, ...]
    signature: str
    lease: timedelta
    portal: Portal | None = None
    calendar: bool = False
    templates: Mapping[str, OwnTemplate] = field(default_factory=dict)

    def find_gateway(self, name: str) -> GatewayRules | None:
        """The gateway of a name; None when there is none any more."""
        return next((each for each in self.gateways if each.name == name), None)


class Unmade(StrEnum):
    """Why an offer was given back without being made."""

    NOT_OFFERED = "not-offered"
    """The gateway rests, the service stops, or the lease is too short."""
    WITHDRAWN = "withdrawn"
    """Some of its obligations are not owed any more: it is decided on again."""
    HELD = "held"
    """Its sending is held since it was claimed."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An attempt that is written and not yet made.

    Attributes:
        gateway: to which it is made.
        stays: whether an earlier attempt may have reached the gateway: no other gets the message.
        elsewhere: whether another gateway gets the message at once if this one refuses it.
        number: of the attempt, from 1; it fences the outcome.
        failures: earlier attempts that counted and ended badly.
        retrying: whether an earlier attempt was refused, or had an unknown outcome.
        started_at: by the database's clock.
        deadline: the end of the date that it is about, if that is ahead.
    """

    message: Message
    notification: Notification
    gateway: str
    number: int
    failures: int
    retrying: bool
    deadline: datetime | None
    started_at: datetime
    stays: bool = False
    elsewhere: bool = False
