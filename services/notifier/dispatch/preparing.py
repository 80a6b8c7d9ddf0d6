"""From claims to offers: load what is needed, decide, render, write the attempts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.dispatch import gauges
from services.notifier.dispatch.offers import ChannelRules, Offer
from services.notifier.dispatch.office_rules import load_office_rules
from services.notifier.dispatch.ordering import load_earlier
from services.notifier.dispatch.sent_lately import load_sent_lately
from services.notifier.dispatch.texts import render
from services.notifier.domain import reporting
from services.notifier.domain.fanout import get_zone, select_owed
from services.notifier.domain.message import (
    Message,
    Notification,
    NotificationState,
    Refusal,
)
from services.notifier.domain.retry import OpenReason, WhenUnknown
from services.notifier.store import claims, directory, reminders
from services.notifier.store.claims import Background, Claimed, Offering, Take, Withheld
from services.notifier.store.earlier_messages import wake_next
from services.notifier.store.tables import OUTBOX
from shared.kafka.outbox.publishing import publish
from shared.logging import log
from shared.messages.recipients import Recipient, select_holders
from shared.messages.stages import (
    Defer,
    Facts,
    Hold,
    Send,
    Suppress,
    SuppressReason,
    decide,
    find_deadline,
)
from shared.messages.wording import clean
from shared.schemas.envelope import Envelope
from shared.schemas.facts import ReminderItem

_TEXTS_AT_ONCE = 16
"""Texts rendered before the senders get the event loop again: about 2 ms of work, so that the
rendering of a large batch delays no answer that has arrived."""


@dataclass(slots=True)
class _Decisions:
    """What was decided on a batch of claims at `now`."""

    now: datetime
    offers: list[Offer] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    events: list[Envelope] = field(default_factory=list)

    def withhold(
        self,
        claimed: Claimed,
        state: NotificationState,
        reason: str,
        not_before: datetime | None = None,
    ) -> None:
        """Give a notification a state without an offer; by default it is due from its slot on."""
        self.withheld.append(
            Withheld(
                notification_id=claimed.notification_id,
                state=state,
                reason=reason,
                not_before=not_before or claimed.slot,
                failures=claimed.failures,
            )
        )
        if state not in {NotificationState.PENDING, NotificationState.HELD}:
            gauges.ENDED.labels(claimed.channel, state).inc()


async def prepare(
    db: AsyncConnection,
    rules: ChannelRules,
    *,
    now: datetime,
    limit: int,
    fresh_first: bool = False,
) -> tuple[int, list[Offer]]:
    """Claim, decide and write, in the caller's transaction.

    Args:
        db: a connection in a transaction.
        rules: of the channel.
        now: the office's time.
        limit: how many to claim at most.
        fresh_first: whether notifications that were never refused go before those that were.

    Returns:
        How many notifications were claimed, and the offers to make after the commit.
    """
    take = Take.FRESH_FIRST if fresh_first else Take.USUAL
    if rules.channel in rules.policy.unconnected:
        take = Take.UNHELD
    claimed = await claims.claim(db, rules.channel, now=now, limit=limit, take=take)
    if not claimed:
        return 0, []
    real = await claims.read_database_now(db)
    decisions = _Decisions(now)
    abandoned = [row for row in claimed if row.abandoned]
    await claims.close_abandoned(db, abandoned, real)
    open_claims = claimed
    if rules.retrying.when_unknown is WhenUnknown.HOLD:
        for row in abandoned:
            decisions.withhold(row, NotificationState.HELD, OpenReason.UNKNOWN_OUTCOME)
        open_claims = [row for row in claimed if not row.abandoned]
    await _decide(db, rules, open_claims, decisions)
    offerings = [
        Offering(
            notification_id=offer.message.notification_id,
            address=offer.message.address,
            number=offer.number,
            failures=offer.failures,
            content=offer.message.content.remove_secret(),
        )
        for offer in decisions.offers
    ]
    await claims.write_offers(db, offerings, real=real, lease_until=real + rules.lease)
    await claims.write_withheld(db, decisions.withheld)
    given_up = {NotificationState.SUPPRESSED, NotificationState.FAILED}
    await wake_next(db, [w.notification_id for w in decisions.withheld if w.state in given_up])
    await publish(db, OUTBOX, decisions.events)
    return len(claimed), decisions.offers


async def _decide(
    db: AsyncConnection, rules: ChannelRules, claimed: Sequence[Claimed], decisions: _Decisions
) -> None:
    """Load what the decisions need, and decide on each notification."""
    now = decisions.now
    backgrounds = await claims.get_backgrounds(db, [row.reminder_id for row in claimed])
    unit_ids = {row.unit_id for row in claimed}
    withdrawals = await reminders.get_withdrawals(db, unit_ids)
    recipients = await directory.get_recipients(db, unit_ids)
    perhaps_received = await claims.select_perhaps_received(db, claimed)
    rules_of = await load_office_rules(db, rules, {row.office_id for row in claimed})
    policies = [own.policy for own in rules_of.values()]
    lately = await load_sent_lately(db, claimed, backgrounds, policies, now)
    earlier = await load_earlier(db, claimed, backgrounds)
    for count, row in enumerate(claimed, 1):
        background = backgrounds[row.reminder_id]
        address: str | None = row.address
        if row.notification_id not in perhaps_received:
            address = _find_address(row, background, recipients[row.unit_id], now)
        obligations = [item.obligation_id for item in background.items]
        owed = set(select_owed(row.unit_id, row.slot, obligations, withdrawals))
        facts = Facts(
            channel=row.channel,
            address=address,
            slot=row.slot,
            zone=get_zone(background.timezone),
            items=[item for item in background.items if item.obligation_id in owed],
            sent=lately.list_of_contact(row),
            how=background.how,
            sent_by_rule=lately.list_by_rule(row, background),
            earlier=earlier.get(row.notification_id, ()),
        )
        current = replace(row, address=address or "")
        if _decide_one(current, background, facts, rules_of[row.office_id], decisions):
            lately.add(row, background, now)
        if count % _TEXTS_AT_ONCE == 0:
            await asyncio.sleep(0)


def _find_address(
    claimed: Claimed, background: Background, recipients: Sequence[Recipient], now: datetime
) -> str | None:
    """Where a notification goes now; None when its contact's post has no holder any more.

    Call it only for a notification that the contact can't have received: after an unknown outcome
    the same address is used again, so that the notification never reaches two people.
    """
    holders = select_holders(recipients, claimed.slot, get_zone(background.timezone), now)
    holder = holders.get(claimed.contact_id) if claimed.contact_id else None
    return holder.get_address(claimed.channel) if holder else None


def _decide_one(
    claimed: Claimed,
    background: Background,
    facts: Facts,
    rules: ChannelRules,
    decisions: _Decisions,
) -> bool:
    """Decide on one notification; whether it is offered."""
    now = decisions.now
    notification = _make_notification(claimed, background, facts.items or background.items)
    match decide(facts, rules.policy, now):
        case Suppress(reason=reason):
            withdrawn = reason is SuppressReason.WITHDRAWN
            state = NotificationState.WITHDRAWN if withdrawn else NotificationState.SUPPRESSED
            decisions.withhold(claimed, state, reason)
            decisions.events.append(reporting.report_suppressed(notification, reason, now))
            return False
        case Defer(until=until, reason=reason):
            decisions.withhold(claimed, NotificationState.PENDING, reason, until)
            return False
        case Hold(reason=reason):
            decisions.withhold(claimed, NotificationState.PENDING, reason)
            return False
        case Send():
            return _offer(claimed, background, facts, rules, decisions, notification=notification)
        case decision:
            assert_never(decision)


def _offer(
    claimed: Claimed,
    background: Background,
    facts: Facts,
    rules: ChannelRules,
    decisions: _Decisions,
    *,
    notification: Notification,
) -> bool:
    """Render a notification and add its offer; False when rendering fails, which ends it."""
    try:
        content = render(claimed, background, facts, rules, decisions.now)
    except Exception as error:  # noqa: BLE001 - one bad text must not stop all others
        log(__name__).exception(
            "notification.unrenderable",
            notification_id=str(claimed.notification_id),
            unit_id=str(claimed.unit_id),
        )
        decisions.withhold(claimed, NotificationState.FAILED, Refusal.UNRENDERABLE)
        decisions.events.append(
            reporting.report_failed(
                notification,
                attempts=claimed.attempts,
                reason=Refusal.UNRENDERABLE,
                detail=type(error).__name__,
                now=decisions.now,
            )
        )
        return False
    decisions.offers.append(
        Offer(
            message=Message(
                claimed.notification_id, claimed.address, clean(background.unit), content
            ),
            notification=notification,
            number=claimed.attempts + 1,
            failures=claimed.failures + claimed.abandoned,
            retrying=claimed.retrying,
            deadline=find_deadline(facts.items, facts.zone, decisions.now),
        )
    )
    return True


def _make_notification(
    claimed: Claimed, background: Background, items: Sequence[ReminderItem]
) -> Notification:
    return Notification(
        notification_id=claimed.notification_id,
        reminder_id=claimed.reminder_id,
        office_id=claimed.office_id,
        unit_id=claimed.unit_id,
        audience=claimed.audience,
        channel=claimed.channel,
        slot=claimed.slot,
        address=claimed.address,
        correlation_id=background.correlation_id,
        obligation_ids=tuple(item.obligation_id for item in items),
    )
