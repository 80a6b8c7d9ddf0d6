"""What is asked of the messages of an office: lists by filters, counts by cause, one story."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.message_story import Attempt
from services.ingest.domain.statuses import MessageState
from services.ingest.store.columns import EnumText
from services.ingest.store.fetching import fetch_all, fetch_first, is_any_of, list_columns
from services.ingest.store.history_tables import FAILED_ATTEMPTS, NOTIFICATIONS, REMINDERS
from services.ingest.store.rows import StoredNotification
from services.ingest.store.tables import UNITS
from shared.database.statements import inline
from shared.messages.stages import SuppressReason
from shared.schemas.messages import MessageStatus
from shared.schemas.rules import Channel

Place = tuple[datetime, UUID]
"""The place of a message in the list: its slot and its id."""
_N, _R, _A = NOTIFICATIONS.c, REMINDERS.c, FAILED_ATTEMPTS.c
_IS_HELD = _N.held != literal_column("''")
_IS_UNDELIVERED = _N.undelivered_at.is_not(None)


def _is_in(state: MessageState) -> ColumnElement[bool]:
    return _N.state == inline(state)


_IS: dict[MessageStatus, ColumnElement[bool]] = {
    MessageStatus.PENDING: _is_in(MessageState.PENDING) & ~_IS_HELD,
    MessageStatus.HELD: _is_in(MessageState.PENDING) & _IS_HELD,
    MessageStatus.SENT: _is_in(MessageState.SENT) & ~_IS_UNDELIVERED,
    MessageStatus.UNDELIVERED: _is_in(MessageState.SENT) & _IS_UNDELIVERED,
    MessageStatus.DELIVERED: _is_in(MessageState.DELIVERED),
    MessageStatus.FAILED: _is_in(MessageState.FAILED),
    MessageStatus.SUPPRESSED: _is_in(MessageState.SUPPRESSED),
}
_STATUS = type_coerce(
    case(*((condition, inline(status)) for status, condition in _IS.items())),
    EnumText(MessageStatus),
)
# The last refusal of a message that was tried to the end; the gateway's own words are left out.
_CAUSE = func.coalesce(
    func.substring(_N.reason, literal_column("'^(?:exhausted: )?([^:]*)'")), "", type_=Text
)
_TROUBLED = (MessageStatus.FAILED, MessageStatus.UNDELIVERED, MessageStatus.HELD)


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages of an office; empty leaves a condition out.

    Attributes:
        causes: why it was not sent, failed or is held, as one word.
        first: the first slot.
        until: the slots before it.
        ids: of single messages.
    """

    unit_ids: tuple[UUID, ...] = ()
    channels: tuple[Channel, ...] = ()
    statuses: tuple[MessageStatus, ...] = ()
    causes: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    first: datetime | None = None
    until: datetime | None = None
    ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredMessage(StoredNotification):
    """A notification with its unit, and what became of it.

    `sent_at` is when a gateway accepted it, in the attempt of the number `attempts`. `told_unit_id`
    is the unit whose post hears it.
    """

    unit_id: UUID
    unit: str
    status: MessageStatus
    cause: str
    sent_at: datetime | None
    attempts: int
    told_unit_id: UUID


@dataclass(frozen=True, slots=True)
class CauseCount:
    """How many messages of one channel have one status for one cause, and of how many units."""

    status: MessageStatus
    cause: str
    channel: str
    messages: int
    units: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class MessageReminder:
    """The reminder that a message carries. `items` are as the projection writes them."""

    reminder_id: UUID
    slot: datetime
    plan_title: str
    rule_version: int
    rule_id: str
    items: list[dict[str, Any]]
    fired_at: datetime | None
    complete: bool


_HEARING = UNITS.alias("hearing")
_NAMED = {
    "items": _R["items"],
    "unit": UNITS.c.name,
    "to_unit": func.coalesce(_HEARING.c.name, ""),
    "told_unit_id": func.coalesce(_R.to_unit, _N.unit_id),
    "status": _STATUS,
    "cause": _CAUSE,
}
_JOINED = (
    NOTIFICATIONS.outerjoin(REMINDERS, _R.reminder_id == _N.reminder_id)
    .join(UNITS, UNITS.c.unit_id == _N.unit_id)
    .outerjoin(_HEARING, _HEARING.c.unit_id == _R.to_unit)
)


def list_conditions(office_id: UUID, wanted: MessageFilter) -> list[ColumnElement[bool]]:
    """The conditions of a filter."""
    conditions: list[ColumnElement[bool]] = [_N.office_id == office_id]
    if wanted.ids:
        conditions.append(is_any_of(_N.notification_id, wanted.ids))
    if wanted.unit_ids:
        conditions.append(is_any_of(_N.unit_id, wanted.unit_ids))
    if wanted.channels:
        conditions.append(_N.channel.in_(wanted.channels))
    if wanted.statuses:
        conditions.append(or_(*(_IS[status] for status in wanted.statuses)))
    if wanted.causes:
        conditions.append(_CAUSE.in_(wanted.causes))
    if wanted.gateways:
        conditions.append(_N.gateway.in_(wanted.gateways))
    if wanted.first is not None:
        conditions.append(_N.slot >= wanted.first)
    if wanted.until is not None:
        conditions.append(_N.slot < wanted.until)
    return conditions


async def list_messages(
    db: AsyncConnection, office_id: UUID, wanted: MessageFilter, before: Place | None, limit: int
) -> list[StoredMessage]:
    """The messages before a slot and id, the newest slot first."""
    query = _select_messages().where(*list_conditions(office_id, wanted))
    if before is not None:
        query = query.where(tuple_(_N.slot, _N.notification_id) < tuple_(*before))
    query = query.order_by(_N.slot.desc(), _N.notification_id.desc()).limit(limit)
    return await fetch_all(db, StoredMessage, query)


async def find_message(
    db: AsyncConnection, office_id: UUID, notification_id: UUID
) -> StoredMessage | None:
    """One message of an office; None when there is none."""
    wanted = MessageFilter(ids=(notification_id,))
    return next(iter(await list_messages(db, office_id, wanted, None, 1)), None)


async def list_siblings(db: AsyncConnection, message: StoredMessage) -> list[StoredMessage]:
    """The other messages of its reminder: to another post, or on another channel."""
    query = _select_messages().where(
        _N.unit_id == message.unit_id,
        _N.slot == message.slot,
        _N.reminder_id == message.reminder_id,
        _N.notification_id != message.notification_id,
    )
    query = query.order_by(_N.channel, _N.audience, _N.notification_id)
    return await fetch_all(db, StoredMessage, query)


async def count_causes(
    db: AsyncConnection, office_id: UUID, wanted: MessageFilter
) -> list[CauseCount]:
    """How many messages failed, did not arrive or are held, by cause; the most first.

    With statuses in the filter, those are counted instead.
    """
    statuses = wanted.statuses or _TROUBLED
    counted = func.count()
    query = (
        select(
            _STATUS.label("status"),
            _CAUSE.label("cause"),
            _N.channel,
            counted,
            func.count(_N.unit_id.distinct()),
            func.min(_N.slot),
            func.max(_N.slot),
        )
        .where(*list_conditions(office_id, wanted), or_(*(_IS[status] for status in statuses)))
        .group_by(literal_column("1"), literal_column("2"), _N.channel)
        .order_by(counted.desc(), literal_column("1"), literal_column("2"), _N.channel)
    )
    return await fetch_all(db, CauseCount, query)


_OTHER, _OTHER_REMINDER = NOTIFICATIONS.alias("other"), REMINDERS.alias("other_reminder")


async def list_unreached(
    db: AsyncConnection, office_id: UUID, wanted: MessageFilter, limit: int
) -> list[StoredMessage]:
    """The messages that machines did not deliver, the newest slot first.

    They failed, did not arrive, are held, or had no address; no other message of their reminder was
    accepted, and no later one to the same post. A filter's statuses do not count.
    """
    same_post = and_(
        _OTHER.c.slot > _N.slot,
        _OTHER.c.audience == _N.audience,
        func.coalesce(_OTHER_REMINDER.c.to_unit, _OTHER.c.unit_id)
        == func.coalesce(_R.to_unit, _N.unit_id),
    )
    reached = (
        select(_OTHER.c.notification_id)
        .select_from(
            _OTHER.outerjoin(_OTHER_REMINDER, _OTHER_REMINDER.c.reminder_id == _OTHER.c.reminder_id)
        )
        .where(
            _OTHER.c.unit_id == _N.unit_id,
            _OTHER.c.slot >= _N.slot,
            or_(_OTHER.c.reminder_id == _N.reminder_id, same_post),
            or_(
                _OTHER.c.state == MessageState.DELIVERED,
                (_OTHER.c.state == MessageState.SENT) & _OTHER.c.undelivered_at.is_(None),
            ),
        )
        .exists()
    )
    unaddressed = (SuppressReason.NO_ADDRESS, SuppressReason.NO_CONTACT)
    query = (
        _select_messages()
        .where(
            *list_conditions(office_id, replace(wanted, statuses=())),
            or_(
                *(_IS[status] for status in _TROUBLED),
                _IS[MessageStatus.SUPPRESSED] & _N.reason.in_(unaddressed),
            ),
            ~reached,
        )
        .order_by(_N.slot.desc(), _N.notification_id.desc())
        .limit(limit)
    )
    return await fetch_all(db, StoredMessage, query)


async def find_reminder(db: AsyncConnection, reminder_id: UUID) -> MessageReminder | None:
    """A reminder; None when its event has not come yet."""
    query = select(*list_columns(MessageReminder, _R)).where(_R.reminder_id == reminder_id)
    return await fetch_first(db, MessageReminder, query)


async def list_failed_attempts(
    db: AsyncConnection, notification_ids: Collection[UUID]
) -> list[Attempt]:
    """The attempts that did not bring some messages to their contacts, by number."""
    query = (
        select(_A.number, _A.gateway, _A.ended_at, _A.outcome, _A.detail)
        .where(is_any_of(_A.notification_id, notification_ids))
        .order_by(_A.notification_id, _A.number)
    )
    return await fetch_all(db, Attempt, query)


def _select_messages() -> Select[*tuple[Any, ...]]:
    return select(*list_columns(StoredMessage, _N, _NAMED)).select_from(_JOINED)
