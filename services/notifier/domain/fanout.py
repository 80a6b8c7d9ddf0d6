"""Fan-out: a reminder becomes a notification for each contact and channel. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifier.domain.message import Notification
from shared.messages.recipients import Addressed, Recipient, list_addressed
from shared.messages.stages import SuppressReason
from shared.schemas import identity
from shared.schemas.rules import Audience, Channel

get_zone = lru_cache(maxsize=64)(ZoneInfo)


@dataclass(frozen=True, slots=True)
class DueReminder:
    """A reminder, as fan-out needs it; `to_unit` as in `ReminderDue`.

    `traceparent`: as in `Notification`.
    """

    reminder_id: UUID
    office_id: UUID
    unit_id: UUID
    audience: Audience
    slot: datetime
    timezone: str
    channels: tuple[Channel, ...]
    obligation_ids: tuple[UUID, ...]
    correlation_id: UUID
    to_unit: UUID | None = None
    traceparent: str = ""

    @property
    def told_unit(self) -> UUID:
        """The unit whose contacts hear it."""
        return self.to_unit or self.unit_id


Withdrawals = Mapping[tuple[UUID, UUID], datetime]
"""By unit and obligation: up to which slot the obligation must not be reminded of."""


def select_owed(
    unit_id: UUID, slot: datetime, obligation_ids: Sequence[UUID], withdrawals: Withdrawals
) -> tuple[UUID, ...]:
    """Those obligations of a reminder that are not withdrawn for its slot."""
    if not withdrawals:  # the usual case: offers that wait are checked twenty times in a second
        return tuple(obligation_ids)
    return tuple(
        obligation
        for obligation in obligation_ids
        if (until := withdrawals.get((unit_id, obligation))) is None or until < slot
    )


@dataclass(frozen=True, slots=True)
class PlannedNotification:
    """A notification to store. With `suppressed` it ends at once, for that reason."""

    notification: Notification
    contact_id: UUID | None
    suppressed: SuppressReason | None = None


def fan_out(
    due: DueReminder,
    recipients: Sequence[Recipient],
    now: datetime,
    withdrawals: Withdrawals = MappingProxyType({}),
) -> list[PlannedNotification]:
    """The notifications of a reminder (`list_addressed`), in the order of its channels.

    `recipients` are those of `due.told_unit`. Without an obligation that is still owed they are
    suppressed as withdrawn.
    """
    owed = select_owed(due.unit_id, due.slot, due.obligation_ids, withdrawals)
    addressed = list_addressed(
        due.audience,
        due.channels,
        recipients,
        slot=due.slot,
        zone=get_zone(due.timezone),
        now=now,
    )
    return [_plan_notification(due, message, owed) for message in addressed]


def list_units(due: Sequence[DueReminder]) -> set[UUID]:
    """The units that owe what reminders name, and those whose contacts hear."""
    return {unit_id for each in due for unit_id in (each.unit_id, each.told_unit)}


def list_left_out(due: DueReminder, planned: Sequence[PlannedNotification]) -> list[Channel]:
    """The channels of a reminder on which its contacts have no address and need none."""
    used = {plan.notification.channel for plan in planned}
    return [channel for channel in dict.fromkeys(due.channels) if channel not in used]


def _plan_notification(
    due: DueReminder, message: Addressed, owed: tuple[UUID, ...]
) -> PlannedNotification:
    return PlannedNotification(
        notification=Notification(
            notification_id=identity.derive_notification_id(
                due.reminder_id, message.contact_id or "nobody", message.channel
            ),
            reminder_id=due.reminder_id,
            office_id=due.office_id,
            unit_id=due.unit_id,
            audience=due.audience,
            channel=message.channel,
            slot=due.slot,
            address=message.address,
            correlation_id=due.correlation_id,
            obligation_ids=owed or due.obligation_ids,
            traceparent=due.traceparent,
        ),
        contact_id=message.contact_id,
        suppressed=message.suppressed if owed else SuppressReason.WITHDRAWN,
    )
