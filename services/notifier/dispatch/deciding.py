"""Decides on single claimed notifications: an offer, or what becomes of it without one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from services.notifier.dispatch import gauges
from services.notifier.dispatch.choosing import Choosing, Chosen
from services.notifier.dispatch.offers import ChannelRules, Offer
from services.notifier.dispatch.texts import render
from services.notifier.domain import reporting
from services.notifier.domain.calendar_entries import CalendarEntry, Known, plan_entries
from services.notifier.domain.message import (
    Content,
    Message,
    Notification,
    NotificationState,
    Refusal,
)
from services.notifier.store.backgrounds import Background
from services.notifier.store.claims import Claimed, Withheld
from services.notifier.store.tried import Tried
from shared.logging import log
from shared.messages.holding import ActiveHold, list_shut
from shared.messages.sms import add_reply_hint
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
from shared.messages.wording import clean, is_hearing
from shared.schemas.envelope import Envelope
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Audience


@dataclass(slots=True)
class Decisions:
    """What was decided on a batch of claims at `now`.

    Attributes:
        tried: what became of earlier attempts.
        holds: those that are not released.
        stays_at: the gateway of those that no other gateway may get.
        known_entries: what earlier mails brought into calendars.
        entries: what these mails bring.
    """

    now: datetime
    choosing: Choosing
    tried: Mapping[UUID, Tried]
    holds: Sequence[ActiveHold] = ()
    stays_at: dict[UUID, str] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    events: list[Envelope] = field(default_factory=list)
    known_entries: Known = field(default_factory=dict)
    entries: list[CalendarEntry] = field(default_factory=list)

    def withhold(
        self,
        claimed: Claimed,
        state: NotificationState,
        reason: str,
        *,
        not_before: datetime | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        """Give a notification a state without an offer; by default it is due from its slot on."""
        self.withheld.append(
            Withheld(
                notification_id=claimed.notification_id,
                state=state,
                reason=reason,
                not_before=not_before or claimed.slot,
                failures=claimed.failures,
                retry_at=retry_at,
            )
        )
        if state not in {NotificationState.PENDING, NotificationState.HELD}:
            gauges.ENDED.labels(claimed.channel, state).inc()

    def tell_held(
        self, notification: Notification, reason: str, attempts: int, gateway: str = ""
    ) -> None:
        """Tell that a notification waits until a person or an operator acts."""
        self.events.append(
            reporting.report_held(
                notification, reason, self.now, attempts=attempts, gateway=gateway
            )
        )

    def tell_attempt(
        self, notification: Notification, claimed: Claimed, outcome: str, detail: str
    ) -> None:
        """Tell how the last attempt of a claimed notification ended, which does not end it."""
        self.events.append(
            reporting.report_attempt(
                notification,
                number=claimed.attempts,
                gateway=claimed.offered_to,
                outcome=outcome,
                detail=detail,
                now=self.now,
            )
        )

    def choose_gateway(self, claimed: Claimed, content: Content) -> Chosen | None:
        """The gateway of a message; None when it waits for one."""
        name = claimed.notification_id
        chosen = self.choosing.choose(
            name,
            claimed.address,
            content,
            self.tried.get(name, Tried()),
            self.stays_at.get(name, ""),
            held=list_shut(self.holds, claimed.office_id, claimed.channel),
        )
        if isinstance(chosen, Chosen):
            return chosen
        again = self.choosing.real + chosen.wait
        self.withhold(claimed, NotificationState.PENDING, chosen.reason, retry_at=again)
        return None


def decide_one(
    claimed: Claimed,
    background: Background,
    facts: Facts,
    rules: ChannelRules,
    decisions: Decisions,
) -> bool:
    """Decide on one notification; whether it is offered."""
    now = decisions.now
    notification = make_notification(claimed, background, facts.items or background.items)
    match decide(facts, rules.policy, now):
        case Suppress(reason=reason):
            withdrawn = reason is SuppressReason.WITHDRAWN
            state = NotificationState.WITHDRAWN if withdrawn else NotificationState.SUPPRESSED
            decisions.withhold(claimed, state, reason)
            decisions.events.append(reporting.report_suppressed(notification, reason, now))
            return False
        case Defer(until=until, reason=reason):
            decisions.withhold(claimed, NotificationState.PENDING, reason, not_before=until)
            return False
        case Hold(reason=reason):
            decisions.withhold(claimed, NotificationState.PENDING, reason)
            decisions.tell_held(notification, reason, claimed.attempts)
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
    decisions: Decisions,
    *,
    notification: Notification,
) -> bool:
    """Render a notification and add its offer.

    False when rendering fails, which ends it, and when no gateway takes it now.
    """
    try:
        content = render(claimed, background, facts, rules, decisions.now)
    except Exception as error:  # noqa: BLE001 - one bad text must not stop all others
        _give_up(claimed, notification, decisions, type(error).__name__)
        return False
    chosen = decisions.choose_gateway(claimed, content)
    if chosen is None:
        return False
    if rules.calendar and background.to_unit is None:
        content = _add_entries(claimed, facts, decisions, content)
    message = Message(claimed.notification_id, claimed.address, clean(background.unit), content)
    decisions.choosing.count(message, claimed.attempts + 1, chosen.gateway)
    if chosen.gateway.replies and _can_be_answered(background, facts):
        hinted = replace(content, text=add_reply_hint(content.text))
        message = replace(message, content=hinted)
    decisions.offers.append(
        Offer(
            message=message,
            notification=notification,
            gateway=chosen.gateway.name,
            number=claimed.attempts + 1,
            failures=claimed.failures + claimed.abandoned,
            retrying=claimed.retrying,
            deadline=find_deadline(facts.items, facts.zone, decisions.now),
            started_at=decisions.choosing.real,
            stays=claimed.notification_id in decisions.stays_at,
            elsewhere=chosen.elsewhere,
        )
    )
    return True


def _can_be_answered(background: Background, facts: Facts) -> bool:
    """Whether a reply to a message is plain: it has one item, and of the contact's own unit."""
    return len(facts.items) == 1 and background.to_unit is None and not is_hearing(facts.items[0])


def _add_entries(claimed: Claimed, facts: Facts, decisions: Decisions, content: Content) -> Content:
    """The content of a mail with the due dates that it brings to who does the work."""
    if claimed.contact_id is None or claimed.audience is not Audience.LIAISON:
        return content
    today = decisions.now.astimezone(facts.zone).date()
    like = CalendarEntry(
        contact_id=claimed.contact_id,
        obligation_id=claimed.contact_id,
        office_id=claimed.office_id,
        unit_id=claimed.unit_id,
        notification_id=claimed.notification_id,
        address=claimed.address,
        due_on=today,
        sequence=0,
        summary="",
    )
    entries = tuple(plan_entries(like, facts.items, decisions.known_entries, today))
    decisions.entries += entries
    return replace(content, calendar=entries)


def _give_up(
    claimed: Claimed, notification: Notification, decisions: Decisions, error: str
) -> None:
    """End a notification that can't be rendered. Call it while its exception is handled."""
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
            detail=error,
            now=decisions.now,
        )
    )


def make_notification(
    claimed: Claimed, background: Background, items: Sequence[ReminderItem]
) -> Notification:
    """A claimed notification as its events describe it, about these items."""
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
        reopened=claimed.reopened,
        traceparent=background.traceparent,
    )
