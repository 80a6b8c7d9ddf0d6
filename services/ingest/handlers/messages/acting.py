"""What people want done with messages: asked for one by one or as a group, and noted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.message_actions import find_refusal, list_allowed, refuse_action
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, make_envelope
from services.ingest.handlers.messages.listing import MessageQuery, make_filter, require_message
from services.ingest.handlers.units.cells import parse_email, parse_mobile
from services.ingest.store import journal, message_actions
from services.ingest.store import messages as store
from services.ingest.store.message_actions import StoredMessageAction
from services.ingest.store.messages import MessageFilter, StoredMessage
from services.ingest.store.tables import OUTBOX
from shared.kafka.outbox.publishing import publish
from shared.schemas.gateway_events import MessageActionRequested
from shared.schemas.messages import ActionRefusal, MessageAction, MessageStatus
from shared.schemas.rules import Audience, Channel

MOST = 1000
"""How many messages one request may act on: more would keep its transaction open for long."""


@dataclass(frozen=True, slots=True)
class NewAction:
    """What a person wants done, and why; `new_address` where the address is changed."""

    action: MessageAction
    reason: str
    new_address: str = ""


@dataclass(frozen=True, slots=True)
class Affected:
    """How many messages an action would be asked for, and how many it leaves out, by reason."""

    messages: int
    refused: dict[ActionRefusal, int]
    _kinds: tuple[tuple[MessageStatus, str], ...] = ()

    def narrow(self, wanted: MessageFilter) -> MessageFilter:
        """A filter with the statuses and causes of the messages that it would be asked for."""
        statuses = {status for status, _ in self._kinds}
        causes = {cause for _, cause in self._kinds}
        return replace(wanted, statuses=tuple(statuses), causes=tuple(causes))


async def request_action(
    db: AsyncConnection,
    act: Act,
    notification_id: UUID,
    new: NewAction,
) -> StoredMessageAction:
    """Ask the notifier for an action on one message.

    Raises:
        RefusedError: there is no such message; the action is refused as it stands; the new address
            is none of its channel.
    """
    message = await require_message(db, act, notification_id)
    refusal = find_refusal(new.action, message.status, message.cause)
    if refusal is not None:
        raise refuse_action(refusal, list_allowed(message.status, message.cause))
    if new.action is MessageAction.READDRESS:
        new = replace(new, new_address=_parse_address(message.channel, new.new_address))
    (requested,) = await _request(db, act, [message], new)
    return requested


def _parse_address(channel: str, typed: str) -> str:
    """A normalised address of a channel.

    Raises:
        RefusedError: it is none.
    """
    try:
        return parse_email(typed) if channel == Channel.EMAIL else parse_mobile(typed)
    except ValueError as error:
        raise RefusedError(Fault.INVALID, str(error)) from error


async def count_affected(
    db: AsyncConnection, act: Act, query: MessageQuery, action: MessageAction
) -> Affected:
    """How many messages an action on those of a query would be asked for.

    Raises:
        RefusedError: as `make_filter`.
    """
    wanted = await make_filter(db, act, query)
    return await _count(db, act, wanted, action)


async def request_for_all(
    db: AsyncConnection,
    act: Act,
    query: MessageQuery,
    new: NewAction,
    expected: int,
) -> list[StoredMessageAction]:
    """Ask the notifier for an action on all messages of a query that it may be done with.

    Args:
        db: a connection in a transaction.
        act: the context.
        query: which messages.
        new: what to do; an address is changed one by one.
        expected: how many messages the person confirmed.

    Raises:
        RefusedError: there are none, or too many, or another number than was confirmed.
    """
    wanted = await make_filter(db, act, query)
    affected = await _count(db, act, wanted, new.action)
    _require_number(affected.messages, expected)
    chosen = await store.list_messages(db, act.office_id, affected.narrow(wanted), None, 2 * MOST)
    able = [each for each in chosen if find_refusal(new.action, each.status, each.cause) is None]
    return await _request(db, act, able[:MOST], new)


def _require_number(number: int, expected: int) -> None:
    """Make sure that a group has messages, not too many, and as many as were confirmed.

    Raises:
        RefusedError: it has not.
    """
    if not number:
        raise RefusedError(
            Fault.CONFLICT, "没有可以这样处理的消息。There is no message that it can be done with."
        )
    if number > MOST:
        raise RefusedError(
            Fault.CONFLICT,
            f"共 {number} 条，一次最多 {MOST} 条。There are {number}; at most {MOST} at once.",
            "请缩小范围，如按日期（`from`、`to`）。Choose fewer, such as by day (`from`, `to`).",
        )
    if number != expected:
        raise RefusedError(
            Fault.UNCONFIRMED,
            f"现在是 {number} 条，不是 {expected} 条。There are {number} messages, not {expected}.",
            "请核对后重新确认条数（`expected`）。Confirm the number (`expected`) anew.",
        )


async def _count(
    db: AsyncConnection, act: Act, wanted: MessageFilter, action: MessageAction
) -> Affected:
    every = replace(wanted, statuses=wanted.statuses or tuple(MessageStatus))
    number, kinds = 0, set()
    refused: dict[ActionRefusal, int] = {}
    for row in await store.count_causes(db, act.office_id, every):
        refusal = find_refusal(action, row.status, row.cause)
        if refusal is None:
            number += row.messages
            kinds.add((row.status, row.cause))
        else:
            refused[refusal] = refused.get(refusal, 0) + row.messages
    return Affected(number, refused, tuple(kinds))


async def _request(
    db: AsyncConnection,
    act: Act,
    chosen: Sequence[StoredMessage],
    new: NewAction,
) -> list[StoredMessageAction]:
    """Enter, tell and journal requests for some messages."""
    wanted = [
        StoredMessageAction(
            request_id=uuid4(),
            notification_id=message.notification_id,
            office_id=act.office_id,
            action=new.action,
            new_address=new.new_address,
            reason=new.reason,
            actor=act.actor,
            requested_at=act.now,
        )
        for message in chosen
    ]
    await message_actions.add_actions(db, wanted)
    pairs = zip(chosen, wanted, strict=True)
    events = (_make_event(act, message, each) for message, each in pairs)
    await publish(db, OUTBOX, [make_envelope(act, each, each.request_id) for each in events])
    after = {"reason": new.reason, "address": new.new_address}
    await journal.append_all(
        db,
        office_id=act.office_id,
        actor=act.actor,
        at=act.now,
        correlation_id=act.correlation_id,
        action=f"message.{new.action}",
        changes={
            message.notification_id: ({"status": message.status, "reason": message.reason}, after)
            for message in chosen
        },
    )
    return wanted


def _make_event(
    act: Act, message: StoredMessage, wanted: StoredMessageAction
) -> MessageActionRequested:
    return MessageActionRequested(
        office_id=act.office_id,
        unit_id=message.unit_id,
        reminder_id=message.reminder_id,
        notification_id=message.notification_id,
        audience=Audience(message.audience),
        channel=Channel(message.channel),
        slot=message.slot,
        address=message.address,
        request_id=wanted.request_id,
        action=wanted.action,
        new_address=wanted.new_address,
        requested_at=act.now,
    )
