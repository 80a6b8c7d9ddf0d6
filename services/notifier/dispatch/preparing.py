"""From a claim to offers: load the facts, decide, render, and write the attempts down."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.dispatch import gauges
from services.notifier.message import Content, Message, Notification, Refusal, State
from services.notifier.policy import telling
from services.notifier.policy.fanout import Recipient, holders, still_owed, zone_of
from services.notifier.policy.retry import Retrying, WhenUnknown
from services.notifier.policy.stages import (
    Defer,
    Facts,
    Hold,
    Policy,
    Send,
    Suppress,
    SuppressReason,
    deadline,
    decide,
)
from services.notifier.rendering.mail import mail
from services.notifier.rendering.sms import sms
from services.notifier.rendering.wording import Digest, clean
from services.notifier.store import claims, directory, reminders
from services.notifier.store.claims import Background, Claimed, Offering, Take
from services.notifier.tables import outbox
from shared.logging import log
from shared.outbox.publishing import publish
from shared.schemas.events import Envelope
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Channel

_TEXTS_AT_ONCE = 16
"""Texts rendered before the senders get the event loop again: about 2 ms of work, so that the
rendering of a batch of hundreds delays no answer that has arrived."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a channel's dispatch goes by."""

    channel: Channel
    policy: Policy
    retrying: Retrying
    signature: str
    lease: timedelta


@dataclass(frozen=True, slots=True)
class Offer:
    """An attempt that is written down and not yet made.

    Attributes:
        number: of the attempt, from 1; it fences the outcome.
        failures: attempts that counted and ended badly before.
        retrying: whether an earlier attempt was refused, or of unknown outcome.
        deadline: the end of the date that it is about, if that is ahead.
    """

    message: Message
    notification: Notification
    number: int
    failures: int
    retrying: bool
    deadline: datetime | None


@dataclass(slots=True)
class _Batch:
    now: datetime
    offers: list[Offer]
    states: list[dict[str, Any]]
    told: list[Envelope]

    def end(self, one: Claimed, state: State, reason: str, not_before: datetime) -> None:
        """Write a notification's state without an offer."""
        self.states.append(
            {
                "notification_id": one.notification_id,
                "state": state,
                "reason": reason,
                "not_before": not_before,
                "failures": one.failures,
            }
        )
        if state not in {State.PENDING, State.HELD}:
            gauges.ENDED.labels(one.channel, state).inc()


async def prepare(
    db: AsyncConnection, rules: Rules, *, now: datetime, limit: int, fresh_first: bool = False
) -> tuple[int, list[Offer]]:
    """Claim, decide and write, in the caller's transaction.

    Args:
        db: a connection in a transaction.
        rules: of the channel.
        now: the office's time.
        limit: how many to claim at most.
        fresh_first: whether what was never refused goes before what was.

    Returns:
        How many notifications were claimed, and the offers to make once it has committed.
    """
    take = Take.FRESH_FIRST if fresh_first else Take.USUAL
    if rules.channel in rules.policy.unconnected:
        take = Take.UNHELD
    claimed = await claims.claim(db, rules.channel, now=now, limit=limit, take=take)
    if not claimed:
        return 0, []
    real = await claims.database_now(db)
    batch = _Batch(now, [], [], [])
    abandoned = [one for one in claimed if one.abandoned]
    await claims.close_abandoned(db, abandoned, real)
    if rules.retrying.when_unknown is WhenUnknown.HOLD:
        for one in abandoned:
            batch.end(one, State.HELD, "unknown-outcome", one.slot)
        claimed = [one for one in claimed if not one.abandoned]
    await _decide(db, rules, claimed, batch)
    offerings = [
        Offering(
            notification_id=o.message.notification_id,
            address=o.message.address,
            number=o.number,
            failures=o.failures,
            content=o.message.content,
        )
        for o in batch.offers
    ]
    await claims.write_offers(db, offerings, real=real, lease_until=real + rules.lease)
    await claims.write_states(db, batch.states)
    await publish(db, outbox, batch.told)
    return len(claimed) + len(abandoned), batch.offers


async def _decide(
    db: AsyncConnection, rules: Rules, claimed: Sequence[Claimed], batch: _Batch
) -> None:
    known = await claims.backgrounds(db, [one.reminder_id for one in claimed])
    unit_ids = {one.unit_id for one in claimed}
    withdrawn = await reminders.withdrawn_of(db, unit_ids)
    recipients = await directory.recipients_of(db, unit_ids)
    bound = await claims.perhaps_received(db, claimed)
    sent: dict[Any, list[datetime]] = {}
    if rules.policy.rate_limit:
        contacts = [one.contact_id for one in claimed if one.contact_id]
        since = batch.now - rules.policy.rate_window
        sent = await claims.recently_sent(db, contacts, rules.channel, since)
    for count, row in enumerate(claimed, 1):
        background = known[row.reminder_id]
        address: str | None = row.address
        if row.notification_id not in bound:
            address = _address(row, background, recipients[row.unit_id], batch.now)
        one = replace(row, address=address or "")
        obligations = [item.obligation_id for item in background.items]
        owed = set(still_owed(one.unit_id, one.slot, obligations, withdrawn))
        items = [item for item in background.items if item.obligation_id in owed]
        recent = sent.setdefault(one.contact_id, [])
        facts = Facts(
            channel=one.channel,
            address=address,
            slot=one.slot,
            zone=zone_of(background.timezone),
            items=items,
            sent=recent,
        )
        if _one(one, background, facts, rules, batch):
            recent.append(batch.now)
        if count % _TEXTS_AT_ONCE == 0:
            await asyncio.sleep(0)


def _address(
    one: Claimed, background: Background, recipients: Sequence[Recipient], now: datetime
) -> str | None:
    """Where a notification goes now; None when nobody holds its contact's post any more.

    Only one that nobody can have received yet is asked about: an offer of unknown outcome is
    repeated where it was made, so that it never reaches two people.
    """
    held = holders(recipients, one.slot, zone_of(background.timezone), now)
    holder = held.get(one.contact_id) if one.contact_id else None
    return holder.address(one.channel) if holder else None


def _one(one: Claimed, background: Background, facts: Facts, rules: Rules, batch: _Batch) -> bool:
    """Decide on one notification; whether it is offered."""
    named = _notification(one, background, facts.items or background.items)
    match decide(facts, rules.policy, batch.now):
        case Suppress(reason=reason):
            gone = reason is SuppressReason.WITHDRAWN
            batch.end(one, State.WITHDRAWN if gone else State.SUPPRESSED, reason, one.slot)
            batch.told.append(telling.suppressed(named, reason, batch.now))
            return False
        case Defer(until=until, reason=reason):
            batch.end(one, State.PENDING, reason, until)
            return False
        case Hold(reason=reason):
            batch.end(one, State.PENDING, reason, one.slot)
            return False
        case Send():
            pass
    try:
        content = _rendered(one, background, facts, rules.signature, batch.now)
    except Exception as error:  # noqa: BLE001 - one bad text must not stop all others
        log(__name__).exception(
            "notification.unrenderable",
            notification_id=str(one.notification_id),
            unit_id=str(one.unit_id),
        )
        batch.end(one, State.FAILED, Refusal.UNRENDERABLE, one.slot)
        batch.told.append(
            telling.failed(
                named,
                attempts=one.attempts,
                reason=Refusal.UNRENDERABLE,
                detail=type(error).__name__,
                now=batch.now,
            )
        )
        return False
    batch.offers.append(
        Offer(
            message=Message(one.notification_id, one.address, clean(background.unit), content),
            notification=named,
            number=one.attempts + 1,
            failures=one.failures + one.abandoned,
            retrying=one.retrying,
            deadline=deadline(facts.items, facts.zone, batch.now),
        )
    )
    return True


def _rendered(
    one: Claimed, background: Background, facts: Facts, signature: str, now: datetime
) -> Content:
    digest = Digest(
        office=background.office,
        unit=background.unit,
        audience=one.audience,
        plan_title=background.plan_title,
        items=facts.items,
        slot_day=one.slot.astimezone(facts.zone).date(),
        today=now.astimezone(facts.zone).date(),
    )
    match one.channel:
        case Channel.EMAIL:
            return mail(digest)
        case Channel.SMS:
            return sms(digest, signature)


def _notification(
    one: Claimed, background: Background, items: Sequence[ReminderItem]
) -> Notification:
    return Notification(
        notification_id=one.notification_id,
        reminder_id=one.reminder_id,
        office_id=one.office_id,
        unit_id=one.unit_id,
        audience=one.audience,
        channel=one.channel,
        slot=one.slot,
        address=one.address,
        correlation_id=background.correlation_id,
        obligation_ids=tuple(item.obligation_id for item in items),
    )
