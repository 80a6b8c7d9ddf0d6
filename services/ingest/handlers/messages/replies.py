"""Replies by short message: recorded as the unit's answer where plain, else left to a person."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.replies import (
    PlainReply,
    ReplyDoubt,
    ReplySender,
    decide_reply,
    read_answer,
)
from services.ingest.domain.words import AUDIENCES
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.ledger import reporting
from services.ingest.handlers.ledger.locking import lock_obligation
from services.ingest.handlers.office.rules import get_office_day
from services.ingest.handlers.units.contacts import find_holder
from services.ingest.store import links, offices
from services.ingest.store import replies as store
from services.ingest.store.replies import StoredReply
from services.ingest.store.reply_tables import ReplyState
from shared.schemas import identity
from shared.schemas.envelope import Envelope
from shared.schemas.gateway_events import ReplyReceived
from shared.schemas.life import Action, ObligationStatus
from shared.schemas.rules import Audience
from shared.tracing.spans import within

_DONE_ALREADY = {
    Action.ACCEPT: {
        *(ObligationStatus.ACCEPTED, ObligationStatus.IN_PROGRESS, ObligationStatus.SUBMITTED),
    },
    Action.SUBMIT: {ObligationStatus.SUBMITTED},
}
"""Statuses in which an answer says nothing new."""


async def take_replies(db: AsyncConnection, envelopes: Sequence[Envelope], now: datetime) -> None:
    """Apply the replies of a batch, each once; other events are left alone."""
    for envelope in envelopes:
        if isinstance(envelope.event, ReplyReceived):
            act = Act(
                office_id=envelope.event.office_id,
                actor=f"gateway {envelope.event.gateway}",
                now=now,
                correlation_id=envelope.correlation_id,
            )
            with within(envelope.traceparent):
                await _take(db, act, envelope.event)


async def _take(db: AsyncConnection, act: Act, event: ReplyReceived) -> None:
    reply_id = identity.derive_id("reply", event.office_id, event.gateway, event.reply_id)
    await offices.lock_name(db, "reply", reply_id)
    if await store.find_reply(db, act.office_id, reply_id) is not None:
        return
    today = (await get_office_day(db, act.office_id, act.now)).today
    senders = await _list_senders(db, act, event.mobile, today)
    obligations = await store.list_told(
        db, act.office_id, event.mobile, event.gateway, event.received_at
    )
    decided = decide_reply(read_answer(event.text), senders, obligations)
    row: dict[str, Any] = {
        "reply_id": reply_id,
        "office_id": act.office_id,
        "gateway": event.gateway,
        "mobile": event.mobile,
        "text": event.text,
        "received_at": event.received_at,
        "state": ReplyState.WAITING,
    }
    if len(senders) == 1:
        row |= {"unit_id": senders[0].unit_id, "sender": senders[0].name}
    if isinstance(decided, ReplyDoubt):
        row["doubt"] = decided
    else:
        row |= {"obligation_id": decided.obligation_id, **await _answer(db, act, decided)}
    await store.add_reply(db, row)
    after = {
        name: str(row[name])
        for name in ("gateway", "state", "doubt", "unit_id", "sender", "obligation_id")
        if row.get(name)
    }
    await note(db, act, "reply.received", reply_id, after=after)


async def _answer(db: AsyncConnection, act: Act, plain: PlainReply) -> dict[str, Any]:
    """Record an answer in its sender's name; the columns that say what became of it."""
    own = replace(act, actor=plain.sender.name, unit_id=plain.sender.unit_id)
    try:
        locked = await lock_obligation(db, own, plain.obligation_id)
        if locked.entry.status in _DONE_ALREADY[plain.action]:
            return {"state": ReplyState.REPEATED}
        await reporting.take_action(
            db,
            own,
            plain.obligation_id,
            plain.action,
            version=locked.entry.number,
            words="短信回复",
        )
    except RefusedError as error:
        return {"doubt": ReplyDoubt.REFUSED, "detail": error.message}
    return {"state": ReplyState.APPLIED}


async def _list_senders(
    db: AsyncConnection, act: Act, mobile: str, today: date
) -> list[ReplySender]:
    """Who holds a post with this number today, in the units of the office that are not retired."""
    senders = []
    for unit in await links.find_units_by_mobile(db, mobile):
        if unit.office_id != act.office_id or unit.retired_at is not None:
            continue
        for contact_id in dict.fromkeys(each["contact_id"] for each in unit.contacts):
            holder = find_holder(unit.contacts, UUID(contact_id), today)
            if holder is not None and holder.get("mobile") == mobile:
                post = AUDIENCES[Audience(holder["post"])]
                name = f"{unit.name} {post}{holder.get('name', '')}"
                senders.append(ReplySender(unit.unit_id, UUID(contact_id), name))
    return senders


async def get_reply(db: AsyncConnection, act: Act, reply_id: UUID) -> StoredReply:
    """A reply.

    Raises:
        RefusedError: the office has no such one.
    """
    reply = await store.find_reply(db, act.office_id, reply_id)
    if reply is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这条短信回复。There is no such reply.")
    return reply


async def settle(db: AsyncConnection, act: Act, reply_id: UUID, words: str) -> StoredReply:
    """Note that a person has dealt with a reply, and how. Nothing else follows from it.

    Raises:
        RefusedError: no such reply, or it does not wait.
    """
    await store.lock_reply(db, act.office_id, reply_id)
    reply = await get_reply(db, act, reply_id)
    if reply.state is not ReplyState.WAITING:
        raise RefusedError(
            Fault.CONFLICT,
            "这条短信回复已经处理。The reply was dealt with.",
            "请重新查看（`GET /v1/replies`）。See it again (`GET /v1/replies`).",
        )
    await store.settle_reply(db, reply_id, by=act.actor, at=act.now, decision=words)
    before = {"state": reply.state, "doubt": reply.doubt}
    after = {"state": ReplyState.SETTLED, "note": words}
    await note(db, act, "reply.settled", reply_id, before=before, after=after)
    return await get_reply(db, act, reply_id)
