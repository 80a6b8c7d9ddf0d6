"""What waits for a person of the office: what units reported and ask for, and failed messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Select, and_, case, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import MessageState, PlanStatus
from services.ingest.store.fetching import fetch_all, fetch_one, list_columns
from services.ingest.store.history_tables import NOTIFICATIONS, REMINDERS
from services.ingest.store.life import StoredExtension, StoredObjection
from services.ingest.store.life_tables import (
    EXTENSIONS,
    OBJECTIONS,
    ExtensionState,
    ObjectionState,
)
from services.ingest.store.office_tables import RULE_DRAFTS
from services.ingest.store.proposal_tables import CONTACT_PROPOSALS, ProposalState
from services.ingest.store.reply_tables import REPLIES, ReplyState
from services.ingest.store.rows import StoredNotification, StoredPlan
from services.ingest.store.tables import OBLIGATIONS, PLANS, UNITS
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Channel

Place = tuple[datetime, UUID]
"""The place of a row in a list by time: its instant and its id."""
_N, _E, _J, _O, _P = NOTIFICATIONS.c, EXTENSIONS.c, OBJECTIONS.c, OBLIGATIONS.c, PLANS.c
_C = CONTACT_PROPOSALS.c
_LATER, _HOLDERS = NOTIFICATIONS.alias("later"), UNITS.alias("holders")
_HEARING, _TOLD = UNITS.alias("hearing"), REMINDERS.alias("told")
_ENDED = (MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED)
"""States after which an earlier failure says nothing more."""


@dataclass(frozen=True, slots=True)
class NamedNotification(StoredNotification):
    """A notification with the unit that owes what it is about."""

    unit_id: UUID
    unit: str


@dataclass(frozen=True, slots=True)
class NotificationFilter:
    """Which notifications of an office to list; empty leaves a condition out.

    `undeliverable`: only those that `WaitingCounts` counts.
    """

    states: tuple[MessageState, ...] = ()
    channels: tuple[Channel, ...] = ()
    undeliverable: bool = False


@dataclass(frozen=True, slots=True)
class WaitingCounts:
    """How many rows of each kind wait."""

    submitted: int
    extensions: int
    objections: int
    contact_proposals: int
    rule_drafts: int
    replies: int
    undeliverable: int


async def count_waiting(db: AsyncConnection, office_id: UUID) -> WaitingCounts:
    """How much waits for a person of the office."""
    wanted = {
        "submitted": select(func.count())
        .select_from(OBLIGATIONS)
        .where(
            _O.office_id == office_id,
            _O.status == ObligationStatus.SUBMITTED,
            _O.withdrawn_at.is_(None),
        ),
        "extensions": select(func.count())
        .select_from(EXTENSIONS)
        .where(_E.office_id == office_id, _E.state == ExtensionState.PENDING),
        "objections": select(func.count())
        .select_from(OBJECTIONS)
        .where(_J.office_id == office_id, _J.state == ObjectionState.PENDING),
        "contact_proposals": select(func.count())
        .select_from(CONTACT_PROPOSALS)
        .where(_C.office_id == office_id, _C.state == ProposalState.PENDING),
        "rule_drafts": select(func.count())
        .select_from(RULE_DRAFTS)
        .where(RULE_DRAFTS.c.office_id == office_id),
        "replies": select(func.count())
        .select_from(REPLIES)
        .where(REPLIES.c.office_id == office_id, REPLIES.c.state == ReplyState.WAITING),
        "undeliverable": select(func.count())
        .select_from(NOTIFICATIONS)
        .where(_N.office_id == office_id, *_is_undeliverable()),
    }
    counts = [query.scalar_subquery().label(name) for name, query in wanted.items()]
    return await fetch_one(db, WaitingCounts, select(*counts))


async def list_extensions(
    db: AsyncConnection,
    office_id: UUID,
    states: Sequence[ExtensionState],
    after: Place | None,
    limit: int,
) -> list[StoredExtension]:
    """The extensions of an office in some states, all without any, the oldest first."""
    query = select(*list_columns(StoredExtension, _E)).where(_E.office_id == office_id)
    if states:
        query = query.where(_E.state.in_(states))
    query = _continue(query, (_E.asked_at, _E.extension_id), after).limit(limit)
    return await fetch_all(db, StoredExtension, query)


async def list_objections(
    db: AsyncConnection,
    office_id: UUID,
    states: Sequence[ObjectionState],
    after: Place | None,
    limit: int,
) -> list[StoredObjection]:
    """The objections of an office in some states, all without any, the oldest first."""
    query = select(*list_columns(StoredObjection, _J)).where(_J.office_id == office_id)
    if states:
        query = query.where(_J.state.in_(states))
    query = _continue(query, (_J.raised_at, _J.objection_id), after).limit(limit)
    return await fetch_all(db, StoredObjection, query)


def _continue(
    query: Select[*tuple[Any, ...]],
    place: tuple[Column[datetime], Column[UUID]],
    after: Place | None,
) -> Select[*tuple[Any, ...]]:
    """The rows after a place, in the order of their places."""
    if after is not None:
        query = query.where(tuple_(*place) > tuple_(*after))
    return query.order_by(*place)


async def list_notifications(
    db: AsyncConnection,
    office_id: UUID,
    wanted: NotificationFilter,
    before: Place | None,
    limit: int,
) -> list[NamedNotification]:
    """The notifications of an office before a slot and id, the newest slot first."""
    named: dict[str, ColumnElement[Any]] = {
        "items": REMINDERS.c["items"],
        "unit": UNITS.c.name,
        "to_unit": func.coalesce(_HEARING.c.name, ""),
    }
    query = (
        select(*list_columns(NamedNotification, _N, named))
        .select_from(
            NOTIFICATIONS.outerjoin(REMINDERS, REMINDERS.c.reminder_id == _N.reminder_id)
            .join(UNITS, UNITS.c.unit_id == _N.unit_id)
            .outerjoin(_HEARING, _HEARING.c.unit_id == REMINDERS.c.to_unit)
        )
        .where(_N.office_id == office_id)
    )
    if wanted.states:
        query = query.where(_N.state.in_(wanted.states))
    if wanted.channels:
        query = query.where(_N.channel.in_(wanted.channels))
    if wanted.undeliverable:
        query = query.where(*_is_undeliverable())
    if before is not None:
        query = query.where(tuple_(_N.slot, _N.notification_id) < tuple_(*before))
    query = query.order_by(_N.slot.desc(), _N.notification_id.desc()).limit(limit)
    return await fetch_all(db, NamedNotification, query)


def _is_undeliverable() -> tuple[ColumnElement[bool], ...]:
    """The conditions that a message failed and nobody has mended that since.

    It is mended when the post has another address, or a later message got through to this one.
    A message that another post got instead mends nothing.
    """
    part = case((_N.channel == Channel.EMAIL, "email"), else_="mobile")
    holder = func.jsonb_build_array(func.jsonb_build_object("post", _N.audience, part, _N.address))
    # Without `correlate`, which reaches over two levels, it would be of every notification.
    to_unit = (
        select(_TOLD.c.to_unit)
        .where(_TOLD.c.reminder_id == _N.reminder_id)
        .correlate(NOTIFICATIONS)
        .scalar_subquery()
    )
    still_there = exists().where(
        _HOLDERS.c.unit_id == func.coalesce(to_unit, _N.unit_id),
        _HOLDERS.c.retired_at.is_(None),
        _HOLDERS.c.contacts.op("@>")(holder),
    )
    same = and_(
        _LATER.c.unit_id == _N.unit_id,
        _LATER.c.audience == _N.audience,
        _LATER.c.channel == _N.channel,
        _LATER.c.address == _N.address,
    )
    newer = tuple_(_LATER.c.slot, _LATER.c.notification_id) > tuple_(_N.slot, _N.notification_id)
    ended = _LATER.c.state.in_(_ENDED)
    return (_N.state == MessageState.FAILED, still_there, ~exists().where(same, newer, ended))


async def list_open_plans(db: AsyncConnection, office_id: UUID) -> list[StoredPlan]:
    """The plans and revisions of which something may wait, the newest first."""
    open_states = (PlanStatus.DRAFT, PlanStatus.PUBLISHED, PlanStatus.REVISION)
    query = (
        select(*list_columns(StoredPlan, _P))
        .where(_P.office_id == office_id, _P.status.in_(open_states))
        .order_by(_P.imported_at.desc(), _P.plan_id)
    )
    return await fetch_all(db, StoredPlan, query)
