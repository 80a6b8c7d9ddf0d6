"""What notifications are decided on and rendered with: their reminders, and the names of units."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Text, Uuid, any_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.store.reminders import ITEMS
from services.notifier.store.tables import REMINDERS, UNITS
from shared.rules.book import How
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Channel

_R, _U = REMINDERS.c, UNITS.c
_IDS = any_(bindparam("ids", type_=ARRAY(Uuid)))


@dataclass(frozen=True, slots=True)
class Background:
    """A reminder's content, with the names of its unit and office.

    `how` and `to_unit` are as in `ReminderDue`; `told_unit` is the name of the unit that hears it;
    `traceparent` is as in `Notification`.
    """

    plan_title: str
    timezone: str
    items: tuple[ReminderItem, ...]
    correlation_id: UUID
    unit: str
    office: str
    rule_id: str
    how: How | None
    channels: tuple[Channel, ...]
    to_unit: UUID | None
    told_unit: str
    traceparent: str = ""


_TOLD = UNITS.alias("told")
_BACKGROUNDS = (
    select(
        _R.reminder_id,
        _R.plan_title,
        _R.timezone,
        cast(_R["items"], Text).label("items"),
        _R.correlation_id,
        _U.name,
        _U.office_name,
        _R.rule_id,
        _R.how,
        _R.channels,
        _R.to_unit,
        _TOLD.c.name.label("told_unit"),
        _R.traceparent,
    )
    .join_from(REMINDERS, UNITS, _U.unit_id == _R.unit_id)
    .join(_TOLD, _TOLD.c.unit_id == func.coalesce(_R.to_unit, _R.unit_id))
    .where(_R.reminder_id == _IDS)
)


async def get_backgrounds(
    db: AsyncConnection, reminder_ids: Iterable[UUID]
) -> dict[UUID, Background]:
    """The content of reminders, by reminder."""
    return {
        row.reminder_id: Background(
            plan_title=row.plan_title,
            timezone=row.timezone,
            items=ITEMS.validate_json(row.items),
            correlation_id=row.correlation_id,
            unit=row.name,
            office=row.office_name,
            rule_id=row.rule_id,
            how=None if row.how is None else How.model_validate(row.how),
            channels=tuple(map(Channel, row.channels)),
            to_unit=row.to_unit,
            told_unit=row.told_unit,
            traceparent=row.traceparent or "",
        )
        for row in await db.execute(_BACKGROUNDS, {"ids": list(set(reminder_ids))})
    }
