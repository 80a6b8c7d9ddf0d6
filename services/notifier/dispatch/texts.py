"""Renders the text of a claimed notification, with the contact's way into the portal."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import assert_never

from prometheus_client import Counter

from services.notifier.dispatch.offers import ChannelRules
from services.notifier.domain.message import Content
from services.notifier.domain.portal import Guest, Portal
from services.notifier.rendering.mail import render_mail
from services.notifier.rendering.own import render_own_digest
from services.notifier.rendering.sms import render_sms
from services.notifier.store.backgrounds import Background
from services.notifier.store.claims import Claimed
from services.notifier.store.templates import OwnTemplate
from shared.logging import log
from shared.messages.stages import Facts
from shared.messages.templates.rendering import can_tell_others
from shared.messages.templates.sandbox import TemplateError
from shared.messages.wording import Digest, Door
from shared.rules.book import How
from shared.schemas.rules import Channel
from shared.schemas.templates import STANDARD

_FAILED = Counter(
    "cuiban_template_failures",
    "Messages for which an office's template gave no text, so that the built-in one was used",
    ["kind"],
)


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
    own = find_template(rules.templates, background.how)
    if own and background.to_unit and not can_tell_others(own.kind, own.parts):
        own = None
    if own is not None:
        content = render_own(
            own, partial(render_own_digest, own.kind, own.parts, digest, rules.signature)
        )
        if content is not None:
            return content
    match claimed.channel:
        case Channel.EMAIL:
            return render_mail(digest)
        case Channel.SMS:
            return render_sms(digest, rules.signature)
        case Channel.WECOM | Channel.DINGTALK | Channel.FEISHU:
            return render_mail(digest)
        case _:
            assert_never(claimed.channel)


def find_template(
    templates: Mapping[str, OwnTemplate], how: How | None = None
) -> OwnTemplate | None:
    """The template of a rule, or else the office's usual one; None for the built-in one."""
    named = templates.get(how.template) if how is not None and how.template else None
    return named or templates.get(STANDARD)


def render_own(own: OwnTemplate, run: Callable[[], Content]) -> Content | None:
    """The text by an office's template; None when it gives none, which is logged and counted.

    The built-in template is used then: no message is lost to a template.
    """
    try:
        return run()
    except TemplateError as error:
        _FAILED.labels(own.kind.value).inc()
        log(__name__).error(
            "template.failed",
            office_id=str(own.office_id),
            kind=own.kind.value,
            template=own.name,
            version=own.number,
            line=error.line,
            error=str(error)[:300],
        )
        return None


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
