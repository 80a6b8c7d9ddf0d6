"""The rules of a channel, as each office set them."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.dispatch.offers import ChannelRules
from services.notifier.store import offices
from shared.messages.limits import apply_settings
from shared.schemas.office import OfficeSettings


async def load_office_rules(
    db: AsyncConnection, rules: ChannelRules, office_ids: Collection[UUID]
) -> dict[UUID, ChannelRules]:
    """The rules of each office: its own settings before those of the installation."""
    settings = await offices.get_settings(db, office_ids)
    return {office_id: _make_own(rules, settings.get(office_id)) for office_id in office_ids}


def _make_own(rules: ChannelRules, settings: OfficeSettings | None) -> ChannelRules:
    if settings is None:
        return rules
    policy = apply_settings(rules.policy, settings)
    return replace(rules, policy=policy, signature=settings.signature or rules.signature)
