"""What people order for single messages: decided by the table, applied and answered."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.domain import reporting
from services.notifier.domain.message import Notification
from services.notifier.store import actions
from services.notifier.store.actions import LockedNotification
from services.notifier.store.earlier_messages import wake_next
from services.notifier.store.tables import OUTBOX
from shared.kafka.outbox.publishing import publish
from shared.logging import log
from shared.messages.acting import Effect, MessageStanding, decide_action
from shared.messages.stages import SuppressReason
from shared.schemas.envelope import Envelope
from shared.schemas.gateway_events import MessageActionRequested
from shared.schemas.messages import ActionRefusal

_ENDED = {MessageStanding.FAILED, MessageStanding.UNDELIVERED}
"""Standings of messages that had ended when a person has them sent again."""


async def apply_requests(db: AsyncConnection, envelopes: Iterable[Envelope], now: datetime) -> None:
    """Do what people want done with messages, in order, and answer each request.

    A message is locked meanwhile, so that no attempt begins or ends.
    """
    for envelope in envelopes:
        request = envelope.event
        if isinstance(request, MessageActionRequested):
            # The trace of the request goes on, and not that of the reminder.
            events = await _apply(db, envelope, request, now)
            asked = [replace(event, traceparent=envelope.traceparent) for event in events]
            await publish(db, OUTBOX, asked)


async def _apply(
    db: AsyncConnection, envelope: Envelope, request: MessageActionRequested, now: datetime
) -> list[Envelope]:
    """Do what one request asks for; returns the events that tell of it."""
    locked = await actions.lock_notification(db, request.office_id, request.notification_id)
    if locked is None:
        unknown = _describe_unknown(envelope, request)
        return [
            reporting.report_answer(unknown, request, now, refused=ActionRefusal.UNKNOWN_MESSAGE)
        ]
    decision = decide_action(request.action, locked.standing)
    log(__name__).info(
        "message.action",
        notification_id=str(request.notification_id),
        action=request.action,
        standing=locked.standing.name,
        decision=decision.name,
    )
    if isinstance(decision, ActionRefusal):
        return [reporting.report_answer(locked.notification, request, now, refused=decision)]
    return await _apply_effect(db, locked, request, decision, now)


async def _apply_effect(
    db: AsyncConnection,
    locked: LockedNotification,
    request: MessageActionRequested,
    effect: Effect,
    now: datetime,
) -> list[Envelope]:
    notification, name = locked.notification, locked.notification.notification_id
    match effect:
        case Effect.OFFER_AGAIN:
            reopened = locked.standing in _ENDED
            await actions.offer_again(db, locked, reopened=reopened)
            return [reporting.report_answer(notification, request, now, reopened=reopened)]
        case Effect.OFFER_NOW:
            await actions.offer_now(db, name)
            return [reporting.report_answer(notification, request, now)]
        case Effect.SUPPRESS:
            await actions.suppress(db, name)
            await wake_next(db, [name])
            cancelled = reporting.report_suppressed(notification, SuppressReason.CANCELLED, now)
            return [cancelled, reporting.report_answer(notification, request, now)]
        case Effect.CHANGE_ADDRESS:
            await actions.change_address(db, name, request.new_address)
            moved = replace(notification, address=request.new_address)
            return [reporting.report_answer(moved, request, now)]
        case _:
            assert_never(effect)


def _describe_unknown(envelope: Envelope, request: MessageActionRequested) -> Notification:
    """A message that only the request describes."""
    return Notification(
        notification_id=request.notification_id,
        reminder_id=request.reminder_id,
        office_id=request.office_id,
        unit_id=request.unit_id,
        audience=request.audience,
        channel=request.channel,
        slot=request.slot,
        address=request.address,
        correlation_id=envelope.correlation_id,
        obligation_ids=request.obligation_ids,
    )
