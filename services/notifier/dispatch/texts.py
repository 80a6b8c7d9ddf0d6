"""Renders the text of a claimed notification, with the contact's way into the portal."""

from datetime import datetime
from typing import assert_never

from services.notifier.dispatch.offers import ChannelRules
from services.notifier.domain.message import Content
from services.notifier.domain.portal import Guest, Portal
from services.notifier.rendering.mail import render_mail
from services.notifier.rendering.sms import render_sms
from services.notifier.store.claims import Background, Claimed
from shared.messages.stages import Facts
from shared.messages.wording import Digest, Door
from shared.schemas.rules import Channel


def render(
    claimed: Claimed, background: Background, facts: Facts, rules: ChannelRules, now: datetime
) -> Content:
    """The text of a notification on its channel."""
    digest = Digest(
        office=background.office,
        unit=background.unit,
        told_unit=background.told_unit if background.to_unit else "",
        audience=claimed.audience,
        plan_title=background.plan_title,
        items=facts.items,
        slot_day=claimed.slot.astimezone(facts.zone).date(),
        today=now.astimezone(facts.zone).date(),
        door=None if background.to_unit else _make_door(claimed, facts, rules.portal),
    )
    match claimed.channel:
        case Channel.EMAIL:
            return render_mail(digest)
        case Channel.SMS:
            return render_sms(digest, rules.signature)
        case Channel.WECOM | Channel.DINGTALK | Channel.FEISHU:
            return render_mail(digest)
        case _:
            assert_never(claimed.channel)


def _make_door(claimed: Claimed, facts: Facts, portal: Portal | None) -> Door | None:
    """The contact's way into the portal; the same each time that the notification is rendered."""
    if portal is None or claimed.contact_id is None:
        return None
    guest = Guest(claimed.office_id, claimed.unit_id, claimed.contact_id, claimed.address)
    match claimed.channel:
        case Channel.EMAIL:
            return portal.make_link(guest, claimed.notification_id, claimed.slot, facts.zone)
        case Channel.SMS:
            return portal.make_code(guest, claimed.slot, facts.zone)
        case Channel.WECOM | Channel.DINGTALK | Channel.FEISHU:
            return None  # others of the group read it too
        case _:
            assert_never(claimed.channel)
