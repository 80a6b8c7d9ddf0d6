"""What contacts were sent lately: limits count by it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, Uuid, all_, any_, bindparam, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain.message import NotificationState
from services.notifier.store.tables import NOTIFICATIONS, REMINDERS
from shared.schemas.rules import Channel

_N, _R = NOTIFICATIONS.c, REMINDERS.c
_IDS = any_(bindparam("ids", type_=ARRAY(Uuid)))
_RULES = any_(bindparam("rules", type_=ARRAY(Text)))
_CLAIMED = all_(bindparam("claimed", type_=ARRAY(Uuid)))


async def get_recently_sent(
    db: AsyncConnection, contact_ids: Iterable[UUID], channel: Channel, since: datetime
) -> dict[UUID | None, list[datetime]]:
    """When each contact was sent something on a channel after `since`, ascending."""
    rows = await db.execute(
        select(_N.contact_id, _N.sent_at)
        .where(_N.contact_id == _IDS, _N.channel == channel, _N.sent_at > since)
        .order_by(_N.sent_at),
        {"ids": list(set(contact_ids))},
    )
    sent: dict[UUID | None, list[datetime]] = defaultdict(list)
    for row in rows:
        sent[row.contact_id].append(row.sent_at)
    return sent


async def get_sent_by_rules(
    db: AsyncConnection,
    wanted: Collection[tuple[UUID, str]],
    channel: Channel,
    span: tuple[datetime, datetime],
    claimed: Collection[UUID],
) -> dict[tuple[UUID, str], list[datetime]]:
    """When contacts were sent messages of rules on a channel, by contact and rule.

    Args:
        db: a connection in a transaction.
        wanted: contacts with the rules of messages that are their own.
        channel: on which.
        span: only after the first instant. What is being sent counts as sent at the second.
        claimed: notifications that do not count.
    """
    joined = NOTIFICATIONS.join(REMINDERS, _R.reminder_id == _N.reminder_id)
    of_rules = (_N.contact_id == _IDS, _N.channel == channel, _R.rule_id == _RULES)
    sent = select(_N.contact_id, _R.rule_id, _N.sent_at.label("at")).select_from(joined)
    sending = select(_N.contact_id, _R.rule_id, literal(span[1], _N.sent_at.type).label("at"))
    rows = await db.execute(
        sent.where(*of_rules, _N.sent_at > span[0]).union_all(
            sending.select_from(joined).where(
                *of_rules,
                _N.state == NotificationState.SENDING,
                _N.notification_id != _CLAIMED,
            )
        ),
        {
            "ids": list({contact_id for contact_id, _ in wanted}),
            "rules": list({rule_id for _, rule_id in wanted}),
            "claimed": list(claimed),
        },
    )
    instants: dict[tuple[UUID, str], list[datetime]] = defaultdict(list)
    for row in rows:
        instants[row.contact_id, row.rule_id].append(row.at)
    return instants
