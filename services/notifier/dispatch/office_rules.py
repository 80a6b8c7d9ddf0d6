"""The rules of a channel, as each office set them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.dispatch.offers import ChannelRules
from services.notifier.rendering.own import KIND_OF
from services.notifier.store import offices
from services.notifier.store.templates import OwnTemplate, list_templates
from shared.messages.limits import apply_settings
from shared.schemas.office import OfficeSettings


async def load_office_rules(
    db: AsyncConnection, rules: ChannelRules, office_ids: Collection[UUID]
) -> dict[UUID, ChannelRules]:
    """The rules of each office: what it set itself before what the installation has."""
    settings = await offices.get_settings(db, office_ids)
    templates: defaultdict[UUID, dict[str, OwnTemplate]] = defaultdict(dict)
    for each in await list_templates(db, office_ids, KIND_OF[rules.channel]):
        templates[each.office_id][each.name] = each
    return {
        office_id: _make_own(rules, settings.get(office_id), templates.get(office_id, {}))
        for office_id in office_ids
    }


def _make_own(
    rules: ChannelRules, settings: OfficeSettings | None, templates: Mapping[str, OwnTemplate]
) -> ChannelRules:
    if templates:
        rules = replace(rules, templates=templates)
    if settings is None:
        return rules
    policy = apply_settings(rules.policy, settings)
    return replace(rules, policy=policy, signature=settings.signature or rules.signature)
