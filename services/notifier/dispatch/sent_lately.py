"""What the contacts of a batch were sent lately, with what the batch itself offers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.store import sent_messages
from services.notifier.store.backgrounds import Background
from services.notifier.store.claims import Claimed
from shared.messages.limits import Policy
from shared.messages.stages import LONGEST_DAY


@dataclass(slots=True)
class SentLately:
    """When contacts were sent messages on one channel, of any rule and of single rules.

    Only what a limit asks for is known.
    """

    of_contact: dict[UUID | None, list[datetime]] = field(default_factory=dict)
    of_rule: dict[tuple[UUID, str], list[datetime]] = field(default_factory=dict)

    def list_of_contact(self, row: Claimed) -> list[datetime]:
        """When the contact was sent something, ascending."""
        return self.of_contact.get(row.contact_id, [])

    def list_by_rule(self, row: Claimed, background: Background) -> list[datetime]:
        """When the contact was sent messages of the same rule."""
        if row.contact_id is None:
            return []
        return self.of_rule.get((row.contact_id, background.rule_id), [])

    def add(self, row: Claimed, background: Background, now: datetime) -> None:
        """Count a message that is offered now."""
        self.of_contact.setdefault(row.contact_id, []).append(now)
        if row.contact_id is not None:
            self.of_rule.setdefault((row.contact_id, background.rule_id), []).append(now)


async def load_sent_lately(
    db: AsyncConnection,
    claimed: Sequence[Claimed],
    backgrounds: Mapping[UUID, Background],
    policies: Iterable[Policy],
    now: datetime,
) -> SentLately:
    """What the limits of offices and rules ask for; without a limit no statement.

    `claimed` are some notifications of one channel; `policies` those of their offices.
    """
    lately, channel = SentLately(), claimed[0].channel
    windows = [policy.rate_window for policy in policies if policy.rate_limit]
    if windows:
        contacts = [row.contact_id for row in claimed if row.contact_id]
        since = now - max(windows)
        lately.of_contact = await sent_messages.get_recently_sent(db, contacts, channel, since)
    limited = {
        (row.contact_id, background.rule_id)
        for row in claimed
        if row.contact_id and _has_daily_limit(background := backgrounds[row.reminder_id])
    }
    if limited:
        span = now - LONGEST_DAY, now
        own = [row.notification_id for row in claimed]
        lately.of_rule = await sent_messages.get_sent_by_rules(db, limited, channel, span, own)
    return lately


def _has_daily_limit(background: Background) -> bool:
    return background.how is not None and background.how.daily_limit is not None
