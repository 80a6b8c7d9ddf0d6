"""Which messages a person asks for, and one message with its whole story."""

from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.message_actions import list_allowed
from services.ingest.domain.message_story import (
    ACCEPTED,
    Attempt,
    DeliveryReport,
    list_attempts,
    list_receipts,
)
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.ledger import LedgerItem, to_item
from services.ingest.handlers.office.rules import get_office_day, get_office_zone
from services.ingest.store import message_actions, obligations, units
from services.ingest.store import messages as store
from services.ingest.store.message_actions import StoredMessageAction
from services.ingest.store.messages import MessageFilter, MessageReminder, StoredMessage
from shared.schemas.messages import MessageAction, MessageStatus

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MessageQuery:
    """A filter with a range of days of the office; both ends count."""

    wanted: MessageFilter
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStory(StoredMessage):
    """A message with all that happened to it, and its siblings of the same reminder."""

    reminder: MessageReminder | None
    obligations: list[LedgerItem]
    attempts_made: list[Attempt]
    receipts: list[DeliveryReport]
    siblings: list[StoredMessage]
    actions: list[StoredMessageAction]
    allowed: tuple[MessageAction, ...]


async def make_filter(db: AsyncConnection, act: Act, query: MessageQuery) -> MessageFilter:
    """The filter of a query, with its days as instants.

    Raises:
        RefusedError: it names no unit of the office; the range of days ends before it begins.
    """
    named = set(query.wanted.unit_ids)
    if named and len(await units.list_units(db, act.office_id, named)) < len(named):
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
    first, last = query.first, query.last
    if first is None and last is None:
        return query.wanted
    if first and last and last < first:
        raise RefusedError(
            Fault.INVALID,
            f"起止日期颠倒：{first} 至 {last}。The range of days ends before it begins.",
            "请检查起止日期（`from`、`to`）。Check the two days (`from`, `to`).",
        )
    zone = await get_office_zone(db, act.office_id)

    def begin(day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=zone)

    return replace(
        query.wanted,
        first=begin(first) if first else None,
        until=begin(last + _DAY) if last else None,
    )


async def tell_story(db: AsyncConnection, act: Act, notification_id: UUID) -> MessageStory:
    """A message with its whole story.

    Raises:
        RefusedError: the office has no such message.
    """
    message = await require_message(db, act, notification_id)
    reminder = await store.find_reminder(db, message.reminder_id)
    failed = await store.list_failed_attempts(db, [notification_id])
    accepted = _find_accepted(message)
    delivered_at = message.at if message.status is MessageStatus.DELIVERED else None
    day = await get_office_day(db, act.office_id, act.now)
    ids = [UUID(item["obligation_id"]) for item in (reminder.items if reminder else ())]
    return MessageStory(
        **{field.name: getattr(message, field.name) for field in fields(message)},
        reminder=reminder,
        obligations=[to_item(each, day) for each in await obligations.list_entries(db, ids)],
        attempts_made=list_attempts(failed, accepted),
        receipts=list_receipts(failed, accepted, delivered_at),
        siblings=await store.list_siblings(db, message),
        actions=await message_actions.list_actions(db, notification_id),
        allowed=list_allowed(message.status, message.cause),
    )


async def require_message(db: AsyncConnection, act: Act, notification_id: UUID) -> StoredMessage:
    """A message of the office.

    Raises:
        RefusedError: there is none.
    """
    message = await store.find_message(db, act.office_id, notification_id)
    if message is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有这条消息。There is no such message.",
            "请查看列表（`GET /v1/messages`）。Look at the list (`GET /v1/messages`).",
        )
    return message


def _find_accepted(message: StoredMessage) -> Attempt | None:
    if message.sent_at is None:
        return None
    return Attempt(message.attempts, message.gateway, message.sent_at, ACCEPTED)
