"""From claims to offers: load what is needed, decide, render, write the attempts."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.dispatch.choosing import OutletState, open_choosing
from services.notifier.dispatch.deciding import Decisions, decide_one, make_notification
from services.notifier.dispatch.offers import ChannelRules, Offer
from services.notifier.dispatch.office_rules import load_office_rules
from services.notifier.dispatch.ordering import load_earlier
from services.notifier.dispatch.sent_lately import load_sent_lately
from services.notifier.domain.fanout import get_zone, select_owed
from services.notifier.domain.message import AttemptEnd, NotificationState
from services.notifier.domain.retry import OpenReason, WhenUnknown
from services.notifier.store import calendar_entries, claims, directory, holds, withdrawals
from services.notifier.store.backgrounds import Background, get_backgrounds
from services.notifier.store.claims import Claimed, Offering, Take
from services.notifier.store.earlier_messages import wake_next
from services.notifier.store.tables import OUTBOX
from services.notifier.store.tried import get_tried
from shared.kafka.outbox.publishing import publish
from shared.messages.holding import find_held, list_shut
from shared.messages.recipients import Recipient, select_holders
from shared.messages.stages import Facts

_TEXTS_AT_ONCE = 16
"""Texts rendered before the senders get the event loop again: about 2 ms of work, so that the
rendering of a large batch delays no answer that has arrived."""


async def prepare(
    db: AsyncConnection,
    rules: ChannelRules,
    *,
    now: datetime,
    limit: int,
    states: Mapping[str, OutletState],
) -> tuple[int, list[Offer]]:
    """Claim, decide and write, in the caller's transaction.

    Args:
        db: a connection in a transaction.
        rules: of the channel.
        now: the office's time.
        limit: how many to claim at most.
        states: how many messages each gateway can be given.

    Returns:
        How many notifications were claimed, and the offers to make after the commit.
    """
    holding = await holds.list_active(db)
    held = find_held(holding, rules.channel, [gateway.name for gateway in rules.gateways])
    if held.every:
        return 0, []
    real = await claims.read_database_now(db)
    choosing = await open_choosing(db, rules, states, real, list_shut(holding, None, rules.channel))
    if (limit := min(limit, choosing.room)) <= 0:
        return 0, []
    take = Take.FRESH_FIRST if choosing.is_probing else Take.USUAL
    if rules.channel in rules.policy.unconnected:
        take = Take.UNHELD
    claimed = await claims.claim(
        db, rules.channel, now=now, limit=limit, take=take, shut=choosing.shut, held=held.ids
    )
    if not claimed:
        return 0, []
    await claims.close_abandoned(db, [row for row in claimed if row.abandoned], real)
    decisions = Decisions(now, choosing, await get_tried(db, claimed), holding)
    left = _bind_unknown(rules, claimed, decisions)
    await _tell_unknown(db, claimed, decisions)
    if left:
        await _decide(db, rules, left, decisions)
    await _write(db, rules, decisions)
    return len(claimed), decisions.offers


async def _write(db: AsyncConnection, rules: ChannelRules, decisions: Decisions) -> None:
    """Store what was decided."""
    real = decisions.choosing.real
    offerings = [
        Offering(
            notification_id=offer.message.notification_id,
            address=offer.message.address,
            gateway=offer.gateway,
            number=offer.number,
            failures=offer.failures,
            content=offer.message.content.remove_secret(),
        )
        for offer in decisions.offers
    ]
    await claims.write_offers(db, offerings, real=real, lease_until=real + rules.lease)
    await claims.write_withheld(db, decisions.withheld)
    await calendar_entries.put(db, decisions.entries)
    given_up = {NotificationState.SUPPRESSED, NotificationState.FAILED}
    await wake_next(db, [w.notification_id for w in decisions.withheld if w.state in given_up])
    await decisions.choosing.write(db)
    await publish(db, OUTBOX, decisions.events)


def _bind_unknown(
    rules: ChannelRules, claimed: Sequence[Claimed], decisions: Decisions
) -> list[Claimed]:
    """Let what a gateway perhaps has stay there; returns the notifications to decide on.

    Held are those whose gateway is not named any more, and those abandoned at one that would
    deliver a repeat.
    """
    left = []
    for row in claimed:
        tried = decisions.tried.get(row.notification_id)
        if tried is None or tried.perhaps_at is None:
            left.append(row)
            continue
        name = row.offered_to or tried.perhaps_at
        if not name and len(rules.gateways) == 1:
            name = rules.gateways[0].name
        gateway = rules.find_gateway(name)
        if gateway is None and rules.channel not in rules.policy.unconnected:
            decisions.withhold(row, NotificationState.HELD, OpenReason.GATEWAY_GONE)
        elif gateway and row.abandoned and gateway.retrying.when_unknown is WhenUnknown.HOLD:
            decisions.withhold(row, NotificationState.HELD, OpenReason.UNKNOWN_OUTCOME)
        else:
            decisions.stays_at[row.notification_id] = name
            left.append(row)
    return left


async def _tell_unknown(
    db: AsyncConnection, claimed: Sequence[Claimed], decisions: Decisions
) -> None:
    """Tell of attempts without an outcome, and of what is held because of one."""
    held = {each.notification_id: each.reason for each in decisions.withheld}
    rows = [row for row in claimed if row.abandoned or row.notification_id in held]
    if not rows:
        return
    backgrounds = await get_backgrounds(db, [row.reminder_id for row in rows])
    for row in rows:
        background = backgrounds[row.reminder_id]
        notification = make_notification(row, background, background.items)
        if row.abandoned:
            decisions.tell_attempt(notification, row, AttemptEnd.UNKNOWN, claims.ABANDONED)
        if row.notification_id in held:
            reason = held[row.notification_id]
            decisions.tell_held(notification, reason, row.attempts, row.offered_to)


async def _decide(
    db: AsyncConnection, rules: ChannelRules, claimed: Sequence[Claimed], decisions: Decisions
) -> None:
    """Load what the decisions need, and decide on each notification."""
    now = decisions.now
    backgrounds = await get_backgrounds(db, [row.reminder_id for row in claimed])
    withdrawn = await withdrawals.get_withdrawals(db, {row.unit_id for row in claimed})
    hearing = {
        row.reminder_id: backgrounds[row.reminder_id].to_unit or row.unit_id for row in claimed
    }
    recipients = await directory.get_recipients(db, hearing.values())
    addresses = {each.get_address(rules.channel) for unit in recipients.values() for each in unit}
    await decisions.choosing.count_earlier(db, addresses | {row.address for row in claimed})
    rules_of = await load_office_rules(db, rules, {row.office_id for row in claimed})
    policies = [own.policy for own in rules_of.values()]
    lately = await load_sent_lately(db, claimed, backgrounds, policies, now)
    earlier = await load_earlier(db, claimed, backgrounds)
    if rules.calendar:
        contact_ids = {row.contact_id for row in claimed if row.contact_id}
        decisions.known_entries = await calendar_entries.list_known(db, contact_ids)
    for count, row in enumerate(claimed, 1):
        background = backgrounds[row.reminder_id]
        address: str | None = row.address
        if row.notification_id not in decisions.stays_at:
            address = _find_address(row, background, recipients[hearing[row.reminder_id]], now)
        obligations = [item.obligation_id for item in background.items]
        owed = set(select_owed(row.unit_id, row.slot, obligations, withdrawn))
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
            is_released=row.released,
        )
        current = replace(row, address=address or "")
        if decide_one(current, background, facts, rules_of[row.office_id], decisions):
            lately.add(row, background, now)
        if count % _TEXTS_AT_ONCE == 0:
            await asyncio.sleep(0)


def _find_address(
    claimed: Claimed, background: Background, recipients: Sequence[Recipient], now: datetime
) -> str | None:
    """Where a notification goes now; None when its contact's post has no holder any more.

    An address that a person gave goes before the directory's.

    Call it only for a notification that the contact can't have received: after an unknown outcome
    the same address is used again, so that the notification never reaches two people.
    """
    if claimed.own_address:
        return claimed.own_address
    holders = select_holders(recipients, claimed.slot, get_zone(background.timezone), now)
    holder = holders.get(claimed.contact_id) if claimed.contact_id else None
    return holder.get_address(claimed.channel) if holder else None
